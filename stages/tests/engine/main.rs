//! The engine, by running the real binary in temporary git repositories.

mod adopt;
mod amended;
mod bad_input;
mod code;
mod config;
mod corpus;
mod dialect;
mod doctor;
mod dvc;
mod faults;
mod files;
mod history;
mod invalidation;
mod kill;
mod lock;
mod newcomer;
mod project;
mod python;
mod records;
mod running;
mod seeds;
mod store;
mod study;
mod train;
mod until_decided;
mod verify;
