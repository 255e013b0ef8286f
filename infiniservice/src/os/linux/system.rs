//! The few calls into the kernel and the C library that std does not have.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use crate::os::{Exit, Ready};

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

/// What a wait status says.
pub fn exit_of(status: i32) -> Exit {
    if libc::WIFEXITED(status) {
        Exit {
            code: Some(libc::WEXITSTATUS(status)),
            signal: None,
        }
    } else {
        Exit {
            code: None,
            signal: Some(libc::WTERMSIG(status)),
        }
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
    // SAFETY: statvfs is plain data, for which all zeroes is a value; the path is a C string that outlives
    // the call.
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

/// Gives what a child was started with as its outputs to a user: it can open `/dev/stdout` then, for which
/// the kernel asks who owns the pipe. For use between fork and exec, by root.
pub fn give_outputs(uid: u32, gid: u32) -> io::Result<()> {
    for output in [libc::STDOUT_FILENO, libc::STDERR_FILENO] {
        // SAFETY: fchown takes plain numbers and is async-signal-safe.
        check(unsafe { libc::fchown(output, uid, gid) })?;
    }
    Ok(())
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

/// Writing to a pipe or socket whose other end is gone becomes an error; by default SIGPIPE ends the process.
pub fn ignore_broken_pipes() {
    // SAFETY: SIG_IGN is a valid disposition.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

fn check(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
