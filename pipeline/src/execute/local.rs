//! Runs a stage's commands as processes of this machine, each line in a shell and a process group of its own.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use super::job::Job;

/// Stops a job from another thread.
#[derive(Debug, Default)]
pub struct Stop {
    state: Mutex<StopState>,
}

#[derive(Debug, Default)]
struct StopState {
    asked: bool,
    group: Option<libc::pid_t>,
}

impl Stop {
    /// Sends `signal` to the job's process group and lets no further line start.
    pub fn send(&self, signal: libc::c_int) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.asked = true;
        if let Some(group) = state.group {
            // SAFETY: kill has no memory effects. The group is alive: `group` is set only while its leader is not reaped.
            unsafe { libc::kill(-group, signal) };
        }
    }

    fn begin(
        &self,
        spawn: impl FnOnce() -> std::io::Result<std::process::Child>,
    ) -> Result<std::process::Child, String> {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.asked {
            return Err("was stopped".to_owned());
        }
        let child = spawn().map_err(|error| format!("could not be started: {error}"))?;
        state.group = libc::pid_t::try_from(child.id()).ok();
        Ok(child)
    }

    fn end(&self, child: &mut std::process::Child) -> std::io::Result<std::process::ExitStatus> {
        // Reaping under the lock: a signal never reaches a recycled process number.
        loop {
            let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(status) = child.try_wait()? {
                state.group = None;
                return Ok(status);
            }
            drop(state);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

/// Runs the lines one after another until one fails; `output` gets what they print, line by line. The error is a
/// predicate ("exited with status 3").
pub fn run(job: &Job, stop: &Stop, mut output: impl FnMut(String)) -> Result<(), String> {
    for line in &job.lines {
        let (reader, writer) = std::io::pipe().map_err(|error| format!("could not be given a pipe: {error}"))?;
        let mut child = {
            let mut command = shell(line);
            let errors = writer.try_clone().map_err(|error| format!("could not be given a pipe: {error}"))?;
            command.current_dir(&job.folder).envs(&job.environment);
            command.stdin(Stdio::null()).stdout(writer).stderr(errors).process_group(0);
            die_with_parent(&mut command);
            stop.begin(|| command.spawn())?
        };
        let mut reader = BufReader::new(reader);
        let mut bytes = Vec::new();
        // Ends when the last process that holds the pipe has ended.
        while matches!(reader.read_until(b'\n', &mut bytes), Ok(read) if read > 0) {
            output(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned());
            bytes.clear();
        }
        let status = stop.end(&mut child).map_err(|error| format!("could not be waited for: {error}"))?;
        if !status.success() {
            return Err(describe(status));
        }
    }
    Ok(())
}

/// `$SHELL -c`, as DVC runs commands; bash without the user's start-up files.
fn shell(line: &str) -> Command {
    let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".into());
    let mut command = Command::new(&shell);
    if Path::new(&shell).file_name().is_some_and(|name| name == "bash") {
        command.args(["--noprofile", "--norc"]);
    }
    command.arg("-c").arg(line);
    command
}

/// Where the engine is killed outright, the kernel kills its commands too.
#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; prctl is a plain system call.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command) {}

fn describe(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended in an unknown way".to_owned(),
    }
}
