//! The study that retrial ships: from noise to a verdict.
