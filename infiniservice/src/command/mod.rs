//! Commands of the host that are no scripts: a known few, and one line of shell. Each runs in a thread of its own and is answered with a `response`.

mod safe;

use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::channel::messages::{GuestMessage, UnsafeCommand};
use crate::os::{process_tree, system};
use crate::text::{lossy, random_id};

/// Of each stream, in bytes; more is cut.
const OUTPUT_LIMIT: usize = 262_144;
/// A variable of its environment tells a command's processes from all others.
const MARK: &str = "INFINIBAY_COMMAND";
/// After a command has ended, what it left in its pipes is read; children that keep them open are waited for this long.
const DRAIN: Duration = Duration::from_millis(500);
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

/// Runs a program to its end or its deadline; then it is killed, and with it all that it has started.
pub fn run_program(mut command: Command, deadline: Duration) -> Answer {
    let Ok(mark) = random_id().map(|id| format!("{MARK}={id}")) else {
        return Answer::refusal("this system gives no random numbers");
    };
    let (name, value) = mark.split_once('=').unwrap_or_default();
    command.env(name, value);
    // SAFETY: setsid is async-signal-safe.
    unsafe { command.pre_exec(system::new_session) };
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(fault) => return Answer::refusal(format!("the command could not be started: {fault}")),
    };
    let stdout = child.stdout.take().map(Reading::start);
    let stderr = child.stderr.take().map(Reading::start);
    let until = Instant::now() + deadline;
    let mut late = None;
    let code = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.code(),
            Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                let _ = child.kill();
                let survivors = process_tree::end_marked(&[mark.into_bytes()]);
                let _ = child.wait();
                late = Some(survivors);
                break None;
            }
            Err(fault) => return Answer::refusal(format!("the command's end was not seen: {fault}")),
        }
    };
    let text = |reading: Option<Reading>| reading.map(Reading::finish).unwrap_or_default();
    let (stdout, mut stderr) = (text(stdout), text(stderr));
    if let Some(survivors) = late {
        stderr.push_str(&format!("\nthe command was ended after {} s", deadline.as_secs()));
        if survivors > 0 {
            stderr.push_str(&format!("; {survivors} of its processes could not be ended"));
        }
    }
    Answer {
        success: code == Some(0),
        exit_code: code,
        stdout,
        stderr,
        data: Value::Null,
    }
}

/// Reads a pipe in a thread of its own. What a command leaves behind may hold the pipe for ever: nobody waits for that.
struct Reading {
    kept: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
}

impl Reading {
    fn start(mut pipe: impl Read + Send + 'static) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (end, ended) = channel();
        let shared = Arc::clone(&kept);
        thread::spawn(move || {
            let mut piece = [0; 16_384];
            while let Ok(count @ 1..) = pipe.read(&mut piece) {
                // Read on beyond the limit, so that the program does not block on a full pipe.
                let mut kept = lock(&shared);
                let room = OUTPUT_LIMIT.saturating_sub(kept.len());
                kept.extend_from_slice(&piece[..count.min(room)]);
            }
            let _ = end.send(());
        });
        Self { kept, ended }
    }

    fn finish(self) -> String {
        let _ = self.ended.recv_timeout(DRAIN);
        lossy(&lock(&self.kept))
    }
}

fn lock(kept: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
