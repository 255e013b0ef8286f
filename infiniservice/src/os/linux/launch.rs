//! Starts a script's interpreter inside its process tree.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::channel::messages::{Script, Shell};
use crate::os::process_tree::{self, Tree};
use crate::os::system::{self, User};
use crate::run::spool::{Entry, sha256_hex};
use crate::text::random_id;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub struct Launched {
    pub pid: i32,
    pub stdout: File,
    pub stderr: File,
    /// The folder of a script that another user has to read.
    pub private: Option<PathBuf>,
}

/// Removes what was put outside the spool.
pub fn clean_up(private: Option<&Path>) {
    if let Some(folder) = private {
        let _ = fs::remove_dir_all(folder);
    }
}

/// Starts the interpreter. The reason why it could not is for the operator to read.
pub fn start(entry: &Entry, script: &Script, tree: &Tree) -> Result<Launched, String> {
    if let Some(expected) = &script.sha256
        && *expected != sha256_hex(script.script_content.as_bytes())
    {
        return Err("the script's text does not have the sha256 that came with it".into());
    }
    let interpreter = interpreter(script.shell)?;
    let user = script
        .run_as
        .as_deref()
        .map(|name| system::find_user(name).ok_or_else(|| format!("there is no user {name} on this machine")))
        .transpose()?;
    if user.is_some() && !system::is_root() {
        return Err("only an agent that runs as root can run a script as another user".into());
    }
    let (file, private) = write_script(entry, script, user.as_ref())?;
    let mut command = command(&interpreter, &file, script, user.as_ref(), entry);
    let entrance = tree.entrance().map_err(|fault| format!("the script's cgroup: {fault}"))?;
    let identity = user
        .map(|user| CString::new(user.name).map(|name| (name, user.uid, user.gid)))
        .transpose()
        .map_err(|fault| fault.to_string())?;
    let set_up = move || {
        process_tree::enter(entrance.as_ref())?;
        system::new_session()?;
        match &identity {
            Some((name, uid, gid)) => system::become_user(name, *uid, *gid),
            None => Ok(()),
        }
    };
    // SAFETY: what runs between fork and exec writes to a descriptor and makes system calls; it allocates nothing.
    unsafe { command.pre_exec(set_up) };
    let mut child = command.spawn().map_err(|fault| format!("{}: {fault}", interpreter.display()))?;
    let stdout = child.stdout.take().map(OwnedFd::from).ok_or("no pipe for stdout")?;
    let stderr = child.stderr.take().map(OwnedFd::from).ok_or("no pipe for stderr")?;
    Ok(Launched {
        pid: child.id() as i32,
        stdout: stdout.into(),
        stderr: stderr.into(),
        private,
    })
}

fn interpreter(shell: Shell) -> Result<PathBuf, String> {
    let name = match shell {
        Shell::Bash => "bash",
        Shell::Sh => "sh",
        Shell::PowerShell => "pwsh",
        Shell::Cmd => return Err("cmd runs on Windows only".into()),
    };
    PATH.split(':')
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
        .ok_or_else(|| format!("{name} is not installed on this machine"))
}

/// Puts the text into a file that nobody but its runner can read.
fn write_script(entry: &Entry, script: &Script, user: Option<&User>) -> Result<(PathBuf, Option<PathBuf>), String> {
    let name = if script.shell == Shell::PowerShell {
        "script.ps1"
    } else {
        "script"
    };
    let (file, private) = match user {
        None => (entry.folder.join(name), None),
        // The spool is closed to other users: theirs gets a folder of its own.
        Some(_) => {
            let folder = std::env::temp_dir().join(format!("infiniservice-{}", random_id().map_err(|fault| fault.to_string())?));
            fs::DirBuilder::new()
                .mode(0o700)
                .create(&folder)
                .map_err(|fault| format!("{}: {fault}", folder.display()))?;
            (folder.join(name), Some(folder))
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
    Ok((file, private))
}

fn command(interpreter: &Path, file: &Path, script: &Script, user: Option<&User>, entry: &Entry) -> Command {
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
        .env("PATH", PATH)
        .env("HOME", home)
        .env("USER", name)
        .env("LOGNAME", name)
        .env("LANG", "C.UTF-8")
        .envs(script.env.iter().filter(|(name, value)| is_variable(name) && !value.contains('\0')))
        .env("INFINIBAY_EXECUTION_ID", &entry.execution_id)
        .env("INFINIBAY_ATTEMPT", entry.attempt.to_string())
        .current_dir(script.working_dir.as_deref().unwrap_or(home))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
