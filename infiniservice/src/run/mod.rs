//! `infiniservice runner ENTRY`: supervises one run. A process of its own, so that an agent that died, restarted or was updated finds the run
//! going on, and its result.

mod capture;
pub mod spool;

use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::channel::messages::{Completion, Script, Status};
use crate::os::process_tree::{self, Tree};
use crate::os::{launch, system};
use crate::run::spool::{Entry, Started};
use crate::time;

use capture::Capture;

/// Between TERM and KILL at the deadline.
const GRACE: Duration = Duration::from_secs(10);
/// After the script has ended, what it left in its pipes is read; children that keep them open are waited for this long.
const DRAIN: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(50);

/// The command's entry point.
pub fn main(entry: Option<PathBuf>) -> Result<(), String> {
    let folder = entry.ok_or("runner needs the folder of a spool entry")?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (execution_id, attempt) = name
        .rsplit_once('.')
        .and_then(|(id, attempt)| Some((id.to_owned(), attempt.parse().ok()?)))
        .ok_or("this is not a spool entry")?;
    let entry = Entry {
        folder,
        execution_id,
        attempt,
    };
    run(&entry).map_err(|fault| format!("{}: {fault}", entry.folder.display()))
}

/// Starts a runner for an entry, out of reach of whatever ends or confines the agent.
pub fn spawn(entry: &Entry) -> io::Result<()> {
    let program = std::env::current_exe()?;
    if Path::new("/run/systemd/system").is_dir() {
        let unit = format!("infiniservice-run-{}-{}", entry.execution_id, entry.attempt);
        // Delegate: the unit may make a cgroup for the script below its own. The secret of the channel is not passed on.
        let status = Command::new("systemd-run")
            .args([
                "--quiet",
                "--collect",
                "--no-ask-password",
                "--property=Delegate=yes",
                "--property=KillMode=control-group",
                "--property=OOMPolicy=continue",
            ])
            .arg(format!("--unit={unit}"))
            .arg(format!("--description=Script {}", entry.execution_id))
            .arg("--")
            .arg(&program)
            .arg("runner")
            .arg(&entry.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if status.is_ok_and(|status| status.success()) {
            return Ok(());
        }
    }
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new(program);
    command
        .arg("runner")
        .arg(&entry.folder)
        .env_remove("INFINISERVICE_SHARED_SECRET")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // SAFETY: setsid is async-signal-safe.
    unsafe { command.pre_exec(system::new_session) };
    let mut runner = command.spawn()?;
    // Each child is waited for by whoever started it: nobody takes another's exit code away.
    std::thread::Builder::new().spawn(move || runner.wait()).map(drop)
}

/// Runs the entry's script and leaves its result in the entry. Does nothing when the run was begun before.
fn run(entry: &Entry) -> io::Result<()> {
    let Some(_lock) = entry.lock()? else { return Ok(()) };
    if entry.started().is_some() || entry.result().is_some() {
        return Ok(());
    }
    let script = entry.script()?;
    let started = Started {
        pid: 0,
        boot_id: system::boot_id(),
        started_at: time::now(),
    };
    // On record before the script can do anything: from here on it is never started again.
    entry.record_started(&started)?;
    let result = supervise(entry, &script, started.clone()).unwrap_or_else(|reason| entry.result_without_run(Status::Failed, &reason));
    entry.record_result(&result)
}

/// The result of a run whose supervisor is gone: what it printed is kept, how it ended nobody saw.
pub fn lost_result(entry: &Entry, reason: &str) -> Completion {
    let survivors = process_tree::end_strays(&entry.execution_id, entry.attempt);
    let stdout = capture::left_behind(&entry.stream("stdout"));
    let stderr = capture::left_behind(&entry.stream("stderr"));
    let mut text = stderr.text;
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    Completion {
        truncated: stdout.truncated || stderr.truncated,
        stdout: stdout.text,
        stderr: text + reason,
        stdout_bytes: stdout.bytes,
        stderr_bytes: stderr.bytes,
        stdout_sha256: stdout.sha256,
        stderr_sha256: stderr.sha256,
        survivors,
        ..entry.result_without_run(Status::Interrupted, reason)
    }
}

fn supervise(entry: &Entry, script: &Script, started: Started) -> Result<Completion, String> {
    let begun = Instant::now();
    let tree = Tree::prepare(&format!("{}-{}", entry.execution_id, entry.attempt)).map_err(|fault| fault.to_string())?;
    let launched = launch::start(entry, script, &tree)?;
    let pid = launched.pid;
    let mut stdout = Capture::new(launched.stdout, &entry.stream("stdout")).map_err(|fault| fault.to_string())?;
    let mut stderr = Capture::new(launched.stderr, &entry.stream("stderr")).map_err(|fault| fault.to_string())?;
    entry
        .record_started(&Started {
            pid: pid as u32,
            ..started.clone()
        })
        .map_err(|fault| fault.to_string())?;

    let deadline = begun + Duration::from_secs(script.timeout_seconds);
    let mut ending: Option<(Status, Instant)> = None;
    let mut killed = false;
    let mut survivors = 0;
    let mut exit: Option<(Option<i32>, Option<i32>)> = None;
    let mut quiet_at: Option<Instant> = None;
    loop {
        read_ready(
            &mut stdout,
            &mut stderr,
            if exit.is_some() { Duration::from_millis(10) } else { TICK },
        );
        while let Some((ended, status)) = system::reap_any() {
            if ended == pid {
                exit = Some(system::exit_of(status));
            }
        }
        let now = Instant::now();
        if ending.is_none() && exit.is_none() {
            if let Some(grace) = entry.cancel_asked() {
                tree.terminate();
                ending = Some((Status::Cancelled, now + Duration::from_secs(grace)));
            } else if now >= deadline {
                tree.terminate();
                ending = Some((Status::Timeout, now + GRACE));
            }
        }
        if let Some((_, kill_at)) = ending
            && !killed
            && (now >= kill_at || tree.processes().is_empty())
        {
            // Also when the script itself has gone on TERM: a child of its may not have.
            survivors = tree.kill();
            killed = true;
        }
        if exit.is_some() && (ending.is_none() || killed) {
            let quiet = *quiet_at.get_or_insert(now);
            if (stdout.ended && stderr.ended) || now >= quiet + DRAIN {
                break;
            }
        }
        if killed && exit.is_none() && survivors > 0 {
            break;
        }
    }
    launch::clean_up(launched.private.as_deref());
    let (exit_code, signal) = exit.unwrap_or((None, Some(libc::SIGKILL)));
    let status = ending.map_or(
        if exit_code == Some(0) { Status::Success } else { Status::Failed },
        |(status, _)| status,
    );
    let stdout = stdout.finish();
    let stderr = stderr.finish();
    Ok(Completion {
        timestamp: time::now(),
        execution_id: entry.execution_id.clone(),
        exit_code: exit_code.map_or_else(|| i64::from(signal.unwrap_or(0)) + 128, i64::from),
        truncated: stdout.truncated || stderr.truncated,
        stdout: stdout.text,
        stderr: stderr.text,
        log_file: None,
        attempt: entry.attempt,
        boot_id: started.boot_id,
        status,
        signal,
        duration_ms: begun.elapsed().as_millis() as u64,
        stdout_bytes: stdout.bytes,
        stderr_bytes: stderr.bytes,
        stdout_sha256: stdout.sha256,
        stderr_sha256: stderr.sha256,
        survivors,
    })
}

fn read_ready(stdout: &mut Capture, stderr: &mut Capture, timeout: Duration) {
    let wanted: Vec<_> = [&*stdout, &*stderr]
        .iter()
        .filter(|capture| !capture.ended)
        .map(|capture| (capture.pipe.as_raw_fd(), false))
        .collect();
    if wanted.is_empty() {
        std::thread::sleep(timeout.min(Duration::from_millis(10)));
        return;
    }
    let _ = system::poll(&wanted, timeout);
    stdout.read();
    stderr.read();
}

#[cfg(test)]
pub mod tests {
    use std::path::PathBuf;

    /// A folder of its own for a test.
    pub fn temporary_folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("infiniservice-{name}-{}", crate::text::random_id().unwrap()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }
}
