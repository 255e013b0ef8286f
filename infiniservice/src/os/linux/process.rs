//! Processes of this system, one by one.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use serde_json::{Value, json};

use super::system;

pub use super::system::ignore_broken_pipes;

/// Gives a command a session of its own: no signal to the agent's group reaches it.
pub(super) fn set_apart(command: &mut Command) {
    // SAFETY: setsid is async-signal-safe.
    unsafe { command.pre_exec(system::new_session) };
}

/// The answer to ProcessList, of 4096 processes at most.
pub fn list() -> Vec<Value> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let status = fs::read_to_string(entry.path().join("status")).ok()?;
            let field = |name: &str| {
                status
                    .lines()
                    .find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
            };
            let memory: u64 = field("VmRSS")
                .and_then(|text| text.trim_end_matches(" kB").parse().ok())
                .unwrap_or(0);
            let parent: u32 = field("PPid")?.parse().ok()?;
            Some(json!({
                "pid": pid,
                "name": field("Name")?,
                "parent": parent,
                "state": field("State")?,
                "memory_kb": memory,
            }))
        })
        .take(4096)
        .collect()
}

/// Asks a process to end, or ends it by force. Returns the answer to ProcessKill.
/// # Errors
/// Why it was not done, in words for the operator.
pub fn end(pid: Option<i64>, force: bool) -> Result<Value, String> {
    let pid = pid
        .and_then(|pid| i32::try_from(pid).ok())
        .filter(|&pid| pid > 1 && pid != std::process::id() as i32)
        .ok_or("ProcessKill needs the pid of another process than init and this agent")?;
    let signal = if force { libc::SIGKILL } else { libc::SIGTERM };
    system::kill(pid, signal).map_err(|fault| format!("process {pid}: {fault}"))?;
    Ok(json!({ "pid": pid, "signal": signal }))
}
