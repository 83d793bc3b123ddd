//! Linear interpolation between evenly spaced points, as SciPy's `interp1d` does it.

/// `np.linspace(first, last, count)`.
pub(super) fn linspace(first: f64, last: f64, count: usize) -> Vec<f64> {
    let step = (last - first) / (count.max(2) - 1) as f64;
    let mut values: Vec<f64> = (0..count).map(|i| i as f64 * step + first).collect();
    if let [_, .., end] = &mut values[..] {
        *end = last;
    }
    values
}

/// From a function's values at some evenly spaced points to its values at others over the same range.
pub(super) struct Interpolation(Vec<Target>);

/// A point to interpolate at.
struct Target {
    /// The last source point that is not to the right.
    source: usize,
    /// How far this point lies to the right of that one, and how far the one after does. Only the former is set at the
    /// source's end.
    offset: f64,
    gap: f64,
}

impl Interpolation {
    pub(super) fn new(sources: usize, targets: usize) -> Self {
        let from = linspace(0.0, 1.0, sources);
        let targets = linspace(0.0, 1.0, targets).into_iter().map(|position| {
            let source = from.partition_point(|source| *source <= position) - 1;
            let gap = from.get(source + 1).map_or(0.0, |next| next - from[source]);
            Target { source, offset: position - from[source], gap }
        });
        Self(targets.collect())
    }

    /// `from` may be longer than the sources that this was made for; the rest is not looked at.
    pub(super) fn apply(&self, from: &[f64], to: &mut [f64]) {
        for (value, target) in to.iter_mut().zip(&self.0) {
            let left = from[target.source];
            *value = if target.offset == 0.0 {
                left
            } else {
                (from[target.source + 1] - left) / target.gap * target.offset + left
            };
        }
    }
}
