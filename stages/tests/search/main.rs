//! Search: Optuna's suggestions, its files, and the commands that look into them.

mod commands;
mod goldens;
mod importance;
mod journal;
mod live;
#[path = "../engine/project.rs"]
#[allow(dead_code)]
mod project;
mod reference;
mod resume;
mod spaces;

use stages::search::elementary::Elementary;
