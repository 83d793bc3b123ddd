//! What this study gives to the engine: stage name -> program, command name -> command.

use pipeline::study::Study;

pub static STUDY: Study = Study {
    name: "retrial",
    about: "Puts machine-learning claims on trial",
    version: env!("CARGO_PKG_VERSION"),
    programs: &[],
    commands: &[],
    code: &pipeline::code::CodeMap::EMPTY,
    conclusion: |_, _| None,
};
