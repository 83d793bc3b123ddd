//! baseline: the optimiser follows the gradient of the cross-entropy as it is. What every other method is compared with.

use super::method::{Entry, Method};

/// Its row in the table of methods.
pub const ENTRY: Entry = Entry { name: "baseline", hyperparameters: &[], make: |_, _| Ok(Box::new(Baseline)) };

struct Baseline;

impl Method for Baseline {}
