//! baseline: the optimiser follows the gradient of the cross-entropy as it is. What every other method is compared with.

use super::method::{Entry, Method, Step};

/// Its row in the table of methods.
pub const ENTRY: Entry = Entry { name: "baseline", hyperparameters: &[], make: |_, _| Ok(Box::new(Baseline)) };

struct Baseline;

impl Method for Baseline {
    fn adjust(&mut self, _: &Step<'_>, _: &mut [f32]) -> f64 {
        0.0
    }
}
