//! One stream of a script: to a file as it comes, counted and hashed whole, head and tail kept.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::os::files;
use crate::os::pipe::Pipe;
use crate::text::{hex, lossy};

/// Kept of a stream in the completion where the host names no limit, in bytes.
const USUAL_LIMIT: u64 = 131_072;
/// A completion has two streams in one line of four mebibytes, and a byte may take six of them in JSON.
const HIGHEST_LIMIT: u64 = 262_144;
/// On disk; what a script prints beyond is counted and hashed, and its tail is kept.
const ON_DISK: u64 = 64 * 1024 * 1024;
const PIECE: usize = 65_536;
/// Read at a time from one stream before the other gets its turn.
const TURN: usize = 16 * PIECE;

/// How many bytes of a stream's head and tail go into the completion; what has no more than both is whole.
#[derive(Clone, Copy)]
pub struct Kept {
    head: usize,
    tail: usize,
}

impl Kept {
    /// By the host's `output_limit_bytes`.
    pub fn of(limit: Option<u64>) -> Self {
        let limit = limit.unwrap_or(USUAL_LIMIT).min(HIGHEST_LIMIT) as usize;
        let tail = limit / 2;
        Self { head: limit - tail, tail }
    }

    fn whole(self) -> usize {
        self.head + self.tail
    }
}

pub struct Capture {
    pub pipe: Pipe,
    pub ended: bool,
    path: PathBuf,
    file: File,
    kept: Kept,
    on_disk: u64,
    bytes: u64,
    hash: Sha256,
    tail: Vec<u8>,
    buffer: Vec<u8>,
}

pub struct Captured {
    pub text: String,
    pub bytes: u64,
    pub sha256: String,
    pub truncated: bool,
}

impl Capture {
    pub fn new(pipe: Pipe, path: &Path, kept: Kept) -> io::Result<Self> {
        let file = files::create_private(path)?;
        Ok(Self {
            pipe,
            ended: false,
            path: path.to_owned(),
            file,
            kept,
            on_disk: 0,
            bytes: 0,
            hash: Sha256::new(),
            tail: Vec::new(),
            buffer: vec![0; PIECE],
        })
    }

    /// Takes what is there now.
    pub fn read(&mut self) {
        let mut taken = 0;
        while !self.ended && taken < TURN {
            match self.pipe.read(&mut self.buffer) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    taken += count;
                    self.take(count);
                }
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => return,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.ended = true,
            }
        }
    }

    fn take(&mut self, count: usize) {
        let piece = &self.buffer[..count];
        self.hash.update(piece);
        self.bytes += count as u64;
        let room = (ON_DISK - self.on_disk).min(count as u64) as usize;
        // A full disk costs the copy on disk, not the result.
        if room > 0 && self.file.write_all(&piece[..room]).is_ok() {
            self.on_disk += room as u64;
        }
        self.tail.extend_from_slice(piece);
        // Not with each piece: what stays is moved.
        if self.tail.len() > 2 * self.kept.tail.max(PIECE) {
            let surplus = self.tail.len() - self.kept.tail;
            self.tail.drain(..surplus);
        }
    }

    pub fn finish(mut self) -> Captured {
        let _ = self.file.flush();
        let surplus = self.tail.len().saturating_sub(self.kept.tail);
        let sha256 = hex(&self.hash.finalize());
        join_ends(&self.path, self.kept, &self.tail[surplus..], self.bytes, sha256)
    }
}

/// What a supervisor that is gone has left of a stream.
pub fn left_behind(path: &Path, kept: Kept) -> Captured {
    let mut hash = Sha256::new();
    let mut tail = Vec::new();
    let mut bytes = 0;
    if let Ok(mut file) = File::open(path) {
        let mut piece = vec![0; PIECE];
        while let Ok(count @ 1..) = file.read(&mut piece) {
            hash.update(&piece[..count]);
            bytes += count as u64;
            tail.extend_from_slice(&piece[..count]);
            tail.drain(..tail.len().saturating_sub(kept.tail));
        }
    }
    join_ends(path, kept, &tail, bytes, hex(&hash.finalize()))
}

/// The head from the file and the tail, with a mark where the middle was cut.
fn join_ends(path: &Path, kept: Kept, tail: &[u8], bytes: u64, sha256: String) -> Captured {
    let whole = bytes <= kept.whole() as u64;
    let mut head = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        let wanted = if whole { kept.whole() } else { kept.head };
        let _ = file.take(wanted as u64).read_to_end(&mut head);
    }
    if whole && head.len() as u64 == bytes {
        return Captured {
            text: lossy(&head),
            bytes,
            sha256,
            truncated: false,
        };
    }
    head.truncate(kept.head);
    let cut = bytes.saturating_sub(head.len() as u64 + tail.len() as u64);
    let text = format!("{}\n… {cut} bytes cut …\n{}", lossy(&head), lossy(tail));
    Captured {
        text,
        bytes,
        sha256,
        truncated: true,
    }
}
