//! What this machine and its system are.

use std::fs;
use std::io::{self, Read as _};

use serde_json::{Value, json};

/// Random for each start of the system.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map_or_else(|_| "unknown".into(), |id| id.trim().to_owned())
}

/// Fills a buffer with bytes that nobody can guess.
pub fn random(buffer: &mut [u8]) -> io::Result<()> {
    fs::File::open("/dev/urandom")?.read_exact(buffer)
}

/// Since the start of the system.
pub fn uptime_seconds() -> Option<u64> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(seconds as u64)
}

/// The answer to SystemInfo.
pub fn system_info() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    json!({
        "hostname": read("/proc/sys/kernel/hostname"),
        "kernel": read("/proc/sys/kernel/osrelease"),
        "architecture": std::env::consts::ARCH,
        "processors": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        "uptime_seconds": uptime_seconds(),
        "boot_id": boot_id(),
        "os": os_info(),
    })
}

/// The answer to OsInfo: the fields of os-release(5), in lower case.
pub fn os_info() -> Value {
    let text = fs::read_to_string("/etc/os-release")
        .or_else(|_| fs::read_to_string("/usr/lib/os-release"))
        .unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_lowercase(), json!(value.trim_matches('"'))))
        .collect()
}
