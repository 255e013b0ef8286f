//! The few calls into the operating system that std does not have. All `unsafe` of the agent is here.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

/// What a descriptor is ready for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ready {
    pub readable: bool,
    pub writable: bool,
    pub hangup: bool,
}

/// Waits for descriptors; each comes with whether it wants to write. A time-out gives all false.
pub fn poll(wanted: &[(RawFd, bool)], timeout: Duration) -> io::Result<Vec<Ready>> {
    let mut descriptors: Vec<libc::pollfd> = wanted
        .iter()
        .map(|&(fd, write)| libc::pollfd {
            fd,
            events: libc::POLLIN | if write { libc::POLLOUT } else { 0 },
            revents: 0,
        })
        .collect();
    let milliseconds = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the pointer and the length belong to one live vector.
    let result = unsafe { libc::poll(descriptors.as_mut_ptr(), descriptors.len() as libc::nfds_t, milliseconds) };
    if result < 0 {
        let fault = io::Error::last_os_error();
        if fault.kind() != io::ErrorKind::Interrupted {
            return Err(fault);
        }
    }
    Ok(descriptors
        .iter()
        .map(|found| Ready {
            readable: found.revents & (libc::POLLIN | libc::POLLERR) != 0,
            writable: found.revents & libc::POLLOUT != 0,
            hangup: found.revents & (libc::POLLHUP | libc::POLLNVAL) != 0,
        })
        .collect())
}

pub fn set_nonblocking(file: &impl AsRawFd) -> io::Result<()> {
    // SAFETY: fcntl on a descriptor that the caller holds open.
    unsafe {
        let flags = check(libc::fcntl(file.as_raw_fd(), libc::F_GETFL))?;
        check(libc::fcntl(file.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK))?;
    }
    Ok(())
}

/// An exclusive lock that ends with the process. False when somebody else holds it.
pub fn try_lock(file: &impl AsRawFd) -> io::Result<bool> {
    // SAFETY: flock on a descriptor that the caller holds open.
    let result = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    match check(result) {
        Ok(_) => Ok(true),
        Err(fault) if fault.raw_os_error() == Some(libc::EWOULDBLOCK) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Orphans among our descendants become our children, so that a sweep finds them.
pub fn become_subreaper() -> io::Result<()> {
    // SAFETY: prctl with constants.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }).map(drop)
}

/// A session of one's own; for use between fork and exec.
pub fn new_session() -> io::Result<()> {
    // SAFETY: setsid is async-signal-safe and takes nothing.
    check(unsafe { libc::setsid() }).map(drop)
}

pub fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: kill takes plain numbers.
    check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// Collects one child that has ended, whichever it is: its pid and wait status.
pub fn reap_any() -> Option<(i32, i32)> {
    let mut status = 0;
    // SAFETY: the pointer is to a live integer.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    (pid > 0).then_some((pid, status))
}

/// How a process ended: exit code or signal.
pub fn exit_of(status: i32) -> (Option<i32>, Option<i32>) {
    if libc::WIFEXITED(status) {
        (Some(libc::WEXITSTATUS(status)), None)
    } else {
        (None, Some(libc::WTERMSIG(status)))
    }
}

/// Space of a file system, in bytes.
pub struct Space {
    pub total: u64,
    pub free: u64,
    /// For ordinary users.
    pub available: u64,
}

pub fn space(folder: &std::path::Path) -> io::Result<Space> {
    let path = c_string(&folder.to_string_lossy())?;
    // SAFETY: statvfs is plain data, for which all zeroes is a value; the path is a C string that outlives the call.
    unsafe {
        let mut found: libc::statvfs = std::mem::zeroed();
        check(libc::statvfs(path.as_ptr(), &raw mut found))?;
        let block = found.f_frsize;
        Ok(Space {
            total: found.f_blocks * block,
            free: found.f_bfree * block,
            available: found.f_bavail * block,
        })
    }
}

/// A user of this system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub home: String,
}

/// Becomes a user with its groups; for use between fork and exec, so it allocates nothing.
pub fn become_user(name: &std::ffi::CStr, uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: the name is a C string; the others are plain numbers.
    unsafe {
        check(libc::initgroups(name.as_ptr(), gid))?;
        check(libc::setgid(gid))?;
        check(libc::setuid(uid))?;
    }
    Ok(())
}

pub fn c_string(text: &str) -> io::Result<std::ffi::CString> {
    std::ffi::CString::new(text).map_err(|_| io::Error::other("contains NUL"))
}

pub fn is_root() -> bool {
    // SAFETY: geteuid takes nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Terminates quietly when the other end of a pipe or socket is gone, rather than by SIGPIPE.
pub fn ignore_sigpipe() {
    // SAFETY: SIG_IGN is a valid disposition.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

fn check(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Looks a user up. The agent is linked statically and resolves no names, so /etc/passwd is read, then getent is asked
/// (LDAP and the like).
pub fn find_user(name: &str) -> Option<User> {
    let parse = |text: &str| {
        text.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [found, _, uid, gid, _, home, ..] = fields.as_slice() else {
                return None;
            };
            (*found == name).then(|| {
                Some(User {
                    name: name.into(),
                    uid: uid.parse().ok()?,
                    gid: gid.parse().ok()?,
                    home: (*home).into(),
                })
            })?
        })
    };
    parse(&std::fs::read_to_string("/etc/passwd").unwrap_or_default()).or_else(|| {
        let output = std::process::Command::new("getent").args(["passwd", "--", name]).output().ok()?;
        parse(&String::from_utf8_lossy(&output.stdout))
    })
}

/// Random for each start of the system.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_or_else(|_| "unknown".into(), |id| id.trim().to_owned())
}
