//! The checks of the doctor that look at this system.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::process::Command;

use super::{cloud_init, port, service, system};
use crate::config;

/// How the agent is put on a machine, for advice.
pub const INSTALL: &str = "install-linux.sh normal <vm id>";
/// Where the VM id is kept.
pub const SETTINGS: &str = "/etc/environment";
/// Who can see the channel secret.
pub const OWNER: &str = "root";

/// True when we may see what only the agent's owner may.
pub fn is_owner() -> bool {
    system::is_root()
}

/// A setting from the files that the service's unit reads.
pub fn setting(name: &str) -> Option<String> {
    [SETTINGS, "/etc/infiniservice/agent.env"].iter().find_map(|path| {
        fs::read_to_string(path)
            .ok()?
            .lines()
            .find_map(|line| Some(line.strip_prefix(name)?.strip_prefix('=')?.trim_matches('"').to_owned()))
    })
}

/// The port: there or not, and who has it open.
pub fn check_port(device: Option<String>) -> Result<String, String> {
    let path = match device {
        Some(device) => match port::stand_in(&device) {
            Some(socket) if socket.exists() => return Ok(device),
            Some(_) => return Err(format!("{device}: nobody listens; start infiniservice run")),
            None => PathBuf::from(device),
        },
        None => port::find()?,
    };
    if !path.exists() {
        return Err(format!("{} is not there: attach the virtio-serial port to the VM", path.display()));
    }
    Ok(match port::holder(&path) {
        Some(pid) => format!(
            "{}, held by {} (pid {pid})",
            path.display(),
            fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim()
        ),
        None => format!("{}, open by nobody that we can see", path.display()),
    })
}

/// A binary that was linked dynamically runs only where the libraries are as new as where it was built.
pub fn check_program() -> Result<String, String> {
    let read = || -> io::Result<bool> {
        let mut head = Vec::new();
        File::open(std::env::current_exe()?)?.take(65_536).read_to_end(&mut head)?;
        Ok(has_interpreter(&head))
    };
    match read() {
        Ok(false) => Ok(format!("infiniservice {}, linked statically", config::VERSION)),
        Ok(true) => Err("this binary needs this system's C library: build the one to ship with npm run build:agent".into()),
        Err(fault) => Err(fault.to_string()),
    }
}

/// True when a 64-bit ELF file names a program interpreter (PT_INTERP, elf(5)).
fn has_interpreter(head: &[u8]) -> bool {
    let number = |at: usize, length: usize| -> Option<u64> {
        let bytes = head.get(at..at + length)?;
        Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    let (Some(table), Some(size), Some(count)) = (number(32, 8), number(54, 2), number(56, 2)) else {
        return false;
    };
    (0..count).any(|index| number((table + index * size) as usize, 4) == Some(3))
}

/// The service: running, or what to look at.
pub fn check_service() -> Result<String, String> {
    if !service::is_systemd_running() {
        return Ok("systemd does not run here".into());
    }
    let state = Command::new("systemctl")
        .args(["is-active", "infiniservice.service"])
        .output()
        .map_or_else(
            |fault| fault.to_string(),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        );
    if state == "active" {
        return Ok(state);
    }
    Err(format!(
        "infiniservice.service is {state}: see journalctl -u infiniservice, then systemctl restart infiniservice"
    ))
}

/// What the image's own settings mean for the media of this suite: well, or worth a note.
pub fn check_image() -> Result<String, String> {
    cloud_init::check()
}

#[cfg(test)]
mod tests {
    use super::has_interpreter;

    #[test]
    fn tells_a_dynamic_program_from_a_static_one() {
        let shell = std::fs::read("/bin/sh").unwrap();
        assert!(has_interpreter(&shell));
        assert!(!has_interpreter(&[0; 4096]));
    }
}
