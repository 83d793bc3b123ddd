//! The engine of retrial, in reading order: from dvc.yaml to a finished, cached, bit-exact run.
//!
//! It knows nothing of machine learning. A study hands it native stage programs ([`study::Study`]); any other command
//! works as well.

// What there is
pub mod path; // paths inside a repository
pub mod config; // retrial.yaml: how the engine keeps a study
pub mod manifest; // dvc.yaml, params.yaml -> typed, located stages
pub mod shell; // the simple commands of a line
pub mod study; // what a study brings
pub mod code; // what code a native stage is made of

// What is to be done
pub mod graph; // stages -> who waits for whom
pub mod digest; // files and folders -> digests
pub mod fingerprint; // a stage and what it reads -> its key
pub mod store; // objects and run records
pub mod lockfile; // dvc.lock
pub mod adopt; // what dvc.lock vouches for, where no run is on record
pub mod plan; // what must run, what is restored, what is fresh
pub mod reason; // and why

// Doing it
pub mod machine; // what stages share: cores, memory, GPUs
pub mod provenance; // which commit and machine made a run
pub mod execute; // makes it true
pub mod events; // what happens meanwhile, as data
pub mod progress; // draws it
pub mod watch; // until something that it rests on changes

// Looking back
pub mod history; // what the study was at a commit
pub mod lineage; // from a file back to raw data and commits
pub mod checkout; // brings a commit's outputs back

pub mod error; // what can go wrong
pub mod cli; // one file a command
