//! `infiniservice runner ENTRY`: supervises one run. A process of its own, so that an agent that died,
//! restarted or was updated finds the run going on, and its result.

mod capture;
pub mod spool;
mod supervise;

use std::io;
use std::path::PathBuf;

use crate::channel::messages::{Completion, Status};
use crate::os::{launch, machine, process_tree, supervisor};
use crate::time;
use capture::Kept;
use spool::{Entry, Started};
pub use supervise::LONGEST_GRACE_SECONDS;

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
    supervisor::spawn(&entry.folder, &entry.execution_id, entry.attempt)
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
        boot_id: machine::boot_id(),
        started_at: time::now(),
    };
    // On record before the script can do anything: from here on it is never started again.
    entry.record_started(&started)?;
    let result =
        supervise::supervise(entry, &script, started.clone()).unwrap_or_else(|reason| entry.result_without_run(Status::Failed, &reason));
    launch::clean_up(&entry.folder);
    entry.record_result(&result)
}

/// The result of a run whose supervisor is gone: what it printed is kept, how it ended nobody saw.
pub fn lost_result(entry: &Entry, reason: &str) -> Completion {
    let survivors = process_tree::end_strays(&entry.execution_id, entry.attempt);
    launch::clean_up(&entry.folder);
    let kept = Kept::of(entry.script().ok().and_then(|script| script.output_limit_bytes));
    let stdout = capture::left_behind(&entry.stream("stdout"), kept);
    let stderr = capture::left_behind(&entry.stream("stderr"), kept);
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
