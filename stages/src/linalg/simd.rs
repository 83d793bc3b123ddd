//! Loops over elements, compiled for several instruction sets; the processor picks one at run time.
//!
//! Each version does the same operations in the same order: Rust neither fuses a multiplication with an addition nor
//! reorders a sum unless it is written so. So the choice is not seen in any result.

use pulp::{Arch, NullaryFnOnce};

/// Runs `body` in the version for this processor. Give it as `#[inline(always)] || …`, and call in it only what is
/// inlined too: other functions are compiled for the oldest processor.
#[inline(always)]
pub fn vectorised<R>(body: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(Body(body))
}

struct Body<F>(F);

impl<R, F: FnOnce() -> R> NullaryFnOnce for Body<F> {
    type Output = R;

    #[inline(always)]
    fn call(self) -> R {
        (self.0)()
    }
}
