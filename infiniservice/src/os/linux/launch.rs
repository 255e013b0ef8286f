//! Starts a script's interpreter inside its process tree.

use std::ffi::CString;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::pipe::Pipe;
use super::process_tree::{self, Tree};
use super::user::{self, User};
use super::{files, shell, system};
use crate::channel::messages::{Script, Shell};
use crate::text::random_id;

pub struct Launched {
    pub pid: u32,
    pub stdout: Pipe,
    pub stderr: Pipe,
}

/// In a run's folder: where the folder of a script lies that another user has to read. On record before that
/// folder is made, so that whoever outlives this process removes it.
const PRIVATE: &str = "private";

/// Starts the interpreter. The reason why it could not is for the operator to read.
///
/// `folder` is the run's own, closed to other users; `variables` is what the script's environment holds
/// beside what this system puts there.
pub fn start(folder: &Path, script: &Script, variables: &[(String, String)], tree: &Tree) -> Result<Launched, String> {
    let interpreter = shell::interpreter(script.shell)?;
    let user = script
        .run_as
        .as_deref()
        .map(|name| user::find(name).ok_or_else(|| format!("there is no user {name} on this machine")))
        .transpose()?;
    if user.is_some() && !system::is_root() {
        return Err("only an agent that runs as root can run a script as another user".into());
    }
    let file = write_script(folder, script, user.as_ref())?;
    let mut command = command(&interpreter, &file, script, user.as_ref(), variables);
    let entrance = tree.entrance().map_err(|fault| format!("the script's cgroup: {fault}"))?;
    let identity = user
        .map(|user| CString::new(user.name).map(|name| (name, user.uid, user.gid)))
        .transpose()
        .map_err(|fault| fault.to_string())?;
    let set_up = move || {
        process_tree::enter(entrance.as_ref())?;
        system::new_session()?;
        match &identity {
            Some((name, uid, gid)) => {
                system::give_outputs(*uid, *gid)?;
                system::become_user(name, *uid, *gid)
            }
            None => Ok(()),
        }
    };
    // SAFETY: what runs between fork and exec writes to a descriptor and makes system calls; it allocates
    // nothing.
    unsafe { command.pre_exec(set_up) };
    let mut child = command.spawn().map_err(|fault| format!("{}: {fault}", interpreter.display()))?;
    let stdout = child.stdout.take().map(OwnedFd::from).ok_or("no pipe for stdout")?;
    let stderr = child.stderr.take().map(OwnedFd::from).ok_or("no pipe for stderr")?;
    Ok(Launched {
        pid: child.id(),
        stdout: Pipe::new(stdout).map_err(|fault| fault.to_string())?,
        stderr: Pipe::new(stderr).map_err(|fault| fault.to_string())?,
    })
}

/// Removes what `start` has put outside of a run's folder; also for a process that is gone, any number of
/// times.
pub fn clean_up(folder: &Path) {
    if let Ok(private) = fs::read_to_string(folder.join(PRIVATE)) {
        let _ = fs::remove_dir_all(private);
    }
}

/// Puts the text into a file that nobody but its runner can read.
fn write_script(folder: &Path, script: &Script, user: Option<&User>) -> Result<PathBuf, String> {
    let name = if script.shell == Shell::PowerShell {
        "script.ps1"
    } else {
        "script"
    };
    let (file, private) = match user {
        None => (folder.join(name), None),
        // The spool is closed to other users: theirs gets a folder of its own.
        Some(_) => {
            let private = std::env::temp_dir().join(format!("infiniservice-{}", random_id().map_err(|fault| fault.to_string())?));
            files::write_private(&folder.join(PRIVATE), private.as_os_str().as_encoded_bytes()).map_err(|fault| fault.to_string())?;
            fs::DirBuilder::new()
                .mode(0o700)
                .create(&private)
                .map_err(|fault| format!("{}: {fault}", private.display()))?;
            (private.join(name), Some(private))
        }
    };
    let write = || -> std::io::Result<()> {
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o700).open(&file)?;
        out.write_all(script.script_content.as_bytes())?;
        if let (Some(user), Some(folder)) = (user, &private) {
            chown(&file, Some(user.uid), Some(user.gid))?;
            chown(folder, Some(user.uid), Some(user.gid))?;
        }
        Ok(())
    };
    write().map_err(|fault| format!("{}: {fault}", file.display()))?;
    Ok(file)
}

fn command(interpreter: &Path, file: &Path, script: &Script, user: Option<&User>, variables: &[(String, String)]) -> Command {
    let mut command = Command::new(interpreter);
    if script.shell == Shell::PowerShell {
        command.args(["-NoProfile", "-NonInteractive", "-File"]);
    }
    let home = user.map_or("/root", |user| user.home.as_str());
    let name = user.map_or("root", |user| user.name.as_str());
    let home = if Path::new(home).is_dir() { home } else { "/" };
    // A clean environment: the agent's own carries the channel secret.
    command
        .arg(file)
        .env_clear()
        .env("PATH", shell::PATH)
        .env("HOME", home)
        .env("USER", name)
        .env("LOGNAME", name)
        .env("LANG", "C.UTF-8")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .current_dir(script.working_dir.as_deref().unwrap_or(home))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
