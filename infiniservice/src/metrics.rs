//! What the machine is doing, in the shape of the public agent.

use serde_json::{Value, json};

use crate::os::{Interface, ProcessorTime, machine, metrics};

/// Remembers the last look, so that usage is that of the time between two looks.
#[derive(Debug, Default)]
pub struct Meter {
    last: Vec<ProcessorTime>,
}

impl Meter {
    pub fn measure(&mut self) -> Value {
        let usage = self.processors();
        let load = metrics::load_average();
        let interfaces: Vec<Value> = metrics::interfaces().iter().map(interface).collect();
        json!({
            "system": {
                "cpu": {
                    "usage_percent": usage.first().copied().unwrap_or(0.0),
                    "cores_usage": usage.get(1..).unwrap_or_default(),
                },
                "memory": memory(),
                "disk": { "usage_stats": disks(), "io_stats": {} },
                "network": { "interfaces": interfaces },
                "uptime_seconds": machine::uptime_seconds().unwrap_or(0),
                "load_average": { "load_1min": load.first(), "load_5min": load.get(1), "load_15min": load.get(2) },
            }
        })
    }

    /// Percent of all processors, then of each.
    fn processors(&mut self) -> Vec<f64> {
        let now = metrics::processor_times();
        let before = std::mem::replace(&mut self.last, now.clone());
        now.iter()
            .enumerate()
            .map(|(at, now)| {
                let before = before.get(at).copied().unwrap_or_default();
                let span = now.total.saturating_sub(before.total);
                let busy = span.saturating_sub(now.idle.saturating_sub(before.idle));
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
    let found = metrics::memory();
    json!({
        "total_kb": found.total,
        "used_kb": found.total.saturating_sub(found.available),
        "available_kb": found.available,
        "swap_total_kb": found.swap_total,
        "swap_used_kb": found.swap_total.saturating_sub(found.swap_free),
    })
}

/// File systems on devices, in decimal gigabytes.
pub fn disks() -> Vec<Value> {
    let gb = |bytes: u64| (bytes as f64 / 1e9 * 1000.0).round() / 1000.0;
    metrics::disks()
        .iter()
        .map(|disk| {
            json!({
                "mount_point": disk.mount_point,
                "filesystem": disk.filesystem,
                "total_gb": gb(disk.total),
                "used_gb": gb(disk.total - disk.free),
                "available_gb": gb(disk.available),
            })
        })
        .collect()
}

fn interface(found: &Interface) -> Value {
    json!({
        "name": found.name,
        "bytes_received": found.bytes_received,
        "packets_received": found.packets_received,
        "bytes_sent": found.bytes_sent,
        "packets_sent": found.packets_sent,
        "is_up": found.is_up,
    })
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
