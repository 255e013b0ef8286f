//! One agent per state folder.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use crate::os::files;

/// The lock is held until the process ends.
pub fn single_instance(state_dir: &Path) -> Result<File, String> {
    let path = state_dir.join("agent.lock");
    if let Some(mut file) = files::lock(&path).map_err(|fault| format!("{}: {fault}", path.display()))? {
        let _ = file.set_len(0);
        let _ = write!(file, "{}", std::process::id());
        return Ok(file);
    }
    let pid = fs::read_to_string(&path).unwrap_or_default();
    Err(format!("another agent works with {} (pid {})", state_dir.display(), pid.trim()))
}
