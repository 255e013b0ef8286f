//! What a script prints, read without waiting.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::Duration;

use super::system;

/// The reading end of a stream of a script. Reading gives `WouldBlock` when there is nothing now, and 0 at
/// the end.
pub struct Pipe(File);

impl Pipe {
    pub(super) fn new(descriptor: OwnedFd) -> io::Result<Self> {
        let file = File::from(descriptor);
        system::set_nonblocking(&file)?;
        Ok(Self(file))
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// Waits until one of them has something or has ended, or the time is over.
pub fn wait(pipes: &[&Pipe], timeout: Duration) {
    let wanted: Vec<_> = pipes.iter().map(|pipe| (pipe.0.as_raw_fd(), false)).collect();
    let _ = system::poll(&wanted, timeout);
}
