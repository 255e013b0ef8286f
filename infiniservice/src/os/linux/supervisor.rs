//! Starts the supervisor of a run, out of reach of whatever ends or confines the agent.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{process, service};

/// Starts `infiniservice runner FOLDER`: as a transient unit of systemd where that runs, else in a session of
/// its own.
pub fn spawn(folder: &Path, execution_id: &str, attempt: u32) -> io::Result<()> {
    let program = std::env::current_exe()?;
    if service::is_systemd_running() {
        let unit = format!("infiniservice-run-{execution_id}-{attempt}");
        // Delegate: the unit may make a cgroup for the script below its own. The secret of the channel is not
        // passed on.
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
            .arg(format!("--description=Script {execution_id}"))
            .arg("--")
            .arg(&program)
            .arg("runner")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if status.is_ok_and(|status| status.success()) {
            return Ok(());
        }
    }
    let mut command = Command::new(program);
    command
        .arg("runner")
        .arg(folder)
        .env_remove("INFINISERVICE_SHARED_SECRET")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    process::set_apart(&mut command);
    let mut runner = command.spawn()?;
    // Each child is waited for by whoever started it: nobody takes another's exit code away.
    std::thread::Builder::new().spawn(move || runner.wait()).map(drop)
}
