//! What was accepted and not acked yet, on disk. An entry is durable before its script starts, and an
//! (execution, attempt) that is here is never started again.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::channel::messages::{Completion, RunState, Script, Status};
use crate::os::{files, machine};
use crate::text::random_id;
use crate::time;

/// Entries that are not acked; more are refused, so that a host gone mad does not fill the disk.
pub const MAX_ENTRIES: usize = 256;
/// Acked entries are kept this long against duplicates.
const KEPT_AFTER_ACK: Duration = Duration::from_secs(86_400);

pub struct Spool {
    folder: PathBuf,
    /// Random, made with the spool: another one means that this is a new installation or an older disk.
    pub id: String,
}

/// Written by the runner when the script starts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Started {
    /// 0 until the process is there.
    pub pid: u32,
    pub boot_id: String,
    pub started_at: String,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub folder: PathBuf,
    pub execution_id: String,
    pub attempt: u32,
}

impl Spool {
    pub fn open(state_dir: &Path) -> io::Result<Self> {
        let folder = state_dir.join("spool");
        files::private_folder(state_dir)?;
        files::private_folder(&folder)?;
        let id_file = folder.join("id");
        let id = match fs::read_to_string(&id_file) {
            Ok(id) if !id.trim().is_empty() => id.trim().to_owned(),
            _ => {
                let id = random_id()?;
                files::write_private(&id_file, id.as_bytes())?;
                id
            }
        };
        let spool = Self { folder, id };
        spool.tidy();
        Ok(spool)
    }

    /// The entry of a run, whether it is there or not. None when the id cannot be a file's name.
    pub fn entry(&self, execution_id: &str, attempt: u32) -> Option<Entry> {
        let safe = !execution_id.is_empty()
            && execution_id.len() <= 128
            && execution_id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        safe.then(|| Entry {
            folder: self.folder.join(format!("{execution_id}.{attempt}")),
            execution_id: execution_id.to_owned(),
            attempt,
        })
    }

    /// Makes an entry durable. False when it was here already, acked or not.
    pub fn accept(&self, script: &Script) -> io::Result<(Entry, bool)> {
        let entry = self
            .entry(&script.execution_id, script.attempt)
            .ok_or_else(|| io::Error::other("the execution id cannot be used as a name"))?;
        if entry.folder.exists() {
            return Ok((entry, false));
        }
        let building = self.folder.join(format!(".new-{}.{}", script.execution_id, script.attempt));
        let _ = fs::remove_dir_all(&building);
        files::private_folder(&building)?;
        files::write_private(&building.join("spec.json"), &serde_json::to_vec(script)?)?;
        fs::rename(&building, &entry.folder)?;
        files::sync_folder(&self.folder)?;
        Ok((entry, true))
    }

    /// Entries that are not acked.
    pub fn open_entries(&self) -> Vec<Entry> {
        self.all().filter(|entry| !entry.is_acked()).collect()
    }

    fn all(&self) -> impl Iterator<Item = Entry> {
        fs::read_dir(&self.folder).into_iter().flatten().flatten().filter_map(|found| {
            let name = found.file_name().into_string().ok()?;
            let (execution_id, attempt) = name.rsplit_once('.')?;
            self.entry(execution_id, attempt.parse().ok()?)
        })
    }

    /// Removes half-made entries and acked ones that are old.
    fn tidy(&self) {
        for found in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if found.file_name().to_string_lossy().starts_with(".new-") {
                let _ = fs::remove_dir_all(found.path());
            }
        }
        self.forget_old(SystemTime::now());
    }

    pub fn forget_old(&self, now: SystemTime) {
        for entry in self.all() {
            let acked_at = fs::metadata(entry.folder.join("acked")).and_then(|found| found.modified());
            if acked_at.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > KEPT_AFTER_ACK)) {
                let _ = fs::remove_dir_all(&entry.folder);
            }
        }
    }
}

impl Entry {
    pub fn script(&self) -> io::Result<Script> {
        Ok(serde_json::from_slice(&fs::read(self.folder.join("spec.json"))?)?)
    }

    pub fn started(&self) -> Option<Started> {
        serde_json::from_slice(&fs::read(self.folder.join("started.json")).ok()?).ok()
    }

    pub fn record_started(&self, started: &Started) -> io::Result<()> {
        files::write_private(&self.folder.join("started.json"), &serde_json::to_vec(started)?)
    }

    pub fn result(&self) -> Option<Completion> {
        serde_json::from_slice(&fs::read(self.folder.join("result.json")).ok()?).ok()
    }

    pub fn record_result(&self, result: &Completion) -> io::Result<()> {
        files::write_private(&self.folder.join("result.json"), &serde_json::to_vec(result)?)
    }

    pub fn stream(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The host has committed the result: what the script was given and printed is erased. Its name is kept,
    /// and how it ended with counts and hashes of what it printed.
    pub fn ack(&self) -> io::Result<()> {
        if !self.folder.exists() {
            return Ok(());
        }
        let kept = self.result().map(Completion::without_texts);
        files::write_private(&self.folder.join("acked"), &serde_json::to_vec(&kept)?)?;
        for found in fs::read_dir(&self.folder)?.flatten() {
            if found.file_name() != "acked" {
                let _ = fs::remove_file(found.path());
            }
        }
        files::sync_folder(&self.folder)
    }

    pub fn is_acked(&self) -> bool {
        self.folder.join("acked").exists()
    }

    /// The result of an acked run, without what it printed. None where an agent of before kept none.
    pub fn acked_result(&self) -> Option<Completion> {
        serde_json::from_slice(&fs::read(self.folder.join("acked")).ok()?).ok()?
    }

    /// Asks the runner to end the script; `grace` seconds lie between asking it to end and ending it.
    pub fn ask_to_cancel(&self, grace: u64) -> io::Result<()> {
        files::write_private(&self.folder.join("cancel"), grace.to_string().as_bytes())
    }

    pub fn cancel_asked(&self) -> Option<u64> {
        fs::read_to_string(self.folder.join("cancel")).ok()?.trim().parse().ok()
    }

    /// The runner's lock; None while a runner holds it.
    pub fn lock(&self) -> io::Result<Option<File>> {
        files::lock(&self.folder.join("lock"))
    }

    pub fn state(&self) -> RunState {
        if self.folder.join("result.json").exists() {
            RunState::Finished
        } else if self.folder.join("started.json").exists() {
            RunState::Running
        } else {
            RunState::Accepted
        }
    }

    /// A result without a run: the script was not started, or its end was not seen.
    pub fn result_without_run(&self, status: Status, reason: &str) -> Completion {
        Completion {
            timestamp: time::now(),
            execution_id: self.execution_id.clone(),
            exit_code: -1,
            stdout: String::new(),
            stderr: reason.to_owned(),
            log_file: None,
            attempt: self.attempt,
            boot_id: self.started().map_or_else(machine::boot_id, |started| started.boot_id),
            status,
            signal: None,
            duration_ms: 0,
            stdout_bytes: 0,
            stderr_bytes: reason.len() as u64,
            stdout_sha256: sha256_hex(b""),
            stderr_sha256: sha256_hex(reason.as_bytes()),
            truncated: false,
            survivors: 0,
        }
    }
}

/// The hash of a file, which is never in memory as a whole.
pub fn sha256_of(file: &Path) -> io::Result<String> {
    let mut hash = <sha2::Sha256 as sha2::Digest>::new();
    io::copy(&mut File::open(file)?, &mut hash)?;
    Ok(crate::text::hex(&sha2::Digest::finalize(hash)))
}

pub fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    crate::text::hex(&sha2::Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::messages::Shell;
    use std::collections::BTreeMap;

    fn script(id: &str) -> Script {
        Script {
            execution_id: id.into(),
            attempt: 1,
            script_content: "echo".into(),
            shell: Shell::Sh,
            input_values: BTreeMap::new(),
            timeout_seconds: 5,
            run_as: None,
            env: BTreeMap::new(),
            working_dir: None,
            sha256: None,
            deliver_by: None,
            output_limit_bytes: None,
        }
    }

    #[test]
    fn accepts_a_run_once_also_after_its_ack() {
        let state = crate::run::tests::temporary_folder("spool");
        let spool = Spool::open(&state).unwrap();
        let (entry, fresh) = spool.accept(&script("a")).unwrap();
        assert!(fresh);
        assert!(!spool.accept(&script("a")).unwrap().1);
        entry.ack().unwrap();
        assert!(!spool.accept(&script("a")).unwrap().1);
        assert!(!entry.folder.join("spec.json").exists(), "inputs and content are erased");
        assert!(spool.open_entries().is_empty());
        spool.forget_old(SystemTime::now() + Duration::from_secs(90_000));
        assert!(spool.accept(&script("a")).unwrap().1);
        fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn keeps_nothing_but_the_name_after_the_ack() {
        let state = crate::run::tests::temporary_folder("spool");
        let spool = Spool::open(&state).unwrap();
        let (entry, _) = spool.accept(&script("a")).unwrap();
        // Each shell has its own file; a power cut may have left half of one under its temporary name.
        for name in ["script", "script.ps1", "stdout", "stderr", "lock", "cancel", ".result.json.7"] {
            fs::write(entry.folder.join(name), "secret").unwrap();
        }
        entry.ack().unwrap();
        let left: Vec<_> = fs::read_dir(&entry.folder)
            .unwrap()
            .map(|found| found.unwrap().file_name())
            .collect();
        assert_eq!(left, ["acked"]);
        fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn refuses_ids_that_leave_the_folder() {
        let state = crate::run::tests::temporary_folder("spool");
        let spool = Spool::open(&state).unwrap();
        for id in ["../x", "", "a/b", ".", "a b"] {
            assert!(spool.entry(id, 1).is_none(), "{id}");
        }
        fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn keeps_its_id_over_a_restart() {
        let state = crate::run::tests::temporary_folder("spool");
        let first = Spool::open(&state).unwrap().id;
        assert_eq!(first, Spool::open(&state).unwrap().id);
        fs::remove_dir_all(state).unwrap();
    }
}
