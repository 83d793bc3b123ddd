//! Differences without spread, shares that are none, and runs of a claim that has no answer in them.

use super::*;

fn constant(seeds: u64, difference: f64) -> Vec<Observation> {
    let value = |method: &str| if method == "b" { 0.5 + difference } else { 0.5 };
    let rows = ["a", "b"].into_iter().flat_map(|method| (0..seeds).map(move |seed| (method, seed)));
    rows.map(|(method, seed)| row("as-run", method, seed, 1, "val_loss", value(method))).collect()
}

#[test]
fn equal_differences_are_no_more_than_their_signs() {
    let of = |seeds, difference| judge(&simple("lower"), &constant(seeds, difference)).unwrap();
    // Two seeds that happen to differ by the same number of rows decide nothing: p = 2/2².
    let two = of(2, 0.1);
    assert_eq!((only(&two).verdict, evidence(&two).p_t), (Verdict::Undecided, 0.5));
    let six = of(6, 0.1);
    assert_eq!((only(&six).verdict, evidence(&six).p_t), (Verdict::Supported, 2.0 / 64.0));
    // Nor do equal values show that there is no difference, until there are five of them: 1/2⁵ against each side.
    assert_eq!(only(&of(2, 0.0)).verdict, Verdict::Undecided);
    assert_eq!(only(&of(5, 0.0)).verdict, Verdict::NoDifference);
    assert_eq!(evidence(&of(5, 0.0)).p_t, 1.0);
}
