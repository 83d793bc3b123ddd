//! How a verdict is reached, for a reader who has never seen one.

use maud::{Markup, html};

use super::words::{badge, count};
use crate::claims::numbers::{list, percent};
use crate::claims::verdict::{Verdict, Verdicts};

pub fn rules(verdicts: &Verdicts) -> Markup {
    let all = verdicts.claims.iter().flat_map(|claim| &claim.protocols);
    let comparisons = all.filter(|under| under.evidence.is_some()).count();
    let mut levels: Vec<f64> = verdicts.claims.iter().map(|claim| claim.alpha).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let levels: Vec<String> = levels.into_iter().map(percent).collect();
    html! {
        section.rules aria-labelledby="_rules" {
            h2 id="_rules" { "How a verdict is reached" }
            p {
                "Both methods of a comparison run with the same seeds, and the difference is taken seed by seed. Its mean "
                "has an interval (Student's t). Where hyper-parameters were tuned several times, seeds that share a tuning are one "
                "answer: the difference is then taken tuning by tuning. The claim's file says which direction is claimed, "
                "which differences would not matter (the margin), and the level α (here " (list(&levels)) ")."
            }
            dl {
                dt { (badge(Verdict::NoDifference)) }
                dd { "Two one-sided t-tests show that the difference lies within the margin. This is looked at first." }
                dt { (badge(Verdict::Supported)) }
                dd { "The paired t-test shows a difference in the direction that is claimed." }
                dt { (badge(Verdict::Contradicted)) }
                dd { "It shows a difference in the other direction." }
                dt { (badge(Verdict::Undecided)) }
                dd { "Neither is shown. The report says how many further seeds, or tunings, would probably settle it." }
                dt { (badge(Verdict::Untestable)) }
                dd { "A number that the test needs does not exist. The report names it." }
            }
            p {
                "The t-tests of all claims under all protocols (here " (count(comparisons, "comparison")) ") are corrected "
                "together by Holm's method. Controls are judged by the same rule without that correction. A published "
                "number counts as reproduced if it lies in our 95 % prediction interval: where one further run of ours "
                "would lie."
            }
        }
    }
}
