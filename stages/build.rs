//! Embeds what code each stage program is made of, for the keys of native stages.

fn main() -> Result<(), pipeline_build::Error> {
    // The tables: a stage names the rows that it uses, so that a new row leaves the stages of the others alone.
    pipeline_build::emit("src/lib.rs", &["methods", "protocols", "programs"])
}
