//! What is wrong with this agent, and what to do about it.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use serde_json::json;

use crate::options::Options;
use crate::os::port;
use crate::{config, time};

/// 2020-01-01: a clock before this cannot be right.
const EARLIEST_PLAUSIBLE_MS: u64 = 1_577_836_800_000;

struct Check {
    name: &'static str,
    /// What is wrong and what to do; None when it is well.
    fault: Option<String>,
    detail: String,
}

/// Exit code 0 when all is well, 1 otherwise.
pub fn main(options: &Options) -> ExitCode {
    let checks = [vm_id(options), device(options), secret(), clock(), program(), service()];
    let ok = checks.iter().all(|check| check.fault.is_none());
    if options.json {
        let list: Vec<_> = checks
            .iter()
            .map(|check| json!({ "name": check.name, "ok": check.fault.is_none(), "detail": check.detail, "fault": check.fault }))
            .collect();
        println!("{}", json!({ "ok": ok, "checks": list }));
    } else {
        for Check { name, fault, detail } in &checks {
            match fault {
                None => println!("ok     {name}: {detail}"),
                Some(fault) => println!("FAULT  {name}: {fault}"),
            }
        }
    }
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn check(name: &'static str, outcome: Result<String, String>) -> Check {
    match outcome {
        Ok(detail) => Check { name, fault: None, detail },
        Err(fault) => Check {
            name,
            fault: Some(fault),
            detail: String::new(),
        },
    }
}

/// A setting as the service sees it: from our environment, or from the files that the unit reads.
fn setting(name: &str) -> Option<String> {
    config::variable(name).or_else(|| {
        ["/etc/environment", "/etc/infiniservice/agent.env"].iter().find_map(|path| {
            fs::read_to_string(path)
                .ok()?
                .lines()
                .find_map(|line| Some(line.strip_prefix(name)?.strip_prefix('=')?.trim_matches('"').to_owned()))
        })
    })
}

fn vm_id(options: &Options) -> Check {
    let id = options.vm_id.clone().or_else(|| setting("INFINIBAY_VM_ID"));
    check(
        "VM id",
        match id {
            Some(id) if config::is_uuid(&id) => Ok(format!("{}…", config::short_id(&id))),
            Some(_) => Err("INFINIBAY_VM_ID is not a UUID: run install-linux.sh normal <vm id> again".into()),
            None => Err("INFINIBAY_VM_ID is not set in /etc/environment: run install-linux.sh normal <vm id>".into()),
        },
    )
}

fn device(options: &Options) -> Check {
    let named = options.device.clone().or_else(|| setting("INFINISERVICE_DEVICE"));
    let path = match named {
        Some(named) if named.starts_with("unix:") => {
            let there = Path::new(&named[5..]).exists();
            return check(
                "port",
                if there {
                    Ok(named)
                } else {
                    Err(format!("{named}: nobody listens; start infiniservice run"))
                },
            );
        }
        Some(named) => Ok(named.into()),
        None => port::find(),
    };
    check(
        "port",
        path.and_then(|path| {
            if !path.exists() {
                return Err(format!("{} is not there: attach the virtio-serial port to the VM", path.display()));
            }
            Ok(match port::holder(&path) {
                Some(pid) => format!(
                    "{}, held by {} (pid {pid})",
                    path.display(),
                    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim()
                ),
                None => format!("{}, open by nobody that we can see", path.display()),
            })
        }),
    )
}

fn secret() -> Check {
    check(
        "channel secret",
        match setting("INFINISERVICE_SHARED_SECRET") {
            Some(_) => Ok("set".into()),
            None if !crate::os::system::is_root() => Ok("only root can see it".into()),
            None => {
                Err("INFINISERVICE_SHARED_SECRET is not set: lines from the host are not checked; it comes with new install media".into())
            }
        },
    )
}

fn clock() -> Check {
    let now = time::now_ms();
    check(
        "clock",
        if now > EARLIEST_PLAUSIBLE_MS {
            Ok(time::rfc3339(now))
        } else {
            Err(format!("it shows {}: set it, or start a time service", time::rfc3339(now)))
        },
    )
}

/// A binary that was linked dynamically runs only where the libraries are as new as where it was built.
fn program() -> Check {
    let read = || -> std::io::Result<bool> {
        let mut head = Vec::new();
        fs::File::open(std::env::current_exe()?)?.take(65_536).read_to_end(&mut head)?;
        Ok(has_interpreter(&head))
    };
    check(
        "program",
        match read() {
            Ok(false) => Ok(format!("infiniservice {}, linked statically", config::VERSION)),
            Ok(true) => Err("this binary needs this system's C library: build the one to ship with npm run build:agent".into()),
            Err(fault) => Err(fault.to_string()),
        },
    )
}

/// True when a 64-bit ELF file names a program interpreter (PT_INTERP, elf(5)).
fn has_interpreter(head: &[u8]) -> bool {
    let number = |at: usize, length: usize| -> Option<u64> {
        let bytes = head.get(at..at + length)?;
        Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    let (Some(table), Some(size), Some(count)) = (number(32, 8), number(54, 2), number(56, 2)) else {
        return false;
    };
    (0..count).any(|index| number((table + index * size) as usize, 4) == Some(3))
}

fn service() -> Check {
    if !Path::new("/run/systemd/system").is_dir() {
        return check("service", Ok("systemd does not run here".into()));
    }
    let state = Command::new("systemctl")
        .args(["is-active", "infiniservice.service"])
        .output()
        .map_or_else(
            |fault| fault.to_string(),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        );
    check(
        "service",
        if state == "active" {
            Ok(state)
        } else {
            Err(format!(
                "infiniservice.service is {state}: see journalctl -u infiniservice, then systemctl restart infiniservice"
            ))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::has_interpreter;

    #[test]
    fn tells_a_dynamic_program_from_a_static_one() {
        let shell = std::fs::read("/bin/sh").unwrap();
        assert!(has_interpreter(&shell));
        assert!(!has_interpreter(&[0; 4096]));
    }
}
