//! Claim files -> verdicts.
//!
//! [`read`] takes in claims of the shape of [`schema`], [`judge`] holds them against the tables, and [`verdict`] is the
//! shape of the answer.

// What is claimed
pub mod read; // claim files, checked, with lines for errors
pub mod schema; // a claim file's shape
mod written; // a claim as its file has it, and what it means
pub mod side; // one side of a comparison
pub mod at; // when a run's value is taken
mod fields; // numbers within bounds
pub mod criterion; // what decides a verdict, as a digest
pub mod amended; // criteria that were changed after results existed

// What the tables say
pub mod compare; // two methods in any table, without a claim file
mod evidence; // the statistics of one paired comparison
mod noise; // what a finite test part can show
mod tunings; // what hangs on the luck of tuning
pub mod predicted; // tables of predictions, looked up by run and epoch
pub mod judge; // evidence -> verdicts, over all claims of a study
pub(crate) mod runs; // the tables, looked up by run and epoch
pub mod spread; // what a single run leaves open

mod anytime; // judged so that it may be looked at after every seed
pub mod further; // the next seeds of what is undecided
mod court; // the judgement itself, tried with known truths

// The answer
pub mod numbers; // numbers as people read them
mod sentences; // verdicts in words
pub mod verdict; // the answer's shape
pub mod metrics; // a few numbers of each
