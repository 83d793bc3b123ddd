//! NumPy's `partition`, swap for swap.
//!
//! A trimmed mean needs only to know which values are in the middle, but the order in which selection leaves them is the
//! order in which they are summed, and the last bit of the sum decides whether a replicate of the bootstrap ties with
//! the observed value. Following NumPy's order is what makes our intervals equal to SciPy's.

/// Moves the values so that at each index of `kth` (ascending) stands what sorting would put there, with no greater
/// value before and no lesser one behind. Values must not be NaN.
pub(super) fn partition(v: &mut [f64], kth: &[usize]) {
    let mut pivots = Vec::new();
    for &kth in kth {
        if kth < v.len() {
            select(v, kth, &mut pivots);
        }
    }
}

/// Introselect. `pivots` remembers, as a stack, indices above the last selection that are already in place.
///
/// NumPy picks other pivots once 2·log₂ n rounds have not sufficed; here the rule of three goes on, to the same values.
fn select(v: &mut [f64], kth: usize, pivots: &mut Vec<usize>) {
    let (mut low, mut high) = (0, v.len() - 1);
    while let Some(&pivot) = pivots.last() {
        if pivot == kth {
            return;
        }
        if pivot > kth {
            high = pivot - 1;
            break;
        }
        low = pivot + 1;
        pivots.pop();
    }
    if kth - low < 3 {
        select_smallest(&mut v[low..=high], kth - low + 1);
        pivots.push(kth);
        return;
    }
    while low + 1 < high {
        median_of_three_to_low(v, low, high);
        let pivot = v[low];
        // The three that were ordered stop both scans before the ends.
        let (mut up, mut down) = (low + 1, high);
        loop {
            up += 1;
            while v[up] < pivot {
                up += 1;
            }
            down -= 1;
            while pivot < v[down] {
                down -= 1;
            }
            if down < up {
                break;
            }
            v.swap(up, down);
        }
        v.swap(low, down);
        if down > kth {
            pivots.push(down);
        }
        if down >= kth {
            high = down - 1;
        }
        if down <= kth {
            low = up;
        }
    }
    if high == low + 1 && v[high] < v[low] {
        v.swap(high, low);
    }
    pivots.push(kth);
}

/// Puts the `count` smallest values first, in order, by selection sort.
fn select_smallest(v: &mut [f64], count: usize) {
    for first in 0..count {
        let mut smallest = first;
        for index in first + 1..v.len() {
            if v[index] < v[smallest] {
                smallest = index;
            }
        }
        v.swap(first, smallest);
    }
}

/// Of the first, middle and last value: the median goes to `low`, the least behind it, the greatest to `high`.
fn median_of_three_to_low(v: &mut [f64], low: usize, high: usize) {
    let middle = low + (high - low) / 2;
    if v[high] < v[middle] {
        v.swap(high, middle);
    }
    if v[high] < v[low] {
        v.swap(high, low);
    }
    if v[low] < v[middle] {
        v.swap(low, middle);
    }
    v.swap(middle, low + 1);
}
