//! The connection to whoever is on the port's other side: found, kept, lost and found again.

use std::time::{Duration, Instant};

use super::{Agent, Run};
use crate::os::Transfer;
use crate::os::port::Port;
use crate::text;

/// How often runs are looked at while there are some.
const FOLLOW_EVERY: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_secs(1);
pub(super) const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// Well below the 3 s that a gateway waits for a hello: two back-offs that are out of step must not miss each
/// other for minutes.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Agent {
    pub(super) fn open_port(&mut self) {
        if self.port.is_some() {
            return;
        }
        match Port::open(self.config.device.as_deref()) {
            Ok(port) => {
                self.port = Some(port);
                self.pause = SHORTEST_PAUSE;
                self.told.clear();
            }
            Err(fault) => {
                // Said once per reason, tried for ever.
                if fault != self.told {
                    eprintln!("waiting for the port: {fault}");
                    self.told = fault;
                }
                self.wait();
            }
        }
    }

    /// Waits for the port or for time to pass, and reads what came.
    pub(super) fn exchange(&mut self) {
        let timeout = self.until_next();
        let Some(port) = &mut self.port else { return };
        let wants_write = self.attached && !self.outbox.is_empty();
        let Ok(ready) = port.wait(wants_write, timeout) else {
            return;
        };
        if ready.hangup && !ready.readable {
            self.lose();
            return self.wait();
        }
        if !port.attach() {
            return;
        }
        if !self.attached {
            self.greet();
        }
        if !ready.readable {
            return;
        }
        let mut bytes = Vec::new();
        let Some(port) = &mut self.port else { return };
        match port.read(&mut bytes) {
            Transfer::Bytes(_) => {
                self.pause = SHORTEST_PAUSE;
                for line in self.decoder.push(&bytes) {
                    self.handle_line(&line);
                }
            }
            Transfer::Later => {}
            Transfer::Closed => {
                self.lose();
                // Asked again it would say the same at once: never spin.
                if self.port.as_ref().is_some_and(Port::repeats_closed) {
                    self.wait();
                }
            }
        }
    }

    fn until_next(&self) -> Duration {
        if !self.attached {
            return if self.runs.is_empty() { IDLE } else { Duration::from_millis(100) };
        }
        if self.runs.values().any(Run::is_active) {
            return FOLLOW_EVERY;
        }
        let next = if self.hearing.is_answered() {
            self.keep_alive_at
        } else {
            self.hello_at
        };
        next.saturating_duration_since(Instant::now()).min(IDLE)
    }

    /// Back-off with jitter, so that a thousand guests do not knock together.
    fn wait(&mut self) {
        let jitter = u64::from(
            text::random_id()
                .ok()
                .and_then(|id| u8::from_str_radix(&id[..2], 16).ok())
                .unwrap_or(0),
        );
        let shortened = self.pause.as_millis() as u64 * (256 + jitter) / 512;
        std::thread::sleep(Duration::from_millis(shortened));
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Nobody is on the other side: a pause, not an end. Everything that matters is in the spool.
    pub(super) fn lose(&mut self) {
        self.attached = false;
        self.hearing.end();
        self.outbox.clear();
        self.decoder.reset();
    }
}
