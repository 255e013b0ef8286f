//! What the host says. Unknown types are ignored, unknown fields dropped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub enum HostMessage {
    #[serde(rename = "handshake_ack")]
    HandshakeAck(HandshakeAck),
    #[serde(rename = "pending_scripts_response")]
    PendingScripts {
        scripts: Vec<serde_json::Value>,
    },
    #[serde(rename = "keep_alive_response")]
    KeepAliveResponse {
        sequence_number: u32,
    },
    #[serde(rename = "ack")]
    Ack {
        execution_id: String,
        attempt: u32,
        /// The run goes on in the next boot.
        #[serde(default)]
        reboot: bool,
    },
    #[serde(rename = "cancel_script")]
    CancelScript {
        execution_id: String,
        grace_seconds: u64,
    },
    #[serde(rename = "credit")]
    Credit {
        limit: u64,
    },
    #[serde(rename = "Metrics")]
    CollectMetrics {},
    SafeCommand {
        id: String,
        command_type: serde_json::Value,
        timeout: u64,
    },
    UnsafeCommand(UnsafeCommand),
}

#[derive(Debug, Deserialize)]
pub struct HandshakeAck {
    pub protocol: u32,
    pub heartbeat_seconds: u64,
    pub credit_bytes: u64,
    /// Of each stream of a script that names none of its own.
    pub output_limit_bytes: u64,
    /// The host's clock when it answered.
    #[serde(default)]
    pub host_time: String,
    #[serde(default)]
    pub offsets: Vec<Offsets>,
}

/// Output bytes that the host has of a run.
#[derive(Debug, Deserialize)]
pub struct Offsets {
    pub execution_id: String,
    pub attempt: u32,
    pub stdout: u64,
    pub stderr: u64,
}

#[derive(Debug, Deserialize)]
pub struct UnsafeCommand {
    pub id: String,
    pub raw_command: String,
    pub shell: Option<String>,
    pub timeout: Option<u64>,
    pub working_dir: Option<String>,
    #[serde(default)]
    pub env_vars: BTreeMap<String, String>,
    pub run_as: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Shell {
    PowerShell,
    Cmd,
    Bash,
    Sh,
}

/// A script to run, as the host sends it and as the spool keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Script {
    pub execution_id: String,
    #[serde(default = "first")]
    pub attempt: u32,
    pub script_content: String,
    pub shell: Shell,
    #[serde(default)]
    pub input_values: BTreeMap<String, serde_json::Value>,
    pub timeout_seconds: u64,
    pub run_as: Option<String>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    #[serde(default)]
    pub working_dir: Option<String>,
    #[serde(default)]
    pub sha256: Option<String>,
    /// By the host's clock: it is not started after that.
    #[serde(default)]
    pub deliver_by: Option<String>,
    /// Of each stream, how much of its head and tail together goes into the completion.
    #[serde(default)]
    pub output_limit_bytes: Option<u64>,
}

fn first() -> u32 {
    1
}

/// What protects a payload for our agent: the session and the hello that it answers, and its number. A
/// host of before names no hello.
#[derive(Debug, Deserialize)]
pub struct Numbering {
    #[serde(rename = "type")]
    pub kind: String,
    pub session: Option<String>,
    #[serde(default)]
    pub hello: Option<String>,
    pub counter: Option<u64>,
}
