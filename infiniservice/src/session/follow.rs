//! What the host is told of the runs: their start, what they print as it comes, and their end until it is
//! acked.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::{Duration, Instant};

use super::Agent;
use crate::channel::messages::{Completion, GuestMessage, Offsets};
use crate::run::spool::Entry;
use crate::text::{Piece, piece};

/// Output in one message, in bytes of the stream.
const PIECE: usize = 16_384;
/// More than this is not put into the outbox at once: keep-alives must not wait behind it.
const OUTBOX_SHARE: usize = 131_072;
const FIRST_RESEND: Duration = Duration::from_secs(2);
const LONGEST_RESEND: Duration = Duration::from_secs(60);

pub(super) struct Run {
    pub(super) entry: Entry,
    start_told: bool,
    told: [u64; 2],
    result: Option<Box<Completion>>,
    resend_at: Option<Instant>,
    resend_after: Duration,
}

const STREAMS: [&str; 2] = ["stdout", "stderr"];

impl Run {
    pub(super) fn new(entry: Entry) -> Self {
        Self {
            entry,
            start_told: false,
            told: [0; 2],
            result: None,
            resend_at: None,
            resend_after: FIRST_RESEND,
        }
    }

    /// True until its end is known here.
    pub(super) fn is_active(&self) -> bool {
        self.result.is_none()
    }

    /// A session begins: the host says what it has of the output; everything else is said again.
    pub(super) fn begin_session(&mut self, offsets: &[Offsets]) {
        let known = offsets
            .iter()
            .find(|known| known.execution_id == self.entry.execution_id && known.attempt == self.entry.attempt);
        self.told = known.map_or([0; 2], |known| [known.stdout, known.stderr]);
        self.say_again();
    }

    pub(super) fn say_again(&mut self) {
        self.start_told = false;
        self.resend_at = None;
        self.resend_after = FIRST_RESEND;
    }
}

impl Agent {
    pub(super) fn follow_runs(&mut self) {
        let mut runs = std::mem::take(&mut self.runs);
        for run in runs.values_mut() {
            if run.result.is_none() {
                self.look(run);
            }
            if self.hearing.is_answered() {
                self.tell(run);
            }
        }
        self.runs = runs;
    }

    /// Looks for the run's end. A runner that was killed leaves none: its lock tells.
    fn look(&self, run: &mut Run) {
        run.result = run.entry.result().map(Box::new);
        if run.result.is_none() && run.entry.started().is_some() {
            self.settle(&run.entry);
            run.result = run.entry.result().map(Box::new);
        }
    }

    fn tell(&mut self, run: &mut Run) {
        if !run.start_told
            && let Some(started) = run.entry.started().filter(|started| started.pid != 0 || run.result.is_some())
        {
            run.start_told = true;
            self.outbox.push(&GuestMessage::ScriptStarted {
                execution_id: run.entry.execution_id.clone(),
                attempt: run.entry.attempt,
                pid: started.pid,
                started_at: started.started_at,
                boot_id: started.boot_id,
            });
        }
        for stream in 0..STREAMS.len() {
            self.tell_output(run, stream);
        }
        let Some(result) = &run.result else { return };
        let now = Instant::now();
        if run.resend_at.is_none_or(|at| now >= at) {
            // It carries head and tail: what the credit did not let through is not waited for.
            self.outbox.push(&GuestMessage::ScriptCompletion(result.clone()));
            run.resend_at = Some(now + run.resend_after);
            run.resend_after = (run.resend_after * 2).min(LONGEST_RESEND);
        }
    }

    fn tell_output(&mut self, run: &mut Run, stream: usize) {
        // After the first completion the host has what it keeps.
        if run.resend_at.is_some() {
            return;
        }
        let Ok(mut file) = File::open(run.entry.stream(STREAMS[stream])) else {
            return;
        };
        let mut buffer = [0u8; PIECE];
        while self.outbox.len() < OUTBOX_SHARE && self.sent + (PIECE as u64) <= self.credit {
            let place = SeekFrom::Start(run.told[stream]);
            let Ok(count) = file.seek(place).and_then(|_| file.read(&mut buffer)) else {
                return;
            };
            if count == 0 {
                return;
            }
            let (content, taken) = piece(&buffer[..count]);
            let (data, encoding) = match content {
                Piece::Text(data) => (data, None),
                Piece::Base64(data) => (data, Some("base64".to_owned())),
            };
            self.outbox.push(&GuestMessage::ScriptOutput {
                execution_id: run.entry.execution_id.clone(),
                attempt: run.entry.attempt,
                stream: STREAMS[stream].to_owned(),
                offset: run.told[stream],
                data,
                encoding,
            });
            run.told[stream] += taken as u64;
            self.sent += taken as u64;
        }
    }
}
