//! The shells of this system.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::channel::messages::Shell;

/// Where programs are looked for, and what a script gets as its PATH.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The program that runs scripts of this kind.
pub(super) fn interpreter(shell: Shell) -> Result<PathBuf, String> {
    let name = match shell {
        Shell::Bash => "bash",
        Shell::Sh => "sh",
        Shell::PowerShell => "pwsh",
        Shell::Cmd => return Err("cmd runs on Windows only".into()),
    };
    PATH.split(':')
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
        .ok_or_else(|| format!("{name} is not installed on this machine"))
}

/// A line of the host for the shell that it names, or for the usual one.
/// # Errors
/// When this system has no such shell.
pub fn command_line(shell: Option<&str>, line: &str) -> Result<Command, String> {
    let program = match shell {
        None | Some("sh") => "/bin/sh",
        Some("bash") => "bash",
        Some(other) => return Err(format!("this agent has no shell {other}: give sh or bash")),
    };
    let mut command = Command::new(program);
    command.arg("-c").arg(line);
    Ok(command)
}
