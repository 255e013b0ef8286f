//! What the host says: whether it counts, and what it asks for.

use std::time::{Duration, Instant};

use super::{Agent, MAX_RUNNING, REQUESTS, Run};
use crate::channel::envelope::Envelope;
use crate::channel::line::object_in;
use crate::channel::messages::{GuestMessage, HandshakeAck, HostMessage, Numbering, Script, Status};
use crate::channel::numbering::Worth;
use crate::command;
use crate::config::Mode;
use crate::os::restart;
use crate::run::{self, LONGEST_GRACE_SECONDS, spool::MAX_ENTRIES};
use crate::time::{self, OtherClock};

impl Agent {
    pub(super) fn handle_line(&mut self, line: &[u8]) {
        let Some(payload) = object_in(line).and_then(|line| self.unwrap(line)) else {
            return;
        };
        let Ok(numbering) = serde_json::from_slice::<Numbering>(&payload) else {
            return;
        };
        let message = serde_json::from_slice::<HostMessage>(&payload);
        if message.is_err() && numbering.kind == "handshake_ack" {
            return;
        }
        let worth = self.hearing.judge(&numbering);
        match worth {
            Worth::Nothing => return,
            Worth::Rival => return self.begin_hello(),
            Worth::Answer | Worth::Line => {}
        }
        self.heard_at = Instant::now();
        // Unknown types are ignored: a newer host may say more.
        match message {
            Ok(HostMessage::HandshakeAck(ack)) if worth == Worth::Answer => self.begin(ack),
            Ok(message) => self.handle(message),
            Err(_) => {}
        }
    }

    /// The payload of a line: of a signed one when its signature fits; with a secret nothing else counts.
    fn unwrap(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let is_signed = serde_json::from_slice::<serde_json::Value>(line).ok()?.get("type")? == "signed";
        let Some(secret) = &self.config.secret else {
            let inner = if is_signed {
                serde_json::from_slice::<Envelope>(line).ok()?.payload.into_bytes()
            } else {
                line.to_vec()
            };
            return Some(inner);
        };
        if !is_signed {
            return None;
        }
        let envelope: Envelope = serde_json::from_slice(line).ok()?;
        // Session and counter protect what is inside, so a clock that is off by hours locks nobody out.
        (envelope.is_signed_with(secret) && self.nonces.take(&envelope.nonce)).then(|| envelope.payload.into_bytes())
    }

    fn handle(&mut self, message: HostMessage) {
        match message {
            // The answer to a hello that was said again before the first answer came.
            HostMessage::HandshakeAck(_) => {}
            HostMessage::PendingScripts { scripts } => {
                self.requests_left = 0;
                for script in scripts {
                    self.accept(script);
                }
            }
            HostMessage::KeepAliveResponse { .. } => {}
            HostMessage::Ack {
                execution_id,
                attempt,
                reboot,
            } => self.forget(&execution_id, attempt, reboot),
            HostMessage::CancelScript {
                execution_id,
                grace_seconds,
            } => self.cancel(&execution_id, grace_seconds),
            HostMessage::Credit { limit } => self.credit = self.credit.max(limit),
            HostMessage::CollectMetrics {} => self.send_metrics(),
            HostMessage::SafeCommand { id, command_type, timeout } => {
                command::start_safe(id, command_type, timeout, self.answers.0.clone())
            }
            HostMessage::UnsafeCommand(command) => command::start_unsafe(command, self.answers.0.clone()),
        }
    }

    fn begin(&mut self, ack: HandshakeAck) {
        self.credit = ack.credit_bytes;
        self.sent = 0;
        self.heartbeat = Duration::from_secs(ack.heartbeat_seconds.clamp(1, 300));
        let now = Instant::now();
        self.keep_alive_at = now + self.heartbeat;
        self.metrics_at = now;
        self.host_clock = OtherClock::new(&ack.host_time, now).or(self.host_clock);
        if self.output_limit.replace(ack.output_limit_bytes).is_none() {
            // The first answer to this process: nothing was accepted by it yet.
            self.start_waiting();
        }
        for run in self.runs.values_mut() {
            run.begin_session(&ack.offsets);
        }
        if self.config.mode == Mode::Normal {
            self.requests_left = REQUESTS;
            self.request_at = Some(now);
        }
    }

    /// Takes a script. One that cannot be taken is answered alone; the others go on.
    fn accept(&mut self, value: serde_json::Value) {
        if self.config.mode == Mode::PingPong {
            return;
        }
        let id = value.get("execution_id").and_then(|id| id.as_str()).map(str::to_owned);
        let attempt = value
            .get("attempt")
            .and_then(serde_json::Value::as_u64)
            .and_then(|attempt| u32::try_from(attempt).ok())
            .unwrap_or(1);
        let mut script: Script = match serde_json::from_value(value) {
            Ok(script) => script,
            Err(fault) => return self.refuse(id.as_deref(), attempt, &format!("the script was not understood: {fault}")),
        };
        if self.runs.len() >= MAX_ENTRIES || self.runs.values().filter(|run| run.is_active()).count() >= MAX_RUNNING {
            let known = self.runs.contains_key(&(script.execution_id.clone(), script.attempt));
            if !known {
                return self.refuse(id.as_deref(), attempt, "too many scripts are waiting or running on this machine");
            }
        }
        script.env.insert("INFINIBAY_VM_ID".into(), self.config.vm_id.clone());
        for (name, value) in &script.input_values {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            script
                .env
                .entry(format!("INFINIBAY_INPUT_{}", name.to_uppercase()))
                .or_insert(value);
        }
        script.output_limit_bytes = script.output_limit_bytes.or(self.output_limit);
        let key = (script.execution_id.clone(), script.attempt);
        let is_known = self.spool.entry(&key.0, key.1).is_some_and(|entry| entry.folder.exists());
        if !is_known && let Some(reason) = self.too_late(&script) {
            return self.refuse(id.as_deref(), attempt, &reason);
        }
        match self.spool.accept(&script) {
            Ok((entry, true)) => {
                if let Err(fault) = run::spawn(&entry) {
                    let _ = entry.record_result(
                        &entry.result_without_run(Status::Failed, &format!("the script's supervisor could not be started: {fault}")),
                    );
                }
                self.runs.insert(key, Run::new(entry));
            }
            // Here before: never started again; what is known of it is said again.
            Ok((entry, false)) => match self.runs.get_mut(&key) {
                Some(run) => run.say_again(),
                // The host knows no more that it has acked it: its database was set back.
                None if entry.is_acked() => {
                    let result = entry.acked_result().unwrap_or_else(|| {
                        entry.result_without_run(
                            Status::Interrupted,
                            "the script ran and its result was acked: it is not known any more",
                        )
                    });
                    self.outbox.push(&GuestMessage::ScriptCompletion(Box::new(result)));
                }
                None => drop(self.runs.insert(key, Run::new(entry))),
            },
            Err(fault) => self.refuse(id.as_deref(), attempt, &format!("the script could not be stored: {fault}")),
        }
    }

    /// Why a script must not be started any more; None while its time has not passed, or where nobody told
    /// the time.
    pub(super) fn too_late(&self, script: &Script) -> Option<String> {
        let by = script.deliver_by.as_deref()?;
        let Some(last) = time::parse_rfc3339(by) else {
            return Some(format!("the script was not understood: deliver_by is no time: {by}"));
        };
        let now = self.host_clock?.at(Instant::now());
        (now > last).then(|| {
            format!(
                "the script came at {}, and was to be delivered by {by}: it was not started",
                time::rfc3339(now)
            )
        })
    }

    fn refuse(&mut self, execution_id: Option<&str>, attempt: u32, reason: &str) {
        eprintln!("a script is refused: {reason}");
        let Some(entry) = execution_id.and_then(|id| self.spool.entry(id, attempt)) else {
            return;
        };
        let result = entry.result_without_run(Status::Failed, reason);
        self.outbox.push(&GuestMessage::ScriptCompletion(Box::new(result)));
    }

    fn forget(&mut self, execution_id: &str, attempt: u32, reboot: bool) {
        let Some(entry) = self.spool.entry(execution_id, attempt) else {
            return;
        };
        // Only what has ended can be committed; an ack for anything else is not for this run.
        if entry.result().is_none() {
            return;
        }
        // Before the entry goes: a restart that fails is asked for again with the next ack.
        if reboot && let Err(fault) = restart::restart(self.config.device.as_deref()) {
            eprintln!("the machine could not be restarted: {fault}");
            return;
        }
        match entry.ack() {
            Ok(()) => drop(self.runs.remove(&(execution_id.to_owned(), attempt))),
            Err(fault) => eprintln!("spool: {fault}"),
        }
    }

    fn cancel(&mut self, execution_id: &str, grace_seconds: u64) {
        for ((id, _), run) in &self.runs {
            if id == execution_id
                && run.is_active()
                && let Err(fault) = run.entry.ask_to_cancel(grace_seconds.min(LONGEST_GRACE_SECONDS))
            {
                eprintln!("spool: {fault}");
            }
        }
    }
}
