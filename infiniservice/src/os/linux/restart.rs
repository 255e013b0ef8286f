//! Restarts the machine when a script asked for it (exit code 194) and the host has agreed.

use std::io;
use std::process::{Command, Stdio};

use super::port;
use crate::config::variable;

/// Starts the restart and returns. `INFINISERVICE_REBOOT` names a program that does it instead of systemd.
/// On a `unix:` port the agent is no machine's own, so nothing is restarted but by that program.
/// # Errors
/// When no way of restarting could be started.
pub fn restart(device: Option<&str>) -> io::Result<()> {
    if let Some(program) = variable("INFINISERVICE_REBOOT") {
        return run(&program, &[]);
    }
    if device.is_some_and(|device| port::stand_in(device).is_some()) {
        eprintln!("a restart is asked for; this agent serves a unix: port and leaves the machine alone");
        return Ok(());
    }
    run("systemctl", &["reboot"])
        .or_else(|_| run("shutdown", &["-r", "now"]))
        .or_else(|_| run("reboot", &[]))
}

/// These programs return as soon as the restart is under way.
fn run(program: &str, arguments: &[&str]) -> io::Result<()> {
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{program} ended with {status}")))
}
