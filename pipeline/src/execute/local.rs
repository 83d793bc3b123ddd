//! Runs a stage's commands as processes of this machine, each line in a shell and a process group of its own.
//!
//! A line ends when its shell does, as under make and DVC. What the shell left running in its process group may finish for
//! a moment; then it is stopped, with a word: it could still change outputs that are being stored.

use std::io::{PipeReader, Read};
use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::job::Job;
use super::output::Lines;

/// How often a silent command is looked at.
const TICK: Duration = Duration::from_millis(100);
/// After a shell has ended: what it left behind is asked to stop, killed, and given up.
const STEPS: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(5)];

/// What a job says while it runs.
pub enum Said {
    Line(String),
    /// The command has ended and left processes behind, which are stopped now.
    LeftBehind,
}

/// How a job ended.
#[derive(Debug)]
pub struct Ended {
    /// The error is a predicate ("exited with status 3").
    pub outcome: Result<(), String>,
    /// Of the last line that ran; `None`: it could not be started.
    pub exit: Option<Exit>,
    pub usage: Usage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Exit {
    Status(i32),
    Signal(i32),
}

/// What the processes of a job used: its shells and all below them that were waited for by their parents.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Usage {
    /// Seconds of CPU time.
    pub user: f64,
    pub system: f64,
    /// Bytes that the largest single process had in memory.
    pub peak_memory: u64,
}

impl Usage {
    fn add(&mut self, used: &libc::rusage) {
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        // Darwin counts bytes, the others KiB.
        let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
        self.user += seconds(used.ru_utime);
        self.system += seconds(used.ru_stime);
        self.peak_memory = self.peak_memory.max(u64::try_from(used.ru_maxrss).unwrap_or(0) * unit);
    }
}

/// Stops a job from another thread.
#[derive(Debug, Default)]
pub struct Stop {
    state: Mutex<StopState>,
}

#[derive(Debug, Default)]
struct StopState {
    asked: bool,
    /// The process group of the line that runs, as long as it has a member.
    group: Option<libc::pid_t>,
}

impl Stop {
    /// Sends `signal` to the job's process group and lets no further line start.
    pub fn send(&self, signal: libc::c_int) {
        let mut state = self.lock();
        state.asked = true;
        state.signal(signal);
    }

    fn lock(&self) -> MutexGuard<'_, StopState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a process that leads a group of its own.
    fn begin(&self, command: &mut Command) -> Result<libc::pid_t, String> {
        let mut state = self.lock();
        if state.asked {
            return Err("was stopped".to_owned());
        }
        let child = command.spawn().map_err(|error| format!("could not be started: {error}"))?;
        let leader = libc::pid_t::try_from(child.id()).map_err(|error| format!("has no process number: {error}"))?;
        state.group = Some(leader);
        Ok(leader)
    }

    /// Reaps the leader of the group, which has ended. Under the lock, so that a signal never reaches a recycled number.
    fn reap(&self, leader: libc::pid_t, usage: &mut Usage) -> std::io::Result<ExitStatus> {
        let mut state = self.lock();
        let mut status = 0;
        // SAFETY: both pointers are to live values of the types that wait4 writes; zero is a valid rusage.
        let (reaped, used) = unsafe {
            let mut used: libc::rusage = std::mem::zeroed();
            (libc::wait4(leader, &raw mut status, 0, &raw mut used), used)
        };
        if reaped != leader {
            return Err(std::io::Error::last_os_error());
        }
        usage.add(&used);
        state.forget_empty();
        Ok(ExitStatus::from_raw(status))
    }

    /// Whether a process of the group is left.
    fn is_alive(&self) -> bool {
        let mut state = self.lock();
        state.forget_empty();
        state.group.is_some()
    }
}

impl StopState {
    /// Sends a signal to the group (0: only asks); `false`: it has no member.
    fn signal(&self, signal: libc::c_int) -> bool {
        let Some(group) = self.group else { return false };
        // SAFETY: kill has no memory effects. The number is the group's own as long as the group has a member, and the
        // leader, dead or alive, is one until it is reaped; from then on each look at the group forgets it once it is empty.
        unsafe { libc::kill(-group, signal) == 0 }
    }

    /// A group whose last member is gone may give its number to others.
    fn forget_empty(&mut self) {
        self.group = self.group.filter(|&group| self.signal(0) && has_living_member(group));
    }
}

/// Members that have ended and that their new parent has not waited for (a container's first process may never do so) still
/// take signals; only the system's list of processes tells.
#[cfg(target_os = "linux")]
fn has_living_member(group: libc::pid_t) -> bool {
    let is_living = |entry: std::fs::DirEntry| {
        let text = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // After the name, which stands in brackets and may hold anything: state, parent, group.
        let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
        let (state, own_group) = (fields.next()?, fields.nth(1)?);
        Some(!matches!(state, "Z" | "X") && own_group.parse() == Ok(group))
    };
    let Ok(processes) = std::fs::read_dir("/proc") else { return true };
    processes.flatten().any(|entry| is_living(entry) == Some(true))
}

#[cfg(not(target_os = "linux"))]
fn has_living_member(_: libc::pid_t) -> bool {
    true
}

/// Runs the lines one after another until one fails.
pub fn run(job: &Job, stop: &Stop, mut say: impl FnMut(Said)) -> Ended {
    let mut ended = Ended { outcome: Ok(()), exit: None, usage: Usage::default() };
    for line in &job.lines {
        match run_line(job, line, stop, &mut ended.usage, &mut say) {
            Ok(status) => {
                ended.exit = status.code().map(Exit::Status).or_else(|| status.signal().map(Exit::Signal));
                if !status.success() {
                    ended.outcome = Err(describe(status));
                }
            }
            Err(why) => ended.outcome = Err(why),
        }
        if ended.outcome.is_err() {
            break;
        }
    }
    ended
}

fn run_line(
    job: &Job,
    line: &str,
    stop: &Stop,
    usage: &mut Usage,
    say: &mut dyn FnMut(Said),
) -> Result<ExitStatus, String> {
    let no_pipe = |error| format!("could not be given a pipe: {error}");
    let (reader, writer) = std::io::pipe().map_err(no_pipe)?;
    let leader = {
        let mut command = shell(line);
        command.current_dir(&job.folder).envs(&job.environment);
        if let Some(threads) = &job.threads {
            threads.configure_make(&mut command);
        }
        command.stdin(Stdio::null()).stderr(writer.try_clone().map_err(no_pipe)?).stdout(writer).process_group(0);
        die_with_parent(&mut command);
        stop.begin(&mut command)?
    };
    let unwaited = |error: std::io::Error| format!("could not be waited for: {error}");
    let mut listener = Listener { pipe: Some(reader), lines: Lines::default(), buffer: vec![0; 1 << 16] };
    let mut looked = Instant::now();
    // Its shell closes the pipe by ending, or has closed it before; or others keep it open.
    while listener.pipe.is_some() {
        listener.listen(TICK, say);
        if looked.elapsed() >= TICK {
            looked = Instant::now();
            if has_ended(leader, libc::WNOHANG).map_err(unwaited)? {
                break;
            }
        }
    }
    has_ended(leader, 0).map_err(unwaited)?;
    let status = stop.reap(leader, usage).map_err(unwaited)?;
    stop_what_is_left(stop, &mut listener, say);
    listener.lines.finish(&mut |line| say(Said::Line(line)));
    Ok(status)
}

/// Waits, after a shell has ended, until its process group is empty and nobody holds its pipe: within [`STEPS`].
fn stop_what_is_left(stop: &Stop, listener: &mut Listener, say: &mut dyn FnMut(Said)) {
    let since = Instant::now();
    let mut step = 0;
    let mut silent = false;
    while stop.is_alive() || listener.pipe.is_some() {
        if stop.lock().asked {
            // Whoever stops the job kills what takes too long; what has left the group is not waited for.
            if silent && !stop.is_alive() {
                break;
            }
        } else if since.elapsed() >= STEPS[step] {
            match step {
                0 => {
                    say(Said::LeftBehind);
                    stop.lock().signal(libc::SIGTERM);
                }
                1 => {
                    stop.lock().signal(libc::SIGKILL);
                }
                // What has left its process group can't be reached; it is listened to no longer.
                _ => break,
            }
            step += 1;
        }
        if listener.pipe.is_some() {
            silent = !listener.listen(TICK / 10, say);
        } else {
            silent = true;
            std::thread::sleep(TICK / 10);
        }
    }
    stop.lock().group = None;
}

/// The reading end of a command's output.
struct Listener {
    /// `None` once nobody holds the other end.
    pipe: Option<PipeReader>,
    lines: Lines,
    buffer: Vec<u8>,
}

impl Listener {
    /// Takes what has been printed, or waits for it, no longer than `patience`; `false`: nothing came.
    fn listen(&mut self, patience: Duration, say: &mut dyn FnMut(Said)) -> bool {
        let Some(pipe) = &mut self.pipe else { return false };
        let mut poll = libc::pollfd { fd: pipe.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: the pointer is to one live pollfd, and its descriptor is open.
        let ready = unsafe { libc::poll(&raw mut poll, 1, i32::try_from(patience.as_millis()).unwrap_or(i32::MAX)) };
        // An interrupted wait is one in which nothing came.
        if ready <= 0 {
            return false;
        }
        match pipe.read(&mut self.buffer) {
            Ok(read @ 1..) => self.lines.feed(&self.buffer[..read], &mut |line| say(Said::Line(line))),
            Ok(0) | Err(_) => self.pipe = None,
        }
        true
    }
}

/// Whether a child has ended; it is not reaped. Without `WNOHANG` among the options, waits until it has.
fn has_ended(child: libc::pid_t, options: libc::c_int) -> std::io::Result<bool> {
    loop {
        // SAFETY: the pointer is to a live siginfo, for which zero is valid; waitid writes no more than that.
        let (result, info) = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let id = libc::id_t::from(child.unsigned_abs());
            (libc::waitid(libc::P_PID, id, &raw mut info, options | libc::WEXITED | libc::WNOWAIT), info)
        };
        if result == 0 {
            // Where nothing has happened, the signal number is left zero.
            return Ok(info.si_signo != 0);
        }
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
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

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended in an unknown way".to_owned(),
    }
}
