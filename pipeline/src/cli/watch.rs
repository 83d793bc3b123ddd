//! `repro --watch`: makes everything true, and again whenever something that it reads changes.

use std::process::ExitCode;

use super::repro::{self, Repro};
use super::{Context, coloured, interruptions};
use crate::error::Error;
use crate::progress::{Colour, Lines};
use crate::watch::{Inputs, Watch};

/// How many changes are named.
const MOST: usize = 3;

/// Ends with 0 when the user stops it between two runs, and as an interrupted run does (130) when one is cut short.
pub(super) fn run(context: &Context, arguments: &Repro) -> Result<ExitCode, Error> {
    let mut lines = Lines::new(std::io::stderr(), coloured(&std::io::stderr()));
    let mut signals = Some(interruptions()?);
    let wrong = |error: crate::watch::WatchError| Error::State(error.to_string());
    let mut watch = Watch::new(&context.root).map_err(wrong)?;
    let mut inputs = Inputs::default();
    loop {
        inputs = match repro::wanted(context, arguments) {
            Ok((graph, wanted)) => Inputs::of(&graph, &wanted),
            // The run says what is wrong.
            Err(_) => Inputs::unknown(inputs, &context.here),
        };
        // Before the run, so that what changes meanwhile is not missed.
        watch.look_at(&inputs).map_err(wrong)?;
        if let Err(error) = repro::once(context, arguments.clone(), &mut signals) {
            if matches!(error, Error::Interrupted) {
                return Err(error);
            }
            lines.line("Failed", Colour::Red, &error.to_string());
        }
        let Some([asked, _]) = &signals else { return Ok(ExitCode::SUCCESS) };
        if asked.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(ExitCode::from(130));
        }
        // Folders that the run has made may be read too.
        watch.look_at(&inputs).map_err(wrong)?;
        lines.line("Watching", Colour::Green, &format!("{} inputs; Ctrl-C ends it", inputs.len()));
        let Some(changed) = watch.wait(&inputs, asked).map_err(wrong)? else { return Ok(ExitCode::SUCCESS) };
        let named: Vec<String> = changed.iter().take(MOST).map(ToString::to_string).collect();
        let more = match changed.len().saturating_sub(MOST) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        lines.line("Changed", Colour::Green, &(named.join(", ") + &more));
    }
}
