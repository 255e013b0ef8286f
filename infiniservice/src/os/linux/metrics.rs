//! What the machine is doing, from /proc, in the shape of the public agent.

use std::fs;

use serde_json::{Value, json};

use crate::os::system;

/// Remembers the last look, so that usage is that of the time between two looks.
#[derive(Debug, Default)]
pub struct Meter {
    last: Vec<(u64, u64)>,
}

impl Meter {
    pub fn measure(&mut self) -> Value {
        let usage = self.cpu();
        let memory = memory();
        let uptime: f64 = read("/proc/uptime")
            .split_whitespace()
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0.0);
        let load: Vec<f64> = read("/proc/loadavg")
            .split_whitespace()
            .take(3)
            .filter_map(|text| text.parse().ok())
            .collect();
        json!({
            "system": {
                "cpu": { "usage_percent": usage.first().copied().unwrap_or(0.0), "cores_usage": usage.get(1..).unwrap_or_default() },
                "memory": memory,
                "disk": { "usage_stats": disks(), "io_stats": {} },
                "network": { "interfaces": interfaces() },
                "uptime_seconds": uptime as u64,
                "load_average": { "load_1min": load.first(), "load_5min": load.get(1), "load_15min": load.get(2) },
            }
        })
    }

    /// Percent of all cores, then of each.
    fn cpu(&mut self) -> Vec<f64> {
        let now: Vec<(u64, u64)> = read("/proc/stat")
            .lines()
            .take_while(|line| line.starts_with("cpu"))
            .map(|line| {
                let times: Vec<u64> = line.split_whitespace().skip(1).filter_map(|text| text.parse().ok()).collect();
                let idle = times.get(3).unwrap_or(&0) + times.get(4).unwrap_or(&0);
                // guest times are part of user's.
                (times.iter().take(8).sum(), idle)
            })
            .collect();
        let before = std::mem::replace(&mut self.last, now.clone());
        now.iter()
            .enumerate()
            .map(|(at, (total, idle))| {
                let (total_before, idle_before) = before.get(at).copied().unwrap_or((0, 0));
                let span = total.saturating_sub(total_before);
                let busy = span.saturating_sub(idle.saturating_sub(idle_before));
                if span == 0 {
                    0.0
                } else {
                    (busy as f64 / span as f64 * 1000.0).round() / 10.0
                }
            })
            .collect()
    }
}

fn memory() -> Value {
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
    let (total, available, swap) = (kb("MemTotal"), kb("MemAvailable"), kb("SwapTotal"));
    json!({ "total_kb": total, "used_kb": total.saturating_sub(available), "available_kb": available, "swap_total_kb": swap, "swap_used_kb": swap.saturating_sub(kb("SwapFree")) })
}

/// File systems on devices, each once.
pub fn disks() -> Vec<Value> {
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
            let gb = |bytes: u64| (bytes as f64 / 1e9 * 1000.0).round() / 1000.0;
            Some(json!({ "mount_point": mount, "filesystem": kind, "total_gb": gb(space.total), "used_gb": gb(space.total - space.free), "available_gb": gb(space.available) }))
        })
        .collect()
}

fn interfaces() -> Vec<Value> {
    read("/proc/net/dev")
        .lines()
        .skip(2)
        .take(64)
        .filter_map(|line| {
            let (name, counters) = line.split_once(':')?;
            let numbers: Vec<u64> = counters.split_whitespace().filter_map(|text| text.parse().ok()).collect();
            let name = name.trim();
            let is_up = read(&format!("/sys/class/net/{name}/operstate")).trim() == "up";
            Some(json!({ "name": name, "bytes_received": numbers.first()?, "packets_received": numbers.get(1)?, "bytes_sent": numbers.get(8)?, "packets_sent": numbers.get(9)?, "is_up": is_up }))
        })
        .collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Meter;

    #[test]
    fn measures_this_machine() {
        let measured = Meter::default().measure();
        let memory = &measured["system"]["memory"];
        assert!(memory["total_kb"].as_u64().unwrap() > memory["used_kb"].as_u64().unwrap());
        assert!((0.0..=100.0).contains(&measured["system"]["cpu"]["usage_percent"].as_f64().unwrap()));
    }
}
