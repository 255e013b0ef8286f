//! Commands of the host that are no scripts: a known few, and one line of shell. Each runs in a thread of its own and is answered with a `response`.

mod safe;

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::messages::{GuestMessage, UnsafeCommand};
use crate::system;
use crate::text::lossy;

/// Of each stream, in bytes; more is cut.
const OUTPUT_LIMIT: u64 = 262_144;
const DEFAULT_TIMEOUT_SECONDS: u64 = 60;
const LONGEST_TIMEOUT_SECONDS: u64 = 3600;

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
        let program = match command.shell.as_deref() {
            None | Some("sh") => "/bin/sh",
            Some("bash") => "bash",
            Some(other) => return Answer::refusal(format!("this agent has no shell {other}: give sh or bash")),
        };
        // Never as somebody else than was asked for.
        if command.run_as.is_some() {
            return Answer::refusal("a command runs as the agent's own user: make it a script to run it as another");
        }
        let mut shell = Command::new(program);
        shell
            .arg("-c")
            .arg(&command.raw_command)
            .envs(&command.env_vars)
            .env_remove("INFINISERVICE_SHARED_SECRET");
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

/// Runs a program to its end or its deadline; then its process group is killed.
pub fn run_program(mut command: Command, deadline: Duration) -> Answer {
    // SAFETY: setsid is async-signal-safe.
    unsafe { command.pre_exec(system::new_session) };
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(fault) => return Answer::refusal(format!("the command could not be started: {fault}")),
    };
    let group = -(child.id() as i32);
    let readers = [
        child.stdout.take().map(|pipe| spawn_reader(Box::new(pipe))),
        child.stderr.take().map(|pipe| spawn_reader(Box::new(pipe))),
    ];
    let until = Instant::now() + deadline;
    let mut timed_out = false;
    let code = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.code(),
            // The main loop has collected it: it has ended, its code is not known.
            Err(_) => break None,
            Ok(None) if Instant::now() >= until => {
                timed_out = true;
                let _ = system::kill(group, libc::SIGKILL);
                let _ = child.wait();
                break None;
            }
            Ok(None) => thread::sleep(Duration::from_millis(20)),
        }
    };
    let [stdout, stderr] = readers.map(|reader| reader.and_then(|reader| reader.join().ok()).unwrap_or_default());
    let stderr = if timed_out {
        format!("{stderr}\nthe command was ended after {} s", deadline.as_secs())
    } else {
        stderr
    };
    Answer {
        success: code == Some(0),
        exit_code: code,
        stdout,
        stderr,
        data: Value::Null,
    }
}

fn spawn_reader(mut pipe: Box<dyn std::io::Read + Send>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        let _ = pipe.by_ref().take(OUTPUT_LIMIT).read_to_end(&mut kept);
        // Read on, so that the program does not block on a full pipe.
        let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        lossy(&kept)
    })
}
