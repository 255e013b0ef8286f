//! The known commands. Their fields stand beside `action`.

use std::time::Duration;

use serde_json::{Value, json};

use super::Answer;
use crate::metrics::disks;
use crate::os::{machine, package, process, service};

pub fn run(action: &str, command: &Value, deadline: Duration) -> Answer {
    match action {
        "ServiceList" => service::list(deadline),
        "ServiceControl" => service_control(command, deadline),
        "ProcessList" => Answer::data(json!(process::list())),
        "ProcessKill" => {
            let force = command["force"].as_bool().unwrap_or(false);
            process::end(command["pid"].as_i64(), force).map_or_else(Answer::refusal, Answer::data)
        }
        "SystemInfo" => Answer::data(machine::system_info()),
        "OsInfo" => Answer::data(machine::os_info()),
        "PackageList" => package::list(deadline),
        "CheckDiskSpace" => Answer::data(json!(disks())),
        other => Answer::refusal(format!("this agent does not know the command {other}")),
    }
}

fn service_control(command: &Value, deadline: Duration) -> Answer {
    match (command["service"].as_str(), command["operation"].as_str()) {
        (Some(service), Some(operation)) => service::control(service, &operation.to_lowercase(), deadline),
        _ => Answer::refusal("ServiceControl needs service and operation"),
    }
}
