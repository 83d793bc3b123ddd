//! Names of metrics as people read them, with their units.

/// The axis label of a metric: `val_loss` is "validation loss (nats)". Unknown metrics keep their name.
pub fn metric(name: &str) -> String {
    let (part, quantity) = name.split_once('_').unwrap_or(("", name));
    let part = match part {
        "val" => "validation",
        "train" => "training",
        "test" => "test",
        _ => return name.to_owned(),
    };
    match unit(name) {
        "" => format!("{part} {quantity}"),
        unit => format!("{part} {quantity} ({unit})"),
    }
}

/// The unit of a metric's values: cross-entropy with natural logarithms is in nats, accuracies are fractions.
pub fn unit(metric: &str) -> &'static str {
    if metric.ends_with("_loss") { "nats" } else { "" }
}
