//! Lines that wait for the port.

use std::collections::VecDeque;

use crate::channel::messages::GuestMessage;
use crate::os::Transfer;
use crate::os::port::Port;

/// What may wait; more is not offered (live output) or comes again (completions).
const LIMIT: usize = 8 * 1024 * 1024;

#[derive(Debug, Default)]
pub struct Outbox {
    bytes: VecDeque<u8>,
}

impl Outbox {
    pub fn push(&mut self, message: &GuestMessage) {
        let line = message.to_line();
        if self.bytes.len() + line.len() <= LIMIT {
            self.bytes.extend(line);
        }
    }

    /// The first byte of a session: ends whatever half line stands before it on the host's side.
    pub fn push_newline(&mut self) {
        self.bytes.push_back(b'\n');
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn clear(&mut self) {
        self.bytes = VecDeque::new();
    }

    /// Writes what the port takes. False when nobody is on the other side.
    pub fn flush(&mut self, port: &mut Port) -> bool {
        while !self.bytes.is_empty() {
            let (front, _) = self.bytes.as_slices();
            match port.write(front) {
                Transfer::Bytes(count) => drop(self.bytes.drain(..count)),
                Transfer::Later => return true,
                Transfer::Closed => return false,
            }
        }
        true
    }
}
