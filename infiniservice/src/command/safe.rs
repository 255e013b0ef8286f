//! The known commands. Their fields stand beside `action`.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, run_program};
use crate::os::metrics::disks;
use crate::os::system;

pub fn run(action: &str, command: &Value, deadline: Duration) -> Answer {
    match action {
        "ServiceList" => service_list(deadline),
        "ServiceControl" => service_control(command, deadline),
        "ProcessList" => Answer::data(json!(process_list())),
        "ProcessKill" => process_kill(command),
        "SystemInfo" => system_info(),
        "OsInfo" => Answer::data(json!(os_release())),
        "PackageList" => package_list(deadline),
        "CheckDiskSpace" => Answer::data(json!(disks())),
        other => Answer::refusal(format!("this agent does not know the command {other}")),
    }
}

fn program(name: &str, arguments: &[&str], deadline: Duration) -> Answer {
    let mut command = Command::new(name);
    command.args(arguments).env("LC_ALL", "C.UTF-8");
    run_program(command, deadline)
}

fn service_list(deadline: Duration) -> Answer {
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
            Some(json!({ "name": name, "load": load, "active": active, "state": sub, "description": fields.collect::<Vec<_>>().join(" ") }))
        })
        .collect();
    Answer {
        data: json!(services),
        ..answer
    }
}

fn service_control(command: &Value, deadline: Duration) -> Answer {
    let (Some(service), Some(operation)) = (command["service"].as_str(), command["operation"].as_str()) else {
        return Answer::refusal("ServiceControl needs service and operation");
    };
    let operation = operation.to_lowercase();
    if !["start", "stop", "restart", "reload", "enable", "disable", "status"].contains(&operation.as_str()) {
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
    program("systemctl", &["--no-pager", &operation, "--", service], deadline)
}

fn process_list() -> Vec<Value> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let status = fs::read_to_string(entry.path().join("status")).ok()?;
            let field = |name: &str| status.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()));
            let memory = field("VmRSS").and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0);
            Some(json!({ "pid": pid, "name": field("Name")?, "parent": field("PPid")?.parse::<u32>().ok()?, "state": field("State")?, "memory_kb": memory }))
        })
        .take(4096)
        .collect()
}

fn process_kill(command: &Value) -> Answer {
    let pid = command["pid"]
        .as_i64()
        .and_then(|pid| i32::try_from(pid).ok())
        .filter(|&pid| pid > 1 && pid != std::process::id() as i32);
    let Some(pid) = pid else {
        return Answer::refusal("ProcessKill needs the pid of another process than init and this agent");
    };
    let signal = if command["force"].as_bool().unwrap_or(false) {
        libc::SIGKILL
    } else {
        libc::SIGTERM
    };
    match system::kill(pid, signal) {
        Ok(()) => Answer::data(json!({ "pid": pid, "signal": signal })),
        Err(fault) => Answer::refusal(format!("process {pid}: {fault}")),
    }
}

fn system_info() -> Answer {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    Answer::data(json!({
        "hostname": read("/proc/sys/kernel/hostname"),
        "kernel": read("/proc/sys/kernel/osrelease"),
        "architecture": std::env::consts::ARCH,
        "processors": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        "uptime_seconds": read("/proc/uptime").split_whitespace().next().and_then(|text| text.parse::<f64>().ok()).map(|seconds| seconds as u64),
        "boot_id": system::boot_id(),
        "os": os_release(),
    }))
}

fn os_release() -> serde_json::Map<String, Value> {
    let text = fs::read_to_string("/etc/os-release")
        .or_else(|_| fs::read_to_string("/usr/lib/os-release"))
        .unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_lowercase(), json!(value.trim_matches('"'))))
        .collect()
}

fn package_list(deadline: Duration) -> Answer {
    let mut answer = if std::path::Path::new("/usr/bin/dpkg-query").exists() {
        program(
            "dpkg-query",
            &["--show", "--showformat=${Package}\t${Version}\t${Architecture}\n"],
            deadline,
        )
    } else {
        program(
            "rpm",
            &["-qa", "--queryformat", "%{NAME}\t%{VERSION}-%{RELEASE}\t%{ARCH}\n"],
            deadline,
        )
    };
    let packages: Vec<Value> = std::mem::take(&mut answer.stdout)
        .lines()
        .filter_map(|line| {
            let mut fields = line.split('\t');
            Some(json!({ "name": fields.next()?, "version": fields.next()?, "architecture": fields.next()? }))
        })
        .collect();
    Answer {
        data: json!(packages),
        ..answer
    }
}
