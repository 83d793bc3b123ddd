//! Singular value pieces with their derivatives, on one thread.
//!
//! `product` multiplies matrices; `polar` gives the nuclear norm and the polar factor, which is its derivative, and
//! leaves what its fast way does not reach to `jacobi`; `correlation` sums the squared correlations of columns; `simd`
//! compiles loops for the processor at hand.

pub mod correlation;
pub mod jacobi;
pub mod polar;
pub mod product;
pub mod simd;
