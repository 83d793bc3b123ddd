//! What `retrial train lowrank` shows a person.

use std::fmt::Write as _;

use crate::lowrank::by_hand::Run;

/// Column heads and metrics.
const COLUMNS: [(&str, &str); 8] = [
    ("train loss", "train_loss"),
    ("test loss", "test_loss"),
    ("|W|", "operator_norm"),
    ("sigma 1", "sigma_1"),
    ("sigma 2", "sigma_2"),
    ("top 2", "top2_share"),
    ("along q", "data_alignment"),
    ("residue", "residue_alignment"),
];

/// Every epoch, and how it ended.
pub fn tables(run: &Run) -> String {
    let values: Vec<String> = run.hp.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let mut text = format!(
        "{} {} ({}), seed {}: {}\n\nepoch",
        run.experiment,
        run.method,
        run.protocol,
        run.seed,
        values.join(", ")
    );
    for (head, _) in COLUMNS {
        let _ = write!(text, "  {head:>10}");
    }
    text.push('\n');
    for epoch in 0..run.epochs {
        let _ = write!(text, "{epoch:5}");
        for (_, metric) in COLUMNS {
            let value = run.series.get(metric).and_then(|series| series.get(epoch));
            let _ = write!(text, "  {:10.5}", value.copied().unwrap_or(f64::NAN));
        }
        text.push('\n');
    }
    text.push('\n');
    for (what, metric) in [
        ("train loss before the last step", "train_loss"),
        ("test loss", "test_loss"),
        ("test loss as the source takes it, of all pairs", "test_loss_as_run"),
        ("operator norm of W", "operator_norm"),
        ("test loss after the refit", "final_test_loss"),
        ("test loss after the refit, as the source takes it", "final_test_loss_as_run"),
    ] {
        if let Some(value) = run.scores.get(metric) {
            let _ = writeln!(text, "{what}: {value:.6}");
        }
    }
    let per_epoch = 1e3 * run.seconds / run.epochs.max(1) as f64;
    let _ = writeln!(text, "\n{} epochs in {:.2} s, {per_epoch:.1} ms each", run.epochs, run.seconds);
    text
}
