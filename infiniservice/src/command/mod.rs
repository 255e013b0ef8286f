//! Commands of the host that are no scripts: a known few, and one line of shell. Each runs in a thread of its
//! own and is answered with a `response`.

mod program;
mod safe;

use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::channel::messages::{GuestMessage, UnsafeCommand};
use crate::os::shell;

pub use program::run_program;

const DEFAULT_TIMEOUT_SECONDS: u64 = 60;
const LONGEST_TIMEOUT_SECONDS: u64 = 3600;

/// What a `response` says.
pub struct Answer {
    pub success: bool,
    pub exit_code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub data: Value,
}

impl Answer {
    pub fn refusal(reason: impl Into<String>) -> Self {
        Self {
            success: false,
            exit_code: None,
            stdout: String::new(),
            stderr: reason.into(),
            data: Value::Null,
        }
    }

    pub fn data(data: Value) -> Self {
        Self {
            success: true,
            exit_code: Some(0),
            stdout: String::new(),
            stderr: String::new(),
            data,
        }
    }
}

pub fn start_safe(id: String, command: Value, timeout: u64, answers: Sender<GuestMessage>) {
    let action = command.get("action").and_then(Value::as_str).unwrap_or_default().to_owned();
    let deadline = deadline(Some(timeout));
    answer_from_thread(id, action.clone(), answers, move || safe::run(&action, &command, deadline));
}

pub fn start_unsafe(command: UnsafeCommand, answers: Sender<GuestMessage>) {
    let deadline = deadline(command.timeout);
    answer_from_thread(command.id.clone(), "UnsafeCommand".into(), answers, move || {
        let mut shell = match shell::command_line(command.shell.as_deref(), &command.raw_command) {
            Ok(shell) => shell,
            Err(reason) => return Answer::refusal(reason),
        };
        // Never as somebody else than was asked for.
        if command.run_as.is_some() {
            return Answer::refusal("a command runs as the agent's own user: make it a script to run it as another");
        }
        shell.envs(&command.env_vars).env_remove("INFINISERVICE_SHARED_SECRET");
        if let Some(folder) = &command.working_dir {
            shell.current_dir(folder);
        }
        run_program(shell, deadline)
    });
}

fn deadline(seconds: Option<u64>) -> Duration {
    Duration::from_secs(seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS).clamp(1, LONGEST_TIMEOUT_SECONDS))
}

fn answer_from_thread(id: String, command_type: String, answers: Sender<GuestMessage>, work: impl FnOnce() -> Answer + Send + 'static) {
    thread::spawn(move || {
        let begun = Instant::now();
        let answer = work();
        // The receiver lives as long as the process.
        let _ = answers.send(GuestMessage::Response {
            id,
            success: answer.success,
            exit_code: answer.exit_code,
            stdout: answer.stdout,
            stderr: answer.stderr,
            execution_time_ms: begun.elapsed().as_millis() as u64,
            command_type,
            data: answer.data,
        });
    });
}
