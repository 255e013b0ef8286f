//! What is wrong with this agent, and what to do about it.

use std::process::ExitCode;

use serde_json::json;

use crate::options::Options;
use crate::os::doctor;
use crate::{config, time};

/// 2020-01-01: a clock before this cannot be right.
const EARLIEST_PLAUSIBLE_MS: u64 = 1_577_836_800_000;

struct Check {
    name: &'static str,
    /// What is wrong and what to do; None when it is well.
    fault: Option<String>,
    /// What is to be known although nothing is wrong.
    note: Option<String>,
    detail: String,
}

/// Exit code 0 when all is well, 1 otherwise.
pub fn main(options: &Options) -> ExitCode {
    let checks = [
        vm_id(options),
        device(options),
        secret(),
        clock(),
        check("program", doctor::check_program()),
        check("service", doctor::check_service()),
        note("cloud-init", doctor::check_image()),
    ];
    let ok = checks.iter().all(|check| check.fault.is_none());
    if options.json {
        let list: Vec<_> = checks
            .iter()
            .map(|Check { name, fault, note, detail }| json!({ "name": name, "ok": fault.is_none(), "detail": detail, "fault": fault, "note": note }))
            .collect();
        println!("{}", json!({ "ok": ok, "checks": list }));
    } else {
        for Check { name, fault, note, detail } in &checks {
            match (fault, note) {
                (Some(fault), _) => println!("FAULT  {name}: {fault}"),
                (None, Some(note)) => println!("note   {name}: {note}"),
                (None, None) => println!("ok     {name}: {detail}"),
            }
        }
    }
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn check(name: &'static str, outcome: Result<String, String>) -> Check {
    match outcome {
        Ok(detail) => Check {
            name,
            fault: None,
            note: None,
            detail,
        },
        Err(fault) => Check {
            name,
            fault: Some(fault),
            note: None,
            detail: String::new(),
        },
    }
}

/// A check that finds no faults: what is not well is said and does not fail.
fn note(name: &'static str, outcome: Result<String, String>) -> Check {
    let (note, detail) = match outcome {
        Ok(detail) => (None, detail),
        Err(note) => (Some(note), String::new()),
    };
    Check {
        name,
        fault: None,
        note,
        detail,
    }
}

/// A setting as the service sees it: from our environment, or from where this system keeps it.
fn setting(name: &str) -> Option<String> {
    config::variable(name).or_else(|| doctor::setting(name))
}

fn vm_id(options: &Options) -> Check {
    let id = options.vm_id.clone().or_else(|| setting("INFINIBAY_VM_ID"));
    check(
        "VM id",
        match id {
            Some(id) if config::is_uuid(&id) => Ok(format!("{}…", config::short_id(&id))),
            Some(_) => Err(format!("INFINIBAY_VM_ID is not a UUID: run {} again", doctor::INSTALL)),
            None => Err(format!(
                "INFINIBAY_VM_ID is not set in {}: run {}",
                doctor::SETTINGS,
                doctor::INSTALL
            )),
        },
    )
}

fn device(options: &Options) -> Check {
    let named = options.device.clone().or_else(|| setting("INFINISERVICE_DEVICE"));
    check("port", doctor::check_port(named))
}

fn secret() -> Check {
    check(
        "channel secret",
        match setting("INFINISERVICE_SHARED_SECRET") {
            Some(_) => Ok("set".into()),
            None if !doctor::is_owner() => Ok(format!("only {} can see it", doctor::OWNER)),
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
