//! The study that retrial ships, in reading order: from noise to a verdict.
//!
//! Nothing here knows of cache, git or terminal: only the binary (`main.rs` and `registry.rs`) names the engine.

pub mod random; // PyTorch's and NumPy's random streams, bit for bit
pub mod linalg; // SVD pieces with their derivatives
pub mod data; // data sets: made, written, read
pub mod nn; // networks, loss and optimiser over flat buffers
pub mod methods; // one file a method under test
pub mod train; // one training run: data, method, hyper-parameters, seed -> curves and scores
pub mod device; // a block of runs as one computation, on a GPU
pub mod search; // hyper-parameter search: spaces, Optuna's samplers and pruner, studies and their journals
pub mod side_by_side; // runs of one stage, on the threads that are free
pub mod seeds; // lists of seeds, as stages and params.yaml write them
pub mod blocks; // lists of seeds in blocks, a block a stage
pub mod protocols; // as-run, as-stated, controlled: how an experiment is split, tuned and scored
pub mod lowrank; // the experiment that watches where a two-layer network's gradient points
pub mod table; // tidy tables of results, one observation a row
pub mod predictions; // tables of predictions, row by row of the test part
pub mod statistics; // intervals, tests, effect sizes, corrections
pub mod claims; // claim files -> verdicts
pub mod checks; // what can be said without training; budget curves
pub mod plots; // one file a figure
pub mod report; // the page and the summary
pub mod export; // the results in other tools' formats

pub mod names; // names as parts of paths
pub mod pairwise; // sums in NumPy's order
pub mod artifact; // files that stages write: whole or not at all, same bytes every time
pub mod parameters; // the parameters that a stage declared
pub mod doctor; // whether this machine, and a device of it, compute what they should
pub mod programs; // one file a stage program, as dvc.yaml calls it
pub mod cli; // the study's own commands
