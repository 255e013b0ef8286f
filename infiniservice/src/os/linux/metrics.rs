//! Readings of what the machine is doing, from /proc and /sys.

use std::fs;

use super::system;
use crate::os::{Disk, Interface, Memory, ProcessorTime};

/// Of all processors together, then of each.
pub fn processor_times() -> Vec<ProcessorTime> {
    read("/proc/stat")
        .lines()
        .take_while(|line| line.starts_with("cpu"))
        .map(|line| {
            let times: Vec<u64> = line.split_whitespace().skip(1).filter_map(|text| text.parse().ok()).collect();
            ProcessorTime {
                // guest times are part of user's.
                total: times.iter().take(8).sum(),
                idle: times.get(3).unwrap_or(&0) + times.get(4).unwrap_or(&0),
            }
        })
        .collect()
}

pub fn memory() -> Memory {
    let text = read("/proc/meminfo");
    let kb = |name: &str| -> u64 {
        text.lines()
            .find_map(|line| {
                line.strip_prefix(name)?
                    .strip_prefix(':')?
                    .trim()
                    .trim_end_matches(" kB")
                    .parse()
                    .ok()
            })
            .unwrap_or(0)
    };
    Memory {
        total: kb("MemTotal"),
        available: kb("MemAvailable"),
        swap_total: kb("SwapTotal"),
        swap_free: kb("SwapFree"),
    }
}

/// Of the last 1, 5 and 15 minutes, as far as the system says.
pub fn load_average() -> Vec<f64> {
    read("/proc/loadavg")
        .split_whitespace()
        .take(3)
        .filter_map(|text| text.parse().ok())
        .collect()
}

/// File systems on devices, each once, 64 at most.
pub fn disks() -> Vec<Disk> {
    let mut seen = Vec::new();
    read("/proc/mounts")
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let (device, mount, kind) = (fields.next()?, fields.next()?, fields.next()?);
            if !device.starts_with("/dev/") || seen.contains(&device.to_owned()) || seen.len() >= 64 {
                return None;
            }
            seen.push(device.to_owned());
            let mount = mount.replace("\\040", " ");
            let space = system::space(mount.as_ref()).ok()?;
            Some(Disk {
                mount_point: mount,
                filesystem: kind.to_owned(),
                total: space.total,
                free: space.free,
                available: space.available,
            })
        })
        .collect()
}

/// Network interfaces, 64 at most.
pub fn interfaces() -> Vec<Interface> {
    read("/proc/net/dev")
        .lines()
        .skip(2)
        .take(64)
        .filter_map(|line| {
            let (name, counters) = line.split_once(':')?;
            let numbers: Vec<u64> = counters.split_whitespace().filter_map(|text| text.parse().ok()).collect();
            let name = name.trim();
            Some(Interface {
                name: name.to_owned(),
                bytes_received: *numbers.first()?,
                packets_received: *numbers.get(1)?,
                bytes_sent: *numbers.get(8)?,
                packets_sent: *numbers.get(9)?,
                is_up: read(&format!("/sys/class/net/{name}/operstate")).trim() == "up",
            })
        })
        .collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
