//! What the guest says.

use serde::{Deserialize, Serialize};

use crate::medium::Medium;

// One is made, written and gone: its size on the stack is no matter.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum GuestMessage {
    Handshake {
        timestamp: String,
        vm_id: String,
        version: String,
        platform: String,
        capabilities: Vec<String>,
        protocol: u32,
        session: String,
        /// 16 random bytes, new whenever the agent begins to say hello.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hello: Option<String>,
        boot_id: String,
        arch: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        agent_sha256: Option<String>,
        spool_id: String,
        runs: Vec<RunEntry>,
        secret: String,
        /// Since 0.2.0; whoever does not say it has finished.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        setup: Option<SetupState>,
        /// Since 0.2.0; whoever was installed by no medium, or by one without a proof, does not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        medium: Option<Medium>,
    },
    RequestPendingScripts {
        vm_id: String,
        timestamp: String,
        request_timestamp: String,
    },
    KeepAlive {
        sequence_number: u32,
        /// Seconds since the epoch, as a number.
        timestamp: u64,
        runs: Vec<RunEntry>,
    },
    ScriptStarted {
        execution_id: String,
        attempt: u32,
        pid: u32,
        started_at: String,
        boot_id: String,
    },
    ScriptOutput {
        execution_id: String,
        attempt: u32,
        stream: String,
        offset: u64,
        data: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        encoding: Option<String>,
    },
    ScriptCompletion(Box<Completion>),
    AgentEvent {
        severity: String,
        source: String,
        message: String,
        #[serde(rename = "executionId")]
        execution_id: Option<String>,
        context: serde_json::Value,
        timestamp: String,
    },
    Metrics {
        timestamp: String,
        data: serde_json::Value,
    },
    Response {
        id: String,
        success: bool,
        exit_code: Option<i32>,
        stdout: String,
        stderr: String,
        execution_time_ms: u64,
        command_type: String,
        data: serde_json::Value,
    },
}

/// How a run ended: what the runner leaves in the spool, and what goes to the host until it is acked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Completion {
    pub timestamp: String,
    pub execution_id: String,
    pub exit_code: i64,
    pub stdout: String,
    pub stderr: String,
    pub log_file: Option<String>,
    pub attempt: u32,
    pub boot_id: String,
    pub status: Status,
    pub signal: Option<i32>,
    pub duration_ms: u64,
    pub stdout_bytes: u64,
    pub stderr_bytes: u64,
    pub stdout_sha256: String,
    pub stderr_sha256: String,
    pub truncated: bool,
    /// Processes of the script that outlived the kill.
    pub survivors: u32,
}

impl Completion {
    /// Without what the script printed; that there was something is told by counts, hashes and the mark of
    /// a cut.
    pub fn without_texts(self) -> Self {
        Self {
            truncated: self.truncated || self.stdout_bytes + self.stderr_bytes > 0,
            stdout: String::new(),
            stderr: String::new(),
            ..self
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Success,
    Failed,
    Timeout,
    Cancelled,
    Interrupted,
}

/// Whether the installation of the system still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SetupState {
    Running,
    Done,
}

/// A run that the host has not acked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunEntry {
    pub execution_id: String,
    pub attempt: u32,
    pub state: RunState,
    pub boot_id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    Accepted,
    Running,
    Finished,
}

impl GuestMessage {
    /// One line of the channel.
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("messages are made of plain data");
        line.push(b'\n');
        line
    }
}
