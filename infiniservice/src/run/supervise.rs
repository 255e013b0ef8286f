//! One run from its start to its end: deadline, cancel, output, exit code, and no process left.

use std::time::{Duration, Instant};

use super::capture::{Capture, Kept};
use super::spool::{Entry, Started, sha256_hex};
use crate::channel::messages::{Completion, Script, Status};
use crate::os::process_tree::{KILLED, Tree};
use crate::os::{Exit, launch, pipe};
use crate::time;

/// At the deadline, between asking the script to end and ending it.
const GRACE: Duration = Duration::from_secs(10);
/// The same after a cancel, at the most.
pub const LONGEST_GRACE_SECONDS: u64 = 300;
/// After the script has ended, what it left in its pipes is read; children that keep them open are waited for
/// this long.
const DRAIN: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(50);

/// # Errors
/// Why the script could not be started, in words for the operator.
pub fn supervise(entry: &Entry, script: &Script, started: Started) -> Result<Completion, String> {
    let begun = Instant::now();
    let tree = Tree::prepare(&format!("{}-{}", entry.execution_id, entry.attempt)).map_err(|fault| fault.to_string())?;
    check_hash(script)?;
    let launched = launch::start(&entry.folder, script, &variables(entry, script), &tree)?;
    let pid = launched.pid;
    let kept = Kept::of(script.output_limit_bytes);
    let mut stdout = Capture::new(launched.stdout, &entry.stream("stdout"), kept).map_err(|fault| fault.to_string())?;
    let mut stderr = Capture::new(launched.stderr, &entry.stream("stderr"), kept).map_err(|fault| fault.to_string())?;
    entry
        .record_started(&Started { pid, ..started.clone() })
        .map_err(|fault| fault.to_string())?;

    // None: beyond what the clock can count.
    let deadline = begun.checked_add(Duration::from_secs(script.timeout_seconds));
    let mut ending: Option<(Status, Instant)> = None;
    let mut killed = false;
    let mut survivors = 0;
    let mut exit: Option<Exit> = None;
    let mut quiet_at: Option<Instant> = None;
    loop {
        read_ready(
            &mut stdout,
            &mut stderr,
            if exit.is_some() { Duration::from_millis(10) } else { TICK },
        );
        exit = tree.reap(pid).or(exit);
        let now = Instant::now();
        if ending.is_none() && exit.is_none() {
            if let Some(grace) = entry.cancel_asked() {
                tree.terminate();
                ending = Some((Status::Cancelled, now + Duration::from_secs(grace.min(LONGEST_GRACE_SECONDS))));
            } else if deadline.is_some_and(|deadline| now >= deadline) {
                tree.terminate();
                ending = Some((Status::Timeout, now + GRACE));
            }
        }
        if let Some((_, kill_at)) = ending
            && !killed
            && (now >= kill_at || tree.is_empty())
        {
            // Also when the script itself has ended when it was asked to: a child of it may not have.
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
    let exit = exit.unwrap_or(KILLED);
    let status = ending.map_or(
        if exit.code == Some(0) { Status::Success } else { Status::Failed },
        |(status, _)| status,
    );
    let stdout = stdout.finish();
    let stderr = stderr.finish();
    Ok(Completion {
        timestamp: time::now(),
        execution_id: entry.execution_id.clone(),
        exit_code: exit.number(),
        truncated: stdout.truncated || stderr.truncated,
        stdout: stdout.text,
        stderr: stderr.text,
        log_file: None,
        attempt: entry.attempt,
        boot_id: started.boot_id,
        status,
        signal: exit.signal,
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
        .map(|capture| &capture.pipe)
        .collect();
    if wanted.is_empty() {
        std::thread::sleep(timeout.min(Duration::from_millis(10)));
        return;
    }
    pipe::wait(&wanted, timeout);
    stdout.read();
    stderr.read();
}

/// # Errors
/// When the text is not the one that the host has hashed.
fn check_hash(script: &Script) -> Result<(), String> {
    match &script.sha256 {
        Some(expected) if *expected != sha256_hex(script.script_content.as_bytes()) => {
            Err("the script's text does not have the sha256 that came with it".into())
        }
        _ => Ok(()),
    }
}

/// What the script's environment holds beside what the system puts there. Names and values that no
/// environment can carry are left out.
fn variables(entry: &Entry, script: &Script) -> Vec<(String, String)> {
    let own = [
        ("INFINIBAY_EXECUTION_ID".to_owned(), entry.execution_id.clone()),
        ("INFINIBAY_ATTEMPT".to_owned(), entry.attempt.to_string()),
    ];
    let given = script.env.iter().filter(|(name, value)| is_variable(name) && !value.contains('\0'));
    given.map(|(name, value)| (name.clone(), value.clone())).chain(own).collect()
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
