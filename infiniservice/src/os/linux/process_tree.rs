//! All processes that a script or a command has started, so that none of them outlives its deadline: not one
//! that made a session of its own, forked twice, or ignores TERM. A script has two rungs: a cgroup v2, and,
//! where there is none, the subreaper's sweep over /proc. A command's processes are found by a mark in their
//! environment.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use super::{process, system};
use crate::os::Exit;
use crate::text::random_id;

const SWEEPS: usize = 100;
const BETWEEN_SWEEPS: Duration = Duration::from_millis(20);

/// A variable of its environment tells a command's processes from all others.
const MARK: &str = "INFINIBAY_COMMAND";

/// The end of a script that could not be ended, or whose end nobody saw.
pub const KILLED: Exit = Exit {
    code: None,
    signal: Some(libc::SIGKILL),
};

pub enum Tree {
    Cgroup(PathBuf),
    /// Orphans become the runner's children: every process of the script is its descendant.
    Subreaper,
}

impl Tree {
    /// The best rung that works here. `INFINISERVICE_TREE=subreaper` forces the last one;
    /// `INFINISERVICE_CGROUP` names a cgroup v2 folder to use.
    pub fn prepare(name: &str) -> io::Result<Self> {
        system::become_subreaper()?;
        if std::env::var("INFINISERVICE_TREE").is_ok_and(|rung| rung == "subreaper") {
            return Ok(Self::Subreaper);
        }
        let base = std::env::var_os("INFINISERVICE_CGROUP").map(PathBuf::from).or_else(own_cgroup);
        Ok(base.and_then(|base| make_cgroup(&base, name)).map_or(Self::Subreaper, Self::Cgroup))
    }

    /// A file to which a process writes `0` to enter the tree; None where descent is enough.
    pub(super) fn entrance(&self) -> io::Result<Option<File>> {
        match self {
            Self::Cgroup(folder) => OpenOptions::new().write(true).open(folder.join("cgroup.procs")).map(Some),
            Self::Subreaper => Ok(None),
        }
    }

    fn processes(&self) -> Vec<i32> {
        match self {
            Self::Cgroup(folder) => cgroup_processes(folder),
            Self::Subreaper => descendants(std::process::id() as i32),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.processes().is_empty()
    }

    /// Collects all children that have ended. When the script's own process is among them: how it ended.
    pub fn reap(&self, script: u32) -> Option<Exit> {
        let mut exit = None;
        while let Some((ended, status)) = system::reap_any() {
            if ended.unsigned_abs() == script {
                exit = Some(system::exit_of(status));
            }
        }
        exit
    }

    /// Asks every process to end.
    pub fn terminate(&self) {
        for pid in self.processes() {
            let _ = system::kill(pid, libc::SIGTERM);
        }
    }

    /// Ends every process. Returns how many could not be ended.
    pub fn kill(&self) -> u32 {
        for _ in 0..SWEEPS {
            if let Self::Cgroup(folder) = self {
                let _ = fs::write(folder.join("cgroup.kill"), "1");
            }
            for pid in self.processes() {
                let _ = system::kill(pid, libc::SIGKILL);
            }
            if self.processes().is_empty() {
                return 0;
            }
            thread::sleep(BETWEEN_SWEEPS);
        }
        self.processes().len() as u32
    }
}

/// Ends what is left of a run whose supervisor is gone, and with it the tree's root. Returns how many could
/// not be ended.
pub fn end_strays(execution_id: &str, attempt: u32) -> u32 {
    end_marked(&[
        format!("INFINIBAY_EXECUTION_ID={execution_id}").into_bytes(),
        format!("INFINIBAY_ATTEMPT={attempt}").into_bytes(),
    ])
}

/// A program with all that it starts.
pub struct Job {
    pub program: Child,
    mark: String,
}

impl Job {
    /// # Errors
    /// Why it could not be started, in words for the operator.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        let id = random_id().map_err(|_| "this system gives no random numbers")?;
        command.env(MARK, &id);
        process::set_apart(command);
        let program = command
            .spawn()
            .map_err(|fault| format!("the command could not be started: {fault}"))?;
        let mark = format!("{MARK}={id}");
        Ok(Self { program, mark })
    }

    /// Ends the program and all that it has started. Returns how many could not be ended.
    pub fn end(&mut self) -> u32 {
        let _ = self.program.kill();
        let survivors = end_marked(&[self.mark.as_bytes().to_vec()]);
        let _ = self.program.wait();
        survivors
    }
}

/// Ends the processes in whose environment all these entries stand. Returns how many could not be ended.
fn end_marked(marks: &[Vec<u8>]) -> u32 {
    for _ in 0..SWEEPS {
        let found = processes_with(marks);
        if found.is_empty() {
            return 0;
        }
        for pid in found {
            let _ = system::kill(pid, libc::SIGKILL);
        }
        thread::sleep(BETWEEN_SWEEPS);
    }
    processes_with(marks).len() as u32
}

/// Processes in whose environment all these entries stand. A zombie has none.
fn processes_with(marks: &[Vec<u8>]) -> Vec<i32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|found| {
            let pid: i32 = found.file_name().to_str()?.parse().ok()?;
            let environment = fs::read(found.path().join("environ")).ok()?;
            let has = |mark: &Vec<u8>| environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_slice());
            (pid != std::process::id() as i32 && marks.iter().all(has)).then_some(pid)
        })
        .collect()
}

impl Drop for Tree {
    fn drop(&mut self) {
        if let Self::Cgroup(folder) = self {
            // Fails while a daemon that the script has started lives on: then it stays, as it should.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Our own cgroup v2, if this system has one.
fn own_cgroup() -> Option<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let base = Path::new("/sys/fs/cgroup").join(path);
    base.join("cgroup.procs").exists().then_some(base)
}

fn make_cgroup(base: &Path, name: &str) -> Option<PathBuf> {
    let folder = base.join(format!("infiniservice-{name}"));
    fs::create_dir(&folder).ok()?;
    // cgroup.kill came with Linux 5.14; without it the sweep over cgroup.procs alone would race with forks.
    let usable = folder.join("cgroup.kill").exists() && OpenOptions::new().write(true).open(folder.join("cgroup.procs")).is_ok();
    if !usable {
        let _ = fs::remove_dir(&folder);
    }
    usable.then_some(folder)
}

fn cgroup_processes(folder: &Path) -> Vec<i32> {
    let own: Vec<i32> = fs::read_to_string(folder.join("cgroup.procs"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect();
    let below = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .flat_map(|entry| cgroup_processes(&entry.path()));
    own.into_iter().chain(below).collect()
}

/// Processes that descend from one, without zombies.
fn descendants(ancestor: i32) -> Vec<i32> {
    let processes: Vec<(i32, i32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name in parentheses may hold anything: fields count from its last one.
            let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
            let state = fields.next()?;
            let parent = fields.next()?.parse().ok()?;
            (state != "Z").then_some((pid, parent))
        })
        .collect();
    let mut found = vec![ancestor];
    let mut at = 0;
    while at < found.len() {
        let current = found[at];
        found.extend(processes.iter().filter(|(_, parent)| *parent == current).map(|(pid, _)| *pid));
        at += 1;
    }
    found.split_off(1)
}

/// For use between fork and exec: enters the tree.
pub(super) fn enter(entrance: Option<&File>) -> io::Result<()> {
    match entrance {
        Some(mut file) => file.write_all(b"0"),
        None => Ok(()),
    }
}
