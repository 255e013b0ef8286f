//! The agent's one thread: owns the port, keeps the session, and follows the runs in the spool.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use crate::commands;
use crate::config::{Config, Mode, PROTOCOL, VERSION, short_id};
use crate::envelope::{Envelope, Nonces};
use crate::line::LineDecoder;
use crate::messages::{GuestMessage, HandshakeAck, HostMessage, Numbering, RunEntry, Script, Status};
use crate::metrics::Meter;
use crate::outbox::Outbox;
use crate::port::{self, Port, Transfer};
use crate::runner;
use crate::spool::{Entry, MAX_ENTRIES, Spool};
use crate::{system, text, time};

mod follow;
use follow::Run;

const HELLO_EVERY: Duration = Duration::from_secs(1);
const METRICS_EVERY: Duration = Duration::from_secs(30);
const REQUEST_EVERY: Duration = Duration::from_secs(10);
const REQUESTS: u32 = 3;
/// How often runs are looked at while there are some.
const FOLLOW_EVERY: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const TIDY_EVERY: Duration = Duration::from_secs(3600);
/// Scripts that may run at once here, whatever the host asks for.
const MAX_RUNNING: usize = 16;

/// Serves the channel until the process is ended. Faults of the start end it; faults of the port never do.
pub fn run(config: Config) -> Result<(), String> {
    system::ignore_sigpipe();
    let spool = Spool::open(&config.state_dir).map_err(|fault| fault.to_string())?;
    let _lock = port::single_instance(&config.state_dir)?;
    eprintln!(
        "InfiniService {VERSION} for machine {}… in mode {}{}",
        short_id(&config.vm_id),
        config.mode.as_str(),
        if config.secret.is_some() {
            ""
        } else {
            ", without a channel secret: every line is believed"
        }
    );
    let mut agent = Agent::new(config, spool)?;
    agent.recover();
    loop {
        agent.turn();
    }
}

pub(crate) struct Agent {
    config: Config,
    pub(crate) spool: Spool,
    port: Option<Port>,
    pub(crate) outbox: Outbox,
    decoder: LineDecoder,
    nonces: Nonces,
    session: String,
    counter: u64,
    boot_id: String,
    own_sha256: Option<String>,
    /// The host knows this session.
    acked: bool,
    /// Somebody was on the other side when we last looked.
    attached: bool,
    pub(crate) credit: u64,
    pub(crate) sent: u64,
    heartbeat: Duration,
    heard_at: Instant,
    hello_at: Instant,
    keep_alive_at: Instant,
    metrics_at: Instant,
    tidy_at: Instant,
    request_at: Option<Instant>,
    requests_left: u32,
    sequence: u32,
    pause: Duration,
    pub(crate) runs: BTreeMap<(String, u32), Run>,
    meter: Meter,
    answers: (Sender<GuestMessage>, Receiver<GuestMessage>),
    told: String,
}

impl Agent {
    fn new(config: Config, spool: Spool) -> Result<Self, String> {
        let now = Instant::now();
        Ok(Self {
            config,
            spool,
            port: None,
            outbox: Outbox::default(),
            decoder: LineDecoder::default(),
            nonces: Nonces::default(),
            session: text::random_id().map_err(|fault| fault.to_string())?,
            counter: 0,
            boot_id: system::boot_id(),
            own_sha256: std::env::current_exe()
                .and_then(std::fs::read)
                .map(|bytes| crate::spool::sha256_hex(&bytes))
                .ok(),
            acked: false,
            attached: false,
            credit: 0,
            sent: 0,
            heartbeat: Duration::from_secs(10),
            heard_at: now,
            hello_at: now,
            keep_alive_at: now,
            metrics_at: now,
            tidy_at: now,
            request_at: None,
            requests_left: 0,
            sequence: 0,
            pause: Duration::from_millis(100),
            runs: BTreeMap::new(),
            meter: Meter::default(),
            answers: channel(),
            told: String::new(),
        })
    }

    /// Finds the runs of an earlier agent: goes on with those that live, and settles those that do not.
    fn recover(&mut self) {
        for entry in self.spool.open_entries() {
            self.settle(&entry);
            self.runs.insert((entry.execution_id.clone(), entry.attempt), Run::new(entry));
        }
    }

    /// A run whose runner is gone without a result: was it begun, and in this boot?
    pub(crate) fn settle(&self, entry: &Entry) {
        let Ok(Some(lock)) = entry.lock() else { return };
        if entry.result().is_some() {
            return;
        }
        let outcome = match entry.started() {
            None => {
                drop(lock);
                runner::spawn(entry)
            }
            Some(started) if started.boot_id != self.boot_id => {
                entry.record_result(&entry.result_without_run(Status::Interrupted, "the machine restarted while the script ran"))
            }
            Some(_) => entry.record_result(&entry.result_without_run(
                Status::Failed,
                "the script's supervisor was ended: how the script ended is not known",
            )),
        };
        if let Err(fault) = outcome {
            eprintln!("spool: {fault}");
        }
    }

    fn turn(&mut self) {
        self.open_port();
        self.exchange();
        while system::reap_any().is_some() {}
        self.keep_session();
        self.follow_runs();
        while let Ok(answer) = self.answers.1.try_recv() {
            self.outbox.push(&answer);
        }
        if let Some(port) = &mut self.port
            && self.attached
            && !self.outbox.flush(port)
        {
            self.lose();
        }
    }

    fn open_port(&mut self) {
        if self.port.is_some() {
            return;
        }
        match Port::open(self.config.device.as_deref()) {
            Ok(port) => {
                self.port = Some(port);
                self.pause = Duration::from_millis(100);
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
    fn exchange(&mut self) {
        let timeout = self.until_next();
        let Some(port) = &mut self.port else { return };
        let wants_write = self.attached && !self.outbox.is_empty();
        let Ok(ready) = system::poll(&[(port.descriptor(), wants_write)], timeout) else {
            return;
        };
        let ready = ready.first().copied().unwrap_or_default();
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
                self.pause = Duration::from_millis(100);
                for line in self.decoder.push(&bytes) {
                    self.handle_line(&line);
                }
            }
            Transfer::Later => {}
            Transfer::Closed => {
                self.lose();
                // A virtio port without a host says so again at once: never spin.
                if matches!(self.port, Some(Port::Virtio(_))) {
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
        let next = if self.acked { self.keep_alive_at } else { self.hello_at };
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
    fn lose(&mut self) {
        self.attached = false;
        self.acked = false;
        self.outbox.clear();
        self.decoder.reset();
    }

    fn greet(&mut self) {
        self.attached = true;
        self.acked = false;
        self.decoder.reset();
        self.outbox.clear();
        self.outbox.push_newline();
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
            session: self.session.clone(),
            boot_id: self.boot_id.clone(),
            arch: std::env::consts::ARCH.into(),
            agent_sha256: self.own_sha256.clone(),
            spool_id: self.spool.id.clone(),
            runs: self.run_list(),
            secret: if self.config.secret.is_some() { "ok" } else { "missing" }.into(),
        };
        self.outbox.push(&message);
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
    fn keep_session(&mut self) {
        let now = Instant::now();
        if now >= self.tidy_at {
            self.tidy_at = now + TIDY_EVERY;
            self.spool.forget_old(std::time::SystemTime::now());
        }
        if !self.attached {
            return;
        }
        if !self.acked {
            if now >= self.hello_at {
                self.hello();
            }
            return;
        }
        // The host answers each keep-alive. One that has gone silent may have forgotten us.
        if now.duration_since(self.heard_at) > self.heartbeat * 3 + Duration::from_secs(5) {
            self.acked = false;
            return self.hello();
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

    fn send_metrics(&mut self) {
        self.metrics_at = Instant::now() + METRICS_EVERY;
        let data = self.meter.measure();
        self.outbox.push(&GuestMessage::Metrics {
            timestamp: time::now(),
            data,
        });
    }

    fn handle_line(&mut self, line: &[u8]) {
        let Some(payload) = self.unwrap(line) else { return };
        let Ok(numbering) = serde_json::from_slice::<Numbering>(&payload) else {
            return;
        };
        // A line of another session was meant for an agent that is no more. The number rises, so that no line counts twice.
        if numbering.session.as_deref() != Some(self.session.as_str()) || numbering.counter.is_none_or(|counter| counter <= self.counter) {
            return;
        }
        self.counter = numbering.counter.unwrap_or(self.counter);
        self.heard_at = Instant::now();
        // Unknown types are ignored: a newer host may say more.
        if let Ok(message) = serde_json::from_slice::<HostMessage>(&payload) {
            self.handle(message);
        }
    }

    /// The payload of a line: of a signed one when its signature fits; with a secret nothing else counts.
    fn unwrap(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if !line.starts_with(b"{") {
            return None;
        }
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
            HostMessage::HandshakeAck(ack) => self.begin(ack),
            _ if !self.acked => {}
            HostMessage::PendingScripts { scripts } => {
                self.requests_left = 0;
                for script in scripts {
                    self.accept(script);
                }
            }
            HostMessage::KeepAliveResponse { .. } => {}
            HostMessage::Ack { execution_id, attempt } => self.forget(&execution_id, attempt),
            HostMessage::CancelScript {
                execution_id,
                grace_seconds,
            } => self.cancel(&execution_id, grace_seconds),
            HostMessage::Credit { limit } => self.credit = self.credit.max(limit),
            HostMessage::CollectMetrics {} => self.send_metrics(),
            HostMessage::SafeCommand { id, command_type, timeout } => {
                commands::start_safe(id, command_type, timeout, self.answers.0.clone())
            }
            HostMessage::UnsafeCommand(command) => commands::start_unsafe(command, self.answers.0.clone()),
        }
    }

    fn begin(&mut self, ack: HandshakeAck) {
        if self.acked {
            return;
        }
        self.acked = true;
        self.credit = ack.credit_bytes;
        self.sent = 0;
        self.heartbeat = Duration::from_secs(ack.heartbeat_seconds.clamp(1, 300));
        let now = Instant::now();
        self.keep_alive_at = now + self.heartbeat;
        self.metrics_at = now;
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
        let key = (script.execution_id.clone(), script.attempt);
        match self.spool.accept(&script) {
            Ok((entry, true)) => {
                if let Err(fault) = runner::spawn(&entry) {
                    let _ = entry.record_result(
                        &entry.result_without_run(Status::Failed, &format!("the script's supervisor could not be started: {fault}")),
                    );
                }
                self.runs.insert(key, Run::new(entry));
            }
            // Here before: never started again; what is known of it is said again.
            Ok((entry, false)) => match self.runs.get_mut(&key) {
                Some(run) => run.say_again(),
                None if entry.is_acked() => {}
                None => drop(self.runs.insert(key, Run::new(entry))),
            },
            Err(fault) => self.refuse(id.as_deref(), attempt, &format!("the script could not be stored: {fault}")),
        }
    }

    fn refuse(&mut self, execution_id: Option<&str>, attempt: u32, reason: &str) {
        eprintln!("a script is refused: {reason}");
        let Some(entry) = execution_id.and_then(|id| self.spool.entry(id, attempt)) else {
            return;
        };
        let result = entry.result_without_run(Status::Failed, reason);
        self.outbox.push(&GuestMessage::ScriptCompletion(Box::new(result)));
    }

    fn forget(&mut self, execution_id: &str, attempt: u32) {
        let Some(entry) = self.spool.entry(execution_id, attempt) else {
            return;
        };
        // Only what has ended can be committed; an ack for anything else is not for this run.
        if entry.result().is_none() {
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
                && let Err(fault) = run.entry.ask_to_cancel(grace_seconds.min(300))
            {
                eprintln!("spool: {fault}");
            }
        }
    }
}
