//! Whether the installation of the system still goes on. Whoever installs the agent in the midst of an
//! installation says so (`install --setup running`), and says its end (`install --finished`); until then the
//! hello carries `setup: running`, and the host keeps first-boot scripts back.
//!
//! The one trace of it is a file in the state folder, which is there while the installation goes on. An end
//! that is never told comes by itself, so that no machine waits for ever.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::channel::messages::SetupState;
use crate::os::{files, machine};

/// Seconds after which an installation counts as finished, whether its end was told or not.
const LONGEST: u64 = 600;

/// A time that no clock set by hand or by the network can move: a boot, and the seconds since its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    pub boot_id: String,
    pub uptime: u64,
}

impl Moment {
    /// None where the system does not tell how long it has been up.
    pub fn now() -> Option<Self> {
        Some(Self {
            boot_id: machine::boot_id(),
            uptime: machine::uptime_seconds()?,
        })
    }

    /// Seconds since an earlier moment; None when the machine was restarted between the two.
    fn since(&self, earlier: &Self) -> Option<u64> {
        (self.boot_id == earlier.boot_id)
            .then(|| self.uptime.checked_sub(earlier.uptime))
            .flatten()
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    since: Moment,
    /// The machine was restarted once since the agent was installed: an installer's last restart.
    restarted: bool,
}

/// The state as the word of an option or an environment variable; without one there is no installation.
pub fn parse(word: Option<&str>) -> Result<SetupState, String> {
    match word {
        Some("running") => Ok(SetupState::Running),
        None | Some("done") => Ok(SetupState::Done),
        Some(other) => Err(format!("the setup must be running or done, not {other}")),
    }
}

/// An installation goes on from now.
pub fn begin(state_dir: &Path, now: &Moment) -> io::Result<()> {
    files::private_folder(state_dir)?;
    let since = now.clone();
    write(&file_in(state_dir), &Record { since, restarted: false })
}

/// The installation has ended. An agent that runs sees it within a second.
/// Returns false when none went on.
pub fn finish(state_dir: &Path) -> io::Result<bool> {
    match fs::remove_file(file_in(state_dir)) {
        Ok(()) => files::sync_folder(state_dir).map(|()| true),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(fault) => Err(io::Error::new(fault.kind(), format!("{}: {fault}", file_in(state_dir).display()))),
    }
}

/// The installation as a running agent sees it.
#[derive(Debug)]
pub struct Setup {
    state_dir: PathBuf,
    /// Since when it goes on; None once it has ended.
    since: Option<Moment>,
}

impl Setup {
    /// What an agent that starts now finds. One restart of the machine counts the time anew, as the
    /// installation may go on after it; a second one ends it.
    pub fn read(state_dir: &Path, now: Option<&Moment>) -> Self {
        let mut setup = Self {
            state_dir: state_dir.to_owned(),
            since: None,
        };
        let Some(record) = fs::read(file_in(state_dir))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok())
        else {
            return setup;
        };
        let restarted = now.is_some_and(|now| now.since(&record.since).is_none());
        match now {
            Some(now) if restarted && !record.restarted => {
                let record = Record {
                    since: now.clone(),
                    restarted,
                };
                if let Err(fault) = write(&file_in(state_dir), &record) {
                    eprintln!("the setup: {fault}");
                }
                setup.since = Some(record.since);
            }
            Some(_) if restarted => setup.end("the machine was restarted twice"),
            _ => setup.since = Some(record.since),
        }
        setup
    }

    pub fn state(&self) -> SetupState {
        if self.since.is_some() {
            SetupState::Running
        } else {
            SetupState::Done
        }
    }

    /// Looks whether the installation has ended. True when it has since the last look.
    pub fn look(&mut self, now: Option<&Moment>) -> bool {
        let Some(since) = &self.since else { return false };
        if !file_in(&self.state_dir).exists() {
            eprintln!("the installation of the system has ended");
            self.since = None;
        } else if now.and_then(|now| now.since(since)).is_none_or(|elapsed| elapsed >= LONGEST) {
            self.end(&format!("nobody said so within {LONGEST} s"));
        }
        self.since.is_none()
    }

    /// For good: the next agent must not find it going on.
    fn end(&mut self, reason: &str) {
        eprintln!("the installation of the system counts as ended: {reason}");
        self.since = None;
        if let Err(fault) = finish(&self.state_dir) {
            eprintln!("the setup: {fault}");
        }
    }
}

fn file_in(state_dir: &Path) -> PathBuf {
    state_dir.join("setup")
}

fn write(file: &Path, record: &Record) -> io::Result<()> {
    files::write_private(file, &serde_json::to_vec(record)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::temporary_folder;

    fn at(boot: &str, uptime: u64) -> Moment {
        Moment {
            boot_id: boot.into(),
            uptime,
        }
    }

    /// The state that an agent finds which starts now.
    fn found(state_dir: &Path, boot: &str, uptime: u64) -> SetupState {
        Setup::read(state_dir, Some(&at(boot, uptime))).state()
    }

    #[test]
    fn is_done_where_nobody_said_otherwise() {
        let folder = temporary_folder("setup");
        let mut setup = Setup::read(&folder, Some(&at("a", 5)));
        assert_eq!(setup.state(), SetupState::Done);
        assert!(!setup.look(Some(&at("a", 6))));
        assert!(!finish(&folder).unwrap());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn goes_on_until_its_end_is_told() {
        let folder = temporary_folder("setup");
        begin(&folder, &at("a", 5)).unwrap();
        let mut setup = Setup::read(&folder, Some(&at("a", 6)));
        assert!(!setup.look(Some(&at("a", 7))));
        assert_eq!(setup.state(), SetupState::Running);
        assert!(finish(&folder).unwrap());
        assert!(setup.look(Some(&at("a", 8))), "the end is seen");
        assert!(!setup.look(Some(&at("a", 9))), "and once");
        assert_eq!((setup.state(), found(&folder, "a", 10)), (SetupState::Done, SetupState::Done));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn ends_by_itself_and_no_start_of_the_agent_gives_it_more_time() {
        let folder = temporary_folder("setup");
        begin(&folder, &at("a", 100)).unwrap();
        assert_eq!(found(&folder, "a", 650), SetupState::Running);
        let mut setup = Setup::read(&folder, Some(&at("a", 698)));
        assert!(!setup.look(Some(&at("a", 699))));
        assert!(setup.look(Some(&at("a", 700))));
        // Also for whoever comes later, in this boot and in the next.
        assert_eq!(
            (found(&folder, "a", 701), found(&folder, "b", 1)),
            (SetupState::Done, SetupState::Done)
        );
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn outlives_one_restart_of_the_machine_with_a_time_of_its_own() {
        let folder = temporary_folder("setup");
        // In an installer that was up for long.
        begin(&folder, &at("installer", 3000)).unwrap();
        let mut setup = Setup::read(&folder, Some(&at("first", 10)));
        assert!(!setup.look(Some(&at("first", 609))));
        // A restart of the agent does not count anew, a second one of the machine is the end.
        assert_eq!(found(&folder, "first", 600), SetupState::Running);
        assert!(setup.look(Some(&at("first", 610))));
        begin(&folder, &at("installer", 3000)).unwrap();
        assert_eq!(found(&folder, "first", 10), SetupState::Running);
        assert_eq!(found(&folder, "second", 10), SetupState::Done);
        assert_eq!(found(&folder, "first", 11), SetupState::Done, "for good");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_boot_without_a_name_is_told_by_its_uptime() {
        let folder = temporary_folder("setup");
        begin(&folder, &at("unknown", 3000)).unwrap();
        let mut setup = Setup::read(&folder, Some(&at("unknown", 10)));
        assert!(setup.look(Some(&at("unknown", 610))), "not only at 3,600 s");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn is_done_where_it_could_not_be_bounded_or_read() {
        let folder = temporary_folder("setup");
        begin(&folder, &at("a", 5)).unwrap();
        let mut setup = Setup::read(&folder, None);
        assert!(setup.look(None));
        assert_eq!(setup.state(), SetupState::Done);
        fs::write(folder.join("setup"), "{").unwrap();
        assert_eq!(found(&folder, "a", 6), SetupState::Done);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn takes_two_words() {
        assert_eq!(parse(None), Ok(SetupState::Done));
        assert_eq!(parse(Some("done")), Ok(SetupState::Done));
        assert_eq!(parse(Some("running")), Ok(SetupState::Running));
        assert!(parse(Some("yes")).unwrap_err().contains("running or done, not yes"));
    }
}
