//! The order that NumPy's portable `argsort` puts floats into: where values are equal it is its own, and it decides
//! which of equal observations gets which bandwidth.

/// Ranges of at most this many are sorted by insertion.
const SMALL: usize = 16;

/// The indices of `values` from the least value to the greatest: quicksort with the median of three, which goes on with
/// the smaller part, and insertion sort for short ranges. None may be NaN.
pub(super) fn argsort(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let mut waiting = vec![(0, values.len())];
    while let Some((start, end)) = waiting.pop() {
        let (mut start, mut end) = (start, end);
        while end - start > SMALL {
            let middle = partition(values, &mut order[start..end]) + start;
            // The pivot stands where it belongs.
            if middle - start < end - 1 - middle {
                waiting.push((middle + 1, end));
                end = middle;
            } else {
                waiting.push((start, middle));
                start = middle + 1;
            }
        }
        insertion(values, &mut order[start..end]);
    }
    order
}

/// Parts the indices of smaller values from those of greater ones; returns where the pivot between them stands.
fn partition(values: &[f64], order: &mut [usize]) -> usize {
    let last = order.len() - 1;
    let middle = last / 2;
    for (left, right) in [(0, middle), (middle, last), (0, middle)] {
        if values[order[right]] < values[order[left]] {
            order.swap(left, right);
        }
    }
    let pivot = values[order[middle]];
    order.swap(middle, last - 1);
    let (mut i, mut j) = (0, last - 1);
    // The outer two bound both walks: neither is beyond the pivot.
    loop {
        i += 1;
        while values[order[i]] < pivot {
            i += 1;
        }
        j -= 1;
        while pivot < values[order[j]] {
            j -= 1;
        }
        if i >= j {
            break;
        }
        order.swap(i, j);
    }
    order.swap(i, last - 1);
    i
}

fn insertion(values: &[f64], order: &mut [usize]) {
    for sorted in 1..order.len() {
        let index = order[sorted];
        let mut at = sorted;
        while at > 0 && values[index] < values[order[at - 1]] {
            order[at] = order[at - 1];
            at -= 1;
        }
        order[at] = index;
    }
}
