//! Embeds what code each stage program is made of, for the keys of native stages.

fn main() -> Result<(), pipeline_build::Error> {
    let rules = pipeline_build::Rules {
        // The tables: a stage names the rows that it uses, so that a new row leaves the stages of the others alone.
        dispatch: &["methods", "protocols", "programs"],
        // It turns a stage's command into arguments, and the command is in the key.
        silent: &["clap"],
    };
    pipeline_build::emit("src/lib.rs", &rules)
}
