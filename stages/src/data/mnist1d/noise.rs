//! The filter that makes white noise correlated: SciPy's `gaussian_filter(noise, sigma=2)`.

/// How far the filter looks to either side: four standard deviations.
pub(super) const REACH: usize = 8;

/// The weights at distances 0 to 8: exp(-k²/8), scaled to sum to 1 over both sides.
///
/// Constants rather than calls of `exp`: the one at distance 1 ends in …982 with the `exp` that NumPy uses on processors
/// with AVX-512 and in …983 with others, and that unit is all that tells data sets made on the two apart.
const WEIGHTS: [f64; REACH + 1] = [
    0.199474647864745,
    0.17603575888479034,
    0.12098748976534904,
    0.06475993660472744,
    0.026995957967298846,
    0.00876430436278587,
    0.002215963172596555,
    0.0004363490205067883,
    6.691628957263553e-05,
];

/// Filters the noise that lies in `noise` behind and before a margin of [`REACH`] points, into `out`.
///
/// The margins are written: they mirror the noise, its ends repeated, so that the filter meets no edge. There must be at
/// least `REACH` points of noise.
pub(super) fn smoothed(noise: &mut [f64], out: &mut [f64]) {
    let points = out.len();
    for i in 0..REACH {
        noise[REACH - 1 - i] = noise[REACH + i];
        noise[REACH + points + i] = noise[REACH + points - 1 - i];
    }
    // Tap by tap over all points, which vectorises; each point still adds its taps from the outermost in, as SciPy does.
    for (value, centre) in out.iter_mut().zip(&noise[REACH..]) {
        *value = centre * WEIGHTS[0];
    }
    for distance in (1..=REACH).rev() {
        let left = &noise[REACH - distance..];
        let right = &noise[REACH + distance..];
        for ((value, left), right) in out.iter_mut().zip(left).zip(right) {
            *value += (left + right) * WEIGHTS[distance];
        }
    }
}
