//! The engine, by running the real binary in temporary git repositories.

mod bad_input;
mod dialect;
mod dvc;
mod invalidation;
mod kill;
mod project;
mod store;
mod study;
mod verify;
