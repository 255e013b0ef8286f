//! What every system answers in the same words.

/// What came of reading from the port or writing to it.
#[derive(Debug, PartialEq, Eq)]
pub enum Transfer {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now; try again when waiting says so.
    Later,
    /// Nobody is on the other side: a pause, not an end.
    Closed,
}

/// What a port or pipe is ready for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ready {
    pub readable: bool,
    pub hangup: bool,
}

/// How a process ended: by itself with an exit code, or by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

impl Exit {
    /// The one number of a completion: the exit code, or 128 and the signal, as shells count.
    pub fn number(self) -> i64 {
        self.code.map_or_else(|| i64::from(self.signal.unwrap_or(0)) + 128, i64::from)
    }
}

/// Time of one processor, or of all, since the start of the system; in the system's own ticks.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessorTime {
    pub total: u64,
    pub idle: u64,
}

/// In kibibytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    pub total: u64,
    pub available: u64,
    pub swap_total: u64,
    pub swap_free: u64,
}

/// A file system on a device, in bytes.
#[derive(Debug, Clone)]
pub struct Disk {
    pub mount_point: String,
    pub filesystem: String,
    pub total: u64,
    pub free: u64,
    /// For ordinary users.
    pub available: u64,
}

/// A network interface and what it has carried since the start of the system.
#[derive(Debug, Clone)]
pub struct Interface {
    pub name: String,
    pub bytes_received: u64,
    pub packets_received: u64,
    pub bytes_sent: u64,
    pub packets_sent: u64,
    pub is_up: bool,
}
