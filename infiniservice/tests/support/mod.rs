//! What the tests share: the real agent as a process, and a host that speaks to it over its UNIX socket.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::VecDeque;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

pub const VM_ID: &str = "7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d";
const DEADLINE: Duration = Duration::from_secs(120);

/// The one way in which tests wait.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < until, "waited {DEADLINE:?} for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A folder that goes with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("infiniservice-test-{}", infiniservice::text::random_id().unwrap()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_infiniservice")
}

/// The agent as a process; it is killed with the test.
pub struct Agent {
    pub child: Child,
}

impl Agent {
    pub fn start(folder: &Folder, env: &[(&str, &str)]) -> Self {
        let child = Command::new(program())
            .arg("run")
            .env("INFINIBAY_VM_ID", VM_ID)
            .env("INFINISERVICE_DEVICE", format!("unix:{}", folder.join("port").display()))
            .env("INFINISERVICE_STATE_DIR", folder.join("state"))
            .env_remove("INFINISERVICE_SHARED_SECRET")
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(
                fs::File::options().create(true).append(true).open(folder.join("log")).unwrap(),
            ))
            .spawn()
            .unwrap();
        Self { child }
    }

    /// As the OOM killer or a crash would end it.
    pub fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The hypervisor's side of the port.
pub struct Host {
    stream: UnixStream,
    pending: Vec<u8>,
    lines: VecDeque<Value>,
    pub session: String,
    /// None: as a host of before, which names no hello.
    pub hello: Option<String>,
    pub counter: u64,
    pub secret: Option<String>,
}

impl Host {
    pub fn connect(folder: &Folder) -> Self {
        let path = folder.join("port");
        let stream = wait_for("the agent's port", || UnixStream::connect(&path).ok());
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        Self {
            stream,
            pending: Vec::new(),
            lines: VecDeque::new(),
            session: String::new(),
            hello: None,
            counter: 0,
            secret: None,
        }
    }

    /// Connects, hears the hello and acks it. Returns the hello.
    pub fn meet(folder: &Folder) -> (Self, Value) {
        Self::meet_with(folder, None, &json!([]))
    }

    pub fn meet_with(folder: &Folder, secret: Option<&str>, offsets: &Value) -> (Self, Value) {
        let mut host = Self::connect(folder);
        host.secret = secret.map(str::to_owned);
        let hello = host.hear("handshake");
        host.answer(&hello, offsets);
        (host, hello)
    }

    /// As a host of before: its numbers rise over the session's life.
    pub fn meet_naming_no_hello(folder: &Folder) -> (Self, Value) {
        let mut host = Self::connect(folder);
        let hello = host.hear("handshake");
        host.session = hello["session"].as_str().unwrap().to_owned();
        host.counter = infiniservice::time::now_ms() * 1000;
        host.ack_hello(&json!([]));
        (host, hello)
    }

    /// Acks a hello: counting begins with it.
    pub fn answer(&mut self, hello: &Value, offsets: &Value) {
        self.session = hello["session"].as_str().unwrap().to_owned();
        let token = hello["hello"].as_str().unwrap();
        if self.hello.as_deref() != Some(token) {
            self.hello = Some(token.to_owned());
            self.counter = 0;
        }
        self.ack_hello(offsets);
    }

    pub fn ack_hello(&mut self, offsets: &Value) {
        self.say(json!({ "type": "handshake_ack", "protocol": 2, "heartbeat_seconds": 1, "credit_bytes": 262_144, "output_limit_bytes": 131_072, "host_time": "2026-01-01T00:00:00Z", "offsets": offsets }));
    }

    /// One message with session and number, signed when there is a secret.
    pub fn say(&mut self, mut message: Value) {
        self.counter += 1;
        message["session"] = json!(self.session);
        if let Some(hello) = &self.hello {
            message["hello"] = json!(hello);
        }
        message["counter"] = json!(self.counter);
        let payload = message.to_string();
        let line = match &self.secret {
            Some(secret) => envelope(secret, &payload, &infiniservice::text::random_id().unwrap()),
            None => payload,
        };
        self.send(format!("{line}\n").as_bytes());
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.set_write_timeout(Some(DEADLINE)).unwrap();
        self.stream.write_all(bytes).unwrap();
    }

    pub fn give(&mut self, id: &str, content: &str, timeout_seconds: u64) {
        self.give_script(&script(id, content, timeout_seconds));
    }

    pub fn give_script(&mut self, script: &Value) {
        self.say(json!({ "type": "pending_scripts_response", "timestamp": "2026-01-01T00:00:00Z", "scripts": [script] }));
    }

    pub fn ack(&mut self, id: &str) {
        self.say(json!({ "type": "ack", "execution_id": id, "attempt": 1 }));
    }

    /// The next message of a type; others before it are dropped.
    pub fn hear(&mut self, kind: &str) -> Value {
        wait_for(&format!("a {kind}"), || self.next().filter(|line| line["type"] == kind))
    }

    /// The next message of one of two types.
    pub fn hear_either(&mut self, one: &str, other: &str) -> Value {
        wait_for(&format!("a {one} or a {other}"), || {
            self.next().filter(|line| line["type"] == one || line["type"] == other)
        })
    }

    pub fn completion(&mut self, id: &str) -> Value {
        wait_for(&format!("the completion of {id}"), || {
            self.next()
                .filter(|line| line["type"] == "script_completion" && line["execution_id"] == id)
        })
    }

    /// What the agent has said and nobody heard yet, or nothing now.
    pub fn next(&mut self) -> Option<Value> {
        if let Some(line) = self.lines.pop_front() {
            return Some(line);
        }
        let mut piece = [0; 65_536];
        let count = self.stream.read(&mut piece).ok()?;
        self.pending.extend_from_slice(&piece[..count]);
        while let Some(end) = self.pending.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            if !line.iter().all(u8::is_ascii_whitespace) {
                self.lines.push_back(serde_json::from_slice(&line).expect("the agent says JSON"));
            }
        }
        self.lines.pop_front()
    }
}

pub fn envelope(secret: &str, payload: &str, nonce: &str) -> String {
    let ts = infiniservice::time::now_ms();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("1\n{ts}\n{nonce}\n{payload}").as_bytes());
    let sig = infiniservice::text::hex(&mac.finalize().into_bytes());
    json!({ "type": "signed", "v": 1, "ts": ts, "nonce": nonce, "payload": payload, "sig": sig }).to_string()
}

pub fn script(id: &str, content: &str, timeout_seconds: u64) -> Value {
    json!({
        "execution_id": id, "script_id": "s", "script_name": "test", "script_content": content, "shell": "SH", "execution_type": "ON_DEMAND",
        "input_values": {}, "timeout_seconds": timeout_seconds, "run_as": null, "attempt": 1
    })
}

/// The processes whose command line holds a mark.
pub fn processes_with(mark: &str) -> Vec<i32> {
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let words = fs::read(entry.path().join("cmdline")).ok()?;
            String::from_utf8_lossy(&words).contains(mark).then_some(pid)
        })
        .collect()
}

/// The highest resident size of a process so far, in bytes.
pub fn peak_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
