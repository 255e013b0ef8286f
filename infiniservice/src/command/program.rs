//! Programs that a command runs: with a deadline, with their output kept up to a limit, and ended with all
//! they started.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Answer;
use crate::os::process_tree::Job;
use crate::text::lossy;

/// Of each stream, in bytes; more is cut.
const OUTPUT_LIMIT: usize = 262_144;
/// After a command has ended, what it left in its pipes is read; children that keep them open are waited for
/// this long.
const DRAIN: Duration = Duration::from_millis(500);

/// Runs a program to its end or its deadline; then it is killed, and with it all that it has started.
pub fn run_program(mut command: Command, deadline: Duration) -> Answer {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut job = match Job::start(&mut command) {
        Ok(job) => job,
        Err(fault) => return Answer::refusal(fault),
    };
    let stdout = job.program.stdout.take().map(Reading::start);
    let stderr = job.program.stderr.take().map(Reading::start);
    let until = Instant::now() + deadline;
    let mut late = None;
    let code = loop {
        match job.program.try_wait() {
            Ok(Some(status)) => break status.code(),
            Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                late = Some(job.end());
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

/// Reads a pipe in a thread of its own. What a command leaves behind may hold the pipe for ever: nobody waits
/// for that.
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
