//! Where options come from: the command line, then the environment, then defaults.

use std::path::PathBuf;

use crate::options::Options;
use crate::os::install;

pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Version of our additions to the channel.
pub const PROTOCOL: u32 = 2;
/// The virtio-serial port's name, the same on every platform.
pub const PORT_NAME: &str = "org.infinibay.agent";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Normal,
    /// For diagnosis: hello and keep-alive, no scripts.
    PingPong,
}

impl Mode {
    pub fn parse(word: &str) -> Result<Self, String> {
        match word {
            "normal" => Ok(Self::Normal),
            "ping-pong" => Ok(Self::PingPong),
            other => Err(format!("the mode must be normal or ping-pong, not {other}")),
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::PingPong => "ping-pong",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Config {
    pub vm_id: String,
    /// Set by hand, or found by the port's name.
    pub device: Option<String>,
    /// The channel secret as text, 64 hexadecimal characters.
    pub secret: Option<String>,
    pub mode: Mode,
    pub state_dir: PathBuf,
}

impl Config {
    pub fn read(options: &Options) -> Result<Self, String> {
        Ok(Self {
            vm_id: vm_id(options)?,
            device: options.device.clone().or_else(|| variable("INFINISERVICE_DEVICE")),
            secret: variable("INFINISERVICE_SHARED_SECRET"),
            mode: Mode::parse(
                &options
                    .mode
                    .clone()
                    .or_else(|| variable("INFINISERVICE_MODE"))
                    .unwrap_or_else(|| "normal".into()),
            )?,
            state_dir: state_dir(options),
        })
    }
}

/// An environment variable; empty counts as unset.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub fn state_dir(options: &Options) -> PathBuf {
    options
        .state_dir
        .clone()
        .or_else(|| variable("INFINISERVICE_STATE_DIR"))
        .map_or_else(install::default_state_dir, PathBuf::from)
}

/// The VM id, lower case. It goes into files that a shell and the service manager read, so nothing but a UUID
/// is taken.
pub fn vm_id(options: &Options) -> Result<String, String> {
    let id = options
        .vm_id
        .clone()
        .or_else(|| variable("INFINIBAY_VM_ID"))
        .ok_or("the VM id is missing: give --vm-id or set INFINIBAY_VM_ID")?
        .to_ascii_lowercase();
    if is_uuid(&id) {
        Ok(id)
    } else {
        Err("the VM id must be a UUID".into())
    }
}

pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The VM id is semi-sensitive: logs carry its first 8 characters.
pub fn short_id(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
