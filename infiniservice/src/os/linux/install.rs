//! Puts the agent on a machine and takes it away. Any number of runs, in any order, ends in the same state.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{files, service, system};
use crate::channel::messages::SetupState;
use crate::config::{self, Mode, variable};
use crate::medium::{self, Medium};
use crate::options::Options;
use crate::setup::{self, Moment};

const STATE_DIR: &str = "/var/lib/infiniservice";
const PROGRAM: &str = "opt/infiniservice/infiniservice";
const UNIT: &str = "etc/systemd/system/infiniservice.service";
const ENABLED: &str = "etc/systemd/system/multi-user.target.wants/infiniservice.service";
const SECRETS: &str = "etc/infiniservice/agent.env";
const ENVIRONMENT: &str = "etc/environment";

/// Nothing here boxes scripts in. KillMode=process: runs outlive the agent's restart.
const UNIT_TEXT: &str = "[Unit]
Description=InfiniService, the Infinibay guest agent
Documentation=man:virtio-serial
After=local-fs.target
StartLimitIntervalSec=0

[Service]
Type=simple
EnvironmentFile=-/etc/environment
EnvironmentFile=-/etc/infiniservice/agent.env
ExecStart=/opt/infiniservice/infiniservice run
Restart=always
RestartSec=2
KillMode=process
OOMScoreAdjust=-500
SyslogIdentifier=infiniservice

[Install]
WantedBy=multi-user.target
";

/// Where the spool lies unless something else is said.
pub fn default_state_dir() -> PathBuf {
    STATE_DIR.into()
}

pub fn install(options: &Options) -> Result<(), String> {
    if options.finished {
        return finish(options);
    }
    let vm_id = config::vm_id(options)?;
    let mode = Mode::parse(options.mode.as_deref().unwrap_or("normal"))?;
    let setup = setup::parse(options.setup.clone().or_else(|| variable("INFINISERVICE_SETUP")).as_deref())?;
    let medium = Medium::parse(variable("INFINISERVICE_MEDIUM_ID"), variable("INFINISERVICE_MEDIUM_PROOF"))?;
    let root = root(options)?;
    let secret = variable("INFINISERVICE_SHARED_SECRET");
    if secret.as_ref().is_some_and(|secret| {
        !secret
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\'' && byte != b'\\' && byte != b'"')
    }) {
        return Err("INFINISERVICE_SHARED_SECRET has characters that an environment file cannot carry".into());
    }
    let put = || -> io::Result<()> {
        let program = root.join(PROGRAM);
        files::folder(program.parent().unwrap_or(&root), 0o755)?;
        let own = fs::read(std::env::current_exe()?)?;
        if fs::read(&program).ok().as_deref() != Some(&own) {
            files::write(&program, 0o755, &own)?;
        }
        let secrets = root.join(SECRETS);
        files::folder(secrets.parent().unwrap_or(&root), 0o700)?;
        // A run without a secret keeps the one that is there.
        let before = fs::read_to_string(&secrets).unwrap_or_default();
        let kept = secret.clone().or_else(|| value_of(&before, "INFINISERVICE_SHARED_SECRET"));
        let lines = [
            kept.map(|secret| format!("INFINISERVICE_SHARED_SECRET={secret}\n")),
            Some(format!("INFINISERVICE_MODE={}\n", mode.as_str())),
        ];
        files::write(&secrets, 0o600, lines.into_iter().flatten().collect::<String>().as_bytes())?;
        let state_dir = state_dir(&root, options);
        let environment = root.join(ENVIRONMENT);
        match medium {
            Some(medium) => medium.keep(&state_dir)?,
            // Installed again by hand it is the installation that it was; under another id it is not.
            None if !is_installed_for(&environment, &vm_id) => medium::forget(&state_dir)?,
            None => {}
        }
        set_variable(&environment, "INFINIBAY_VM_ID", Some(&vm_id))?;
        files::folder(root.join(UNIT).parent().unwrap_or(&root), 0o755)?;
        files::write(&root.join(UNIT), 0o644, UNIT_TEXT.as_bytes())?;
        match (setup, Moment::now()) {
            (SetupState::Running, Some(now)) => setup::begin(&state_dir, &now)?,
            _ => drop(setup::finish(&state_dir)?),
        }
        enable(&root)
    };
    put().map_err(|fault| format!("the installation stopped: {fault}"))?;
    restore_contexts(&root);
    if is_running_system(&root) {
        systemctl(&["daemon-reload"])?;
        systemctl(&["restart", "infiniservice.service"])?;
        println!(
            "InfiniService {} is installed and runs for machine {}…",
            config::VERSION,
            config::short_id(&vm_id)
        );
    } else {
        println!(
            "InfiniService {} is installed for machine {}…; it starts with the system",
            config::VERSION,
            config::short_id(&vm_id)
        );
    }
    Ok(())
}

/// Says the end of an installation that was said to go on; does nothing when none does.
fn finish(options: &Options) -> Result<(), String> {
    let root = root(options)?;
    let ended = setup::finish(&state_dir(&root, options)).map_err(|fault| fault.to_string())?;
    println!(
        "{}",
        if ended {
            "the installation of the system has ended: first-boot scripts may start"
        } else {
            "no installation of the system goes on"
        }
    );
    Ok(())
}

/// The state folder of a system that lies at `root`.
fn state_dir(root: &Path, options: &Options) -> PathBuf {
    let folder = config::state_dir(options);
    root.join(folder.strip_prefix("/").unwrap_or(&folder))
}

pub fn uninstall(options: &Options) -> Result<(), String> {
    let root = root(options)?;
    if is_running_system(&root) && root.join(UNIT).exists() {
        systemctl(&["stop", "infiniservice.service"])?;
    }
    let take = || -> io::Result<()> {
        for path in [ENABLED, UNIT, PROGRAM, SECRETS] {
            remove(&root.join(path))?;
        }
        for folder in ["opt/infiniservice", "etc/infiniservice"] {
            // Stays when somebody else has put something there.
            let _ = fs::remove_dir(root.join(folder));
        }
        let state_dir = state_dir(&root, options);
        setup::finish(&state_dir)?;
        medium::forget(&state_dir)?;
        let _ = fs::remove_dir(state_dir);
        set_variable(&root.join(ENVIRONMENT), "INFINIBAY_VM_ID", None)
    };
    take().map_err(|fault| format!("the removal stopped: {fault}"))?;
    if is_running_system(&root) {
        systemctl(&["daemon-reload"])?;
    }
    println!("InfiniService is removed; {} keeps what was not delivered", STATE_DIR);
    Ok(())
}

fn root(options: &Options) -> Result<PathBuf, String> {
    match &options.root {
        Some(root) => Ok(PathBuf::from(root)),
        None if system::is_root() => Ok(PathBuf::from("/")),
        None => Err("this needs root".into()),
    }
}

/// By hand, so that it works in a chroot where no systemd runs.
fn enable(root: &Path) -> io::Result<()> {
    let link = root.join(ENABLED);
    files::folder(link.parent().unwrap_or(root), 0o755)?;
    remove(&link)?;
    std::os::unix::fs::symlink("/etc/systemd/system/infiniservice.service", &link)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(io::Error::new(fault.kind(), format!("{}: {fault}", path.display()))),
        _ => Ok(()),
    }
}

/// Sets or removes a variable in a file of NAME=value lines; all other lines stay as they are.
fn set_variable(path: &Path, name: &str, value: Option<&str>) -> io::Result<()> {
    let before = fs::read_to_string(path).unwrap_or_default();
    let is_other = |line: &&str| value_of(line, name).is_none();
    let mut after: String = before.lines().filter(is_other).map(|line| format!("{line}\n")).collect();
    if let Some(value) = value {
        after.push_str(&format!("{name}={value}\n"));
    }
    if after == before {
        return Ok(());
    }
    files::write(path, 0o644, after.as_bytes())
}

/// Whether the file names this machine, in whatever case.
fn is_installed_for(environment: &Path, vm_id: &str) -> bool {
    let before = fs::read_to_string(environment).unwrap_or_default();
    value_of(&before, "INFINIBAY_VM_ID").is_some_and(|id| id.eq_ignore_ascii_case(vm_id))
}

/// The value of a variable in such a file.
fn value_of(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        Some(line.strip_prefix(name)?.strip_prefix('=')?.trim().trim_matches('"').to_owned())
    })
}

/// SELinux keeps services from running programs that carry a home folder's or a temporary file's context.
fn restore_contexts(root: &Path) {
    if !root.join("usr/sbin/restorecon").exists() && !root.join("sbin/restorecon").exists() {
        return;
    }
    let paths = [PROGRAM, UNIT, SECRETS, ENVIRONMENT].map(|path| root.join(path));
    let _ = Command::new("restorecon")
        .args(["-F", "--"])
        .args(paths)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

fn is_running_system(root: &Path) -> bool {
    root == Path::new("/") && service::is_systemd_running()
}

fn systemctl(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("systemctl")
        .args(arguments)
        .output()
        .map_err(|fault| format!("systemctl: {fault}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "systemctl {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}
