//! The agent's one thread: owns the port, keeps the session, and follows the runs in the spool.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use crate::channel::envelope::Nonces;
use crate::channel::line::LineDecoder;
use crate::channel::messages::{GuestMessage, RunEntry};
use crate::channel::outbox::Outbox;
use crate::config::{Config, PROTOCOL, VERSION, short_id};
use crate::os::metrics::Meter;
use crate::os::port::{self, Port, Transfer};
use crate::os::system;
use crate::run as runner;
use crate::run::spool::{Entry, Spool};
use crate::{text, time};

mod follow;
mod hear;
use follow::Run;

const HELLO_EVERY: Duration = Duration::from_secs(1);
const METRICS_EVERY: Duration = Duration::from_secs(30);
const REQUEST_EVERY: Duration = Duration::from_secs(10);
const REQUESTS: u32 = 3;
/// How often runs are looked at while there are some.
const FOLLOW_EVERY: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_secs(1);
/// Well below the 3 s that a gateway waits for a hello: two back-offs that are out of step must not miss each other for minutes.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
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
                .map(|bytes| crate::run::spool::sha256_hex(&bytes))
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
                entry.record_result(&runner::lost_result(entry, "the machine restarted while the script ran"))
            }
            Some(_) => entry.record_result(&runner::lost_result(
                entry,
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
}
