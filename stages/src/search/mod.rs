//! Hyper-parameter search: a study asks a sampler for trials within a space, and is told how they went.

pub mod sampler;
pub mod space;
pub mod study;

mod number;
