//! Names of metrics as people read them, with their units.

/// The axis label of a metric: `val_loss` is "validation loss (nats)". Unknown metrics keep their name.
pub fn metric(name: &str) -> String {
    match unit(name) {
        "" => bare_metric(name),
        unit => format!("{} ({unit})", bare_metric(name)),
    }
}

/// The same without the unit.
pub fn bare_metric(name: &str) -> String {
    if let Some((_, words)) = OF_GRADIENTS.iter().find(|(metric, _)| *metric == name) {
        return (*words).to_owned();
    }
    let (part, quantity) = name.split_once('_').unwrap_or(("", name));
    let part = match part {
        "val" => "validation",
        "train" => "training",
        "test" => "test",
        _ => return name.to_owned(),
    };
    format!("{part} {quantity}")
}

/// What is observed of a gradient; cosines and shares have no unit.
const OF_GRADIENTS: [(&str, &str); 4] = [
    ("top2_share", "share of two singular values"),
    ("residue_alignment", "alignment with the residue"),
    ("data_alignment", "alignment with the data"),
    ("drift", "drift of the direction"),
];

/// The unit of a metric's values: cross-entropy with natural logarithms is in nats, accuracies are fractions.
pub fn unit(metric: &str) -> &'static str {
    match metric {
        "val_loss" | "train_loss" | "test_loss" => "nats",
        _ => "",
    }
}

/// A metric in as few words as tell it from the others: for names of rows.
pub fn short(metric: &str) -> String {
    bare_metric(metric).trim_start_matches("alignment with the ").to_owned()
}
