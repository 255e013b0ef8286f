//! What the agent says of itself: the hello, keep-alives, metrics, and the question for scripts.

use std::time::{Duration, Instant, SystemTime};

use super::Agent;
use crate::channel::messages::{GuestMessage, RunEntry, SetupState};
use crate::config::{PROTOCOL, VERSION};
use crate::setup::Moment;
use crate::{text, time};

const HELLO_EVERY: Duration = Duration::from_secs(1);
const METRICS_EVERY: Duration = Duration::from_secs(30);
const REQUEST_EVERY: Duration = Duration::from_secs(10);
const TIDY_EVERY: Duration = Duration::from_secs(3600);

impl Agent {
    pub(super) fn greet(&mut self) {
        self.attached = true;
        self.decoder.reset();
        self.outbox.clear();
        self.outbox.push_newline();
        self.begin_hello();
    }

    /// Says a new hello; until it is answered, nothing counts that the host says.
    pub(super) fn begin_hello(&mut self) {
        self.hearing.begin(new_token(self.hearing.hello()));
        self.hello();
    }

    fn hello(&mut self) {
        self.hello_at = Instant::now() + HELLO_EVERY;
        let message = GuestMessage::Handshake {
            timestamp: time::now(),
            vm_id: self.config.vm_id.clone(),
            version: VERSION.into(),
            platform: std::env::consts::OS.into(),
            capabilities: vec!["scripts".into(), "metrics".into(), "commands".into()],
            protocol: PROTOCOL,
            session: self.hearing.session().to_owned(),
            hello: Some(self.hearing.hello().to_owned()),
            boot_id: self.boot_id.clone(),
            arch: std::env::consts::ARCH.into(),
            agent_sha256: self.own_sha256.clone(),
            spool_id: self.spool.id.clone(),
            runs: self.run_list(),
            secret: if self.config.secret.is_some() { "ok" } else { "missing" }.into(),
            setup: Some(self.setup.state()),
            medium: self.medium.clone(),
        };
        self.outbox.push(&message);
    }

    /// The end of the installation is said at once, by another hello of this session. Until it is answered
    /// the host's lines count as before: a script that comes meanwhile was sent to us.
    pub(super) fn watch_setup(&mut self) {
        if self.setup.state() == SetupState::Done || !self.setup.look(Moment::now().as_ref()) || !self.attached {
            return;
        }
        self.hearing.begin_again(new_token(self.hearing.hello()));
        self.hello();
    }

    fn run_list(&self) -> Vec<RunEntry> {
        self.runs
            .values()
            .map(|run| RunEntry {
                execution_id: run.entry.execution_id.clone(),
                attempt: run.entry.attempt,
                state: run.entry.state(),
                boot_id: run.entry.started().map_or_else(|| self.boot_id.clone(), |started| started.boot_id),
            })
            .collect()
    }

    /// Hello until acked; then keep-alives, metrics and the question for scripts.
    pub(super) fn keep_session(&mut self) {
        let now = Instant::now();
        if now >= self.tidy_at {
            self.tidy_at = now + TIDY_EVERY;
            self.spool.forget_old(SystemTime::now());
        }
        if !self.attached {
            return;
        }
        if !self.hearing.is_answered() {
            if now >= self.hello_at {
                self.hello();
            }
            return;
        }
        // The host answers each keep-alive. One that has gone silent may have forgotten us.
        if now.duration_since(self.heard_at) > self.heartbeat * 3 + Duration::from_secs(5) {
            return self.begin_hello();
        }
        if now >= self.keep_alive_at {
            self.keep_alive_at = now + self.heartbeat;
            self.sequence = self.sequence.wrapping_add(1);
            let message = GuestMessage::KeepAlive {
                sequence_number: self.sequence,
                timestamp: time::now_ms() / 1000,
                runs: self.run_list(),
            };
            self.outbox.push(&message);
        }
        if now >= self.metrics_at {
            self.send_metrics();
        }
        if self.requests_left > 0 && self.request_at.is_some_and(|at| now >= at) {
            self.requests_left -= 1;
            self.request_at = Some(now + REQUEST_EVERY);
            let timestamp = time::now();
            self.outbox.push(&GuestMessage::RequestPendingScripts {
                vm_id: self.config.vm_id.clone(),
                timestamp: timestamp.clone(),
                request_timestamp: timestamp,
            });
        }
    }

    pub(super) fn send_metrics(&mut self) {
        self.metrics_at = Instant::now() + METRICS_EVERY;
        let data = self.meter.measure();
        self.outbox.push(&GuestMessage::Metrics {
            timestamp: time::now(),
            data,
        });
    }
}

/// The token of a hello. Without random bytes the one before it goes on, which costs no more than the telling
/// apart of two gateways.
fn new_token(before: &str) -> String {
    text::random_id().unwrap_or_else(|_| before.to_owned())
}
