//! Files that are whole or not there, also after a power cut; files that nobody else may read; locks.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::system;

/// Writes a file that only its owner can read, by a temporary name in the same folder, fsync and rename.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    write(path, 0o600, content)
}

/// Makes a folder that only its owner can enter; one that is there keeps its contents.
pub fn private_folder(path: &Path) -> io::Result<()> {
    folder(path, 0o700)
}

/// An empty file for writing that only its owner can read.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Opens a file, keeping what is in it, and locks it until it is closed. None while somebody else holds the
/// lock.
pub fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    Ok(system::try_lock(&file)?.then_some(file))
}

/// Writes a file with exactly this mode, by a temporary name in the same folder, fsync and rename.
pub(super) fn write(path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("a file needs a folder"))?;
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::other("a file needs a name"))?
        .to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}", std::process::id()));
    let result = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&temporary)?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        sync_folder(folder)
    })();
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result.map_err(|fault| io::Error::new(fault.kind(), format!("{}: {fault}", path.display())))
}

/// Makes a folder with exactly this mode; one that is there keeps its contents.
pub(super) fn folder(path: &Path, mode: u32) -> io::Result<()> {
    fs::create_dir_all(path)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
        .map_err(|fault| io::Error::new(fault.kind(), format!("{}: {fault}", path.display())))
}
