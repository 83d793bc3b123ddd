//! Singular value pieces with their derivatives, on one thread.
//!
//! `product` multiplies matrices; `polar` gives the nuclear norm and the polar factor, which is its derivative, and
//! leaves what its fast way does not reach to `jacobi`; `sparse` multiplies by what ReLU left, `panel` by panel; `correlation` sums the squared correlations of columns; `simd`
//! compiles loops for the processor at hand.
//!
//! Leading singular vectors come from `spectrum`, the largest eigenvalues and eigenvectors of a symmetric matrix (`gram`
//! makes it of single precision matrices): it makes the matrix `tridiagonal`, counts eigenvalues (`sturm`) and solves
//! `shifted` systems, all in `lanes`. `subspace`, `alignment` and `truncation` are what the methods take from it.
//!
//! For large matrices: `leading` follows the leading singular values of one that changes step by step, and `angles` are
//! the principal angles between two column spaces, through the complement of each (by `elimination`, and by reflections in
//! `complement`) and all singular values of what these share (`bidiagonal`).

pub mod alignment;
pub mod angles;
pub mod bidiagonal;
pub mod complement;
pub mod correlation;
pub mod elimination;
pub mod gram;
pub mod jacobi;
pub mod lanes;
pub mod leading;
pub mod panel;
pub mod polar;
pub mod product;
pub mod shifted;
pub mod simd;
pub mod sparse;
pub mod spectrum;
pub mod sturm;
pub mod subspace;
pub mod tridiagonal;
pub mod truncation;
