//! The device that the agent speaks through: a virtio-serial port, or a UNIX socket that stands in for QEMU
//! and its guest.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::system;
use crate::config::PORT_NAME;
use crate::os::{Ready, Transfer};

/// Reads and writes of at most this size.
const PIECE: usize = 16_384;

/// What may be given as a device, for the help text.
pub const DEVICES: &str = "a port, or unix:PATH to listen on a UNIX socket";
const STAND_IN: &str = "unix:";

/// The path of a socket that stands in for a port, when the device is one.
pub fn stand_in(device: &str) -> Option<&Path> {
    device.strip_prefix(STAND_IN).map(Path::new)
}

pub enum Port {
    Virtio(File),
    /// Listens; serves one client at a time and leaves others in the backlog, as QEMU does.
    Socket {
        listener: UnixListener,
        client: Option<UnixStream>,
        path: PathBuf,
    },
}

impl Port {
    /// Opens the port that was named, or the one with our name.
    pub fn open(device: Option<&str>) -> Result<Self, String> {
        let Some(device) = device else { return Self::open_virtio(&find()?) };
        match stand_in(device) {
            Some(socket) => Self::listen(socket),
            None => Self::open_virtio(Path::new(device)),
        }
    }

    fn open_virtio(path: &Path) -> Result<Self, String> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(path)
            .map_err(|fault| {
                if fault.raw_os_error() == Some(libc::EBUSY) {
                    return format!(
                        "{}: another program has the port open{}",
                        path.display(),
                        holder(path).map_or(String::new(), |pid| format!(" (pid {pid})"))
                    );
                }
                format!("{}: {fault}", path.display())
            })?;
        Ok(Self::Virtio(file))
    }

    fn listen(path: &Path) -> Result<Self, String> {
        // A socket that is left over from a process that died must not keep us away; one that is alive must.
        if fs::metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
            if UnixStream::connect(path).is_ok() {
                return Err(format!("{}: another agent listens there", path.display()));
            }
            fs::remove_file(path).map_err(|fault| format!("{}: {fault}", path.display()))?;
        }
        let listener = UnixListener::bind(path).map_err(|fault| format!("{}: {fault}", path.display()))?;
        listener.set_nonblocking(true).map_err(|fault| fault.to_string())?;
        Ok(Self::Socket {
            listener,
            client: None,
            path: path.to_owned(),
        })
    }

    /// Waits until the port can be read, or written to if that is wanted, or the time is over.
    /// # Errors
    /// When the system cannot wait.
    pub fn wait(&self, wants_write: bool, timeout: Duration) -> io::Result<Ready> {
        let ready = system::poll(&[(self.descriptor(), wants_write)], timeout)?;
        Ok(ready.first().copied().unwrap_or_default())
    }

    /// True for a port that says at once, each time that it is asked, that nobody is there: who asks has to
    /// pause.
    pub fn repeats_closed(&self) -> bool {
        matches!(self, Self::Virtio(_))
    }

    /// What to poll: the connection, or the listener while there is none.
    fn descriptor(&self) -> RawFd {
        match self {
            Self::Virtio(file) => file.as_raw_fd(),
            Self::Socket { client: Some(client), .. } => client.as_raw_fd(),
            Self::Socket { listener, .. } => listener.as_raw_fd(),
        }
    }

    /// Takes a waiting client, if this is a socket without one. True when somebody is on the other side, as
    /// far as can be known.
    pub fn attach(&mut self) -> bool {
        match self {
            Self::Virtio(_) => true,
            Self::Socket { client: Some(_), .. } => true,
            Self::Socket { listener, client, .. } => {
                if let Ok((stream, _)) = listener.accept() {
                    *client = stream.set_nonblocking(true).is_ok().then_some(stream);
                }
                client.is_some()
            }
        }
    }

    pub fn read(&mut self, buffer: &mut Vec<u8>) -> Transfer {
        let mut piece = [0u8; PIECE];
        let result = match self {
            Self::Virtio(file) => file.read(&mut piece),
            Self::Socket { client: Some(client), .. } => client.read(&mut piece),
            Self::Socket { .. } => return Transfer::Closed,
        };
        match result {
            Ok(0) => self.detach(),
            Ok(count) => {
                buffer.extend_from_slice(&piece[..count]);
                Transfer::Bytes(count)
            }
            Err(fault) => self.judge(&fault),
        }
    }

    pub fn write(&mut self, bytes: &[u8]) -> Transfer {
        let piece = &bytes[..bytes.len().min(PIECE)];
        let result = match self {
            Self::Virtio(file) => file.write(piece),
            Self::Socket { client: Some(client), .. } => client.write(piece),
            Self::Socket { .. } => return Transfer::Closed,
        };
        match result {
            Ok(count) => Transfer::Bytes(count),
            Err(fault) => self.judge(&fault),
        }
    }

    fn judge(&mut self, fault: &io::Error) -> Transfer {
        match fault.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Transfer::Later,
            _ => self.detach(),
        }
    }

    fn detach(&mut self) -> Transfer {
        if let Self::Socket { client, .. } = self {
            *client = None;
        }
        Transfer::Closed
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if let Self::Socket { path, .. } = self {
            let _ = fs::remove_file(path);
        }
    }
}

/// The port with our name: udev's link, or the kernel's own list where there is no udev.
pub(super) fn find() -> Result<PathBuf, String> {
    let link = Path::new("/dev/virtio-ports").join(PORT_NAME);
    if link.exists() {
        return Ok(link);
    }
    for entry in fs::read_dir("/sys/class/virtio-ports").into_iter().flatten().flatten() {
        if fs::read_to_string(entry.path().join("name")).is_ok_and(|name| name.trim() == PORT_NAME) {
            return Ok(Path::new("/dev").join(entry.file_name()));
        }
    }
    Err(format!(
        "there is no virtio-serial port named {PORT_NAME}: attach it to the VM as its media plan says"
    ))
}

/// The process that has a file open, if we may see it.
pub(super) fn holder(path: &Path) -> Option<u32> {
    let wanted = fs::canonicalize(path).ok()?;
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let open = fs::read_dir(entry.path().join("fd")).ok()?;
        open.flatten()
            .any(|descriptor| fs::read_link(descriptor.path()).is_ok_and(|target| target == wanted))
            .then_some(pid)
    })
}
