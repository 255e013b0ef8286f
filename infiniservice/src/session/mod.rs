//! The agent's one thread: owns the port, keeps the session, and follows the runs in the spool.

mod connection;
mod follow;
mod hear;
mod instance;
mod recover;
mod speak;

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use crate::channel::envelope::Nonces;
use crate::channel::line::LineDecoder;
use crate::channel::messages::GuestMessage;
use crate::channel::numbering::Hearing;
use crate::channel::outbox::Outbox;
use crate::config::{Config, VERSION, short_id};
use crate::medium::Medium;
use crate::metrics::Meter;
use crate::os::port::Port;
use crate::os::{machine, process};
use crate::run::spool::{Spool, sha256_of};
use crate::setup::{Moment, Setup};
use crate::text;
use crate::time::OtherClock;
use connection::SHORTEST_PAUSE;
use follow::Run;

/// How often the host is asked for scripts when a session begins.
const REQUESTS: u32 = 3;
/// Scripts that may run at once here, whatever the host asks for.
const MAX_RUNNING: usize = 16;

/// Serves the channel until the process is ended. Faults of the start end it; faults of the port never do.
pub fn run(config: Config) -> Result<(), String> {
    process::ignore_broken_pipes();
    let spool = Spool::open(&config.state_dir).map_err(|fault| fault.to_string())?;
    let _lock = instance::single_instance(&config.state_dir)?;
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

struct Agent {
    config: Config,
    spool: Spool,
    port: Option<Port>,
    outbox: Outbox,
    decoder: LineDecoder,
    nonces: Nonces,
    hearing: Hearing,
    boot_id: String,
    own_sha256: Option<String>,
    /// Somebody was on the other side when we last looked.
    attached: bool,
    credit: u64,
    sent: u64,
    heartbeat: Duration,
    heard_at: Instant,
    /// The host's, as the answer to our hello told it.
    host_clock: Option<OtherClock>,
    output_limit: Option<u64>,
    hello_at: Instant,
    keep_alive_at: Instant,
    metrics_at: Instant,
    tidy_at: Instant,
    request_at: Option<Instant>,
    requests_left: u32,
    sequence: u32,
    pause: Duration,
    runs: BTreeMap<(String, u32), Run>,
    setup: Setup,
    /// Read at the start: whoever installs the agent from another medium starts it anew.
    medium: Option<Medium>,
    meter: Meter,
    answers: (Sender<GuestMessage>, Receiver<GuestMessage>),
    told: String,
}

impl Agent {
    fn new(config: Config, spool: Spool) -> Result<Self, String> {
        let now = Instant::now();
        let setup = Setup::read(&config.state_dir, Moment::now().as_ref());
        let medium = Medium::read(&config.state_dir);
        Ok(Self {
            config,
            spool,
            port: None,
            outbox: Outbox::default(),
            decoder: LineDecoder::default(),
            nonces: Nonces::default(),
            hearing: Hearing::new(text::random_id().map_err(|fault| fault.to_string())?),
            boot_id: machine::boot_id(),
            own_sha256: std::env::current_exe().and_then(|program| sha256_of(&program)).ok(),
            attached: false,
            credit: 0,
            sent: 0,
            heartbeat: Duration::from_secs(10),
            heard_at: now,
            host_clock: None,
            output_limit: None,
            hello_at: now,
            keep_alive_at: now,
            metrics_at: now,
            tidy_at: now,
            request_at: None,
            requests_left: 0,
            sequence: 0,
            pause: SHORTEST_PAUSE,
            runs: BTreeMap::new(),
            setup,
            medium,
            meter: Meter::default(),
            answers: channel(),
            told: String::new(),
        })
    }

    fn turn(&mut self) {
        self.open_port();
        self.exchange();
        self.watch_setup();
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
}
