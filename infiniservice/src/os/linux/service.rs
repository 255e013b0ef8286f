//! Services of this system, which are systemd's.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::command::{Answer, run_program};

/// True where systemd is the system's first process, sd_booted(3).
pub(super) fn is_systemd_running() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Runs a program whose output is read by us, so its words must not be translated.
pub(super) fn program(name: &str, arguments: &[&str], deadline: Duration) -> Answer {
    let mut command = Command::new(name);
    command.args(arguments).env("LC_ALL", "C.UTF-8");
    run_program(command, deadline)
}

/// The answer to ServiceList.
pub fn list(deadline: Duration) -> Answer {
    let mut answer = program(
        "systemctl",
        &["list-units", "--type=service", "--all", "--no-legend", "--no-pager", "--plain"],
        deadline,
    );
    let services: Vec<Value> = std::mem::take(&mut answer.stdout)
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let (name, load, active, sub) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
            let description = fields.collect::<Vec<_>>().join(" ");
            Some(json!({ "name": name, "load": load, "active": active, "state": sub, "description": description }))
        })
        .collect();
    Answer {
        data: json!(services),
        ..answer
    }
}

/// The answer to ServiceControl; the operation is in lower case.
pub fn control(service: &str, operation: &str, deadline: Duration) -> Answer {
    if !["start", "stop", "restart", "reload", "enable", "disable", "status"].contains(&operation) {
        return Answer::refusal(format!(
            "the operation must be start, stop, restart, reload, enable, disable or status, not {operation}"
        ));
    }
    let plain = !service.is_empty()
        && !service.starts_with('-')
        && service
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"@._:-\\".contains(&byte));
    if !plain {
        return Answer::refusal("the service's name has characters that no unit has");
    }
    program("systemctl", &["--no-pager", operation, "--", service], deadline)
}
