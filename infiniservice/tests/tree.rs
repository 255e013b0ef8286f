//! No process of a script outlives its deadline, on each rung that this system has.

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use support::{Agent, Folder, Host, processes_with, wait_for};

/// Ways to get away from whoever started one. MARK names the processes.
const ESCAPES: [(&str, &str); 5] = [
    ("a session of its own", "setsid sh -c 'exec sleep 600.MARK' & sleep 600.MARK"),
    (
        "a double fork",
        "(setsid sh -c 'sleep 600.MARK & sleep 600.MARK' &) ; sleep 600.MARK",
    ),
    ("nohup", "nohup sleep 600.MARK >/dev/null 2>&1 & sleep 600.MARK"),
    (
        "deaf to TERM",
        "trap '' TERM; sh -c 'trap \"\" TERM; while :; do sleep 0.2; : MARK; done' & while :; do sleep 600.MARK; done",
    ),
    (
        "a child that holds stdout",
        "sh -c 'trap \"\" TERM HUP; echo held; while :; do sleep 0.2; : MARK; done' & sleep 600.MARK",
    ),
];

fn each_escape(env: &[(&str, &str)]) {
    for (at, (name, content)) in ESCAPES.iter().enumerate() {
        let folder = Folder::new();
        let _agent = Agent::start(&folder, env);
        let (mut host, _) = Host::meet(&folder);
        // Digits that no other process has in its words.
        let mark = format!("{}{at}", infiniservice::time::now_ms());
        let script = content.replace("MARK", &mark);
        host.give("tree", &script, 60);
        host.hear("script_started");
        if let Some((_, folder)) = env.iter().find(|(name, _)| *name == "INFINISERVICE_CGROUP") {
            let inside = fs::read_to_string(PathBuf::from(folder).join("infiniservice-tree-1/cgroup.procs")).unwrap();
            assert!(!inside.is_empty(), "the rung is the cgroup");
        }
        wait_for("the processes", || (processes_with(&mark).len() >= 2).then_some(()));
        host.say(json!({ "type": "cancel_script", "execution_id": "tree", "grace_seconds": 1 }));
        let end = host.completion("tree");
        assert_eq!((&end["status"], &end["survivors"]), (&json!("cancelled"), &json!(0)), "{name}");
        assert_eq!(processes_with(&mark), Vec::<i32>::new(), "{name}: nothing is left");
    }
}

#[test]
fn by_the_subreaper() {
    each_escape(&[("INFINISERVICE_TREE", "subreaper")]);
}

/// Mounts a cgroup v2 hierarchy where this system has none; needs root, as the agent does.
struct Cgroup(PathBuf, bool);

impl Cgroup {
    fn get() -> Self {
        if PathBuf::from("/sys/fs/cgroup/cgroup.procs").exists() {
            let own = PathBuf::from(format!("/sys/fs/cgroup/infiniservice-test-{}", std::process::id()));
            fs::create_dir(&own).expect("a cgroup needs root");
            return Self(own, false);
        }
        let folder = std::env::temp_dir().join(format!("infiniservice-cgroup-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let status = Command::new("mount")
            .args(["-t", "cgroup2", "cgroup2"])
            .arg(&folder)
            .status()
            .unwrap();
        assert!(status.success(), "mounting a cgroup2 hierarchy needs root");
        let own = folder.join(format!("test-{}", std::process::id()));
        fs::create_dir(&own).unwrap();
        Self(own, true)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
        if self.1 {
            let mounted = self.0.parent().unwrap();
            let _ = Command::new("umount").arg(mounted).status();
            let _ = fs::remove_dir(mounted);
        }
    }
}

#[test]
fn by_a_cgroup() {
    let cgroup = Cgroup::get();
    each_escape(&[("INFINISERVICE_CGROUP", cgroup.0.to_str().unwrap())]);
}

fn run(content: &str, timeout_seconds: u64) -> Value {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    host.give("run", content, timeout_seconds);
    host.completion("run")
}

#[test]
fn at_the_deadline_too() {
    let mark = format!("600.{}9", infiniservice::time::now_ms());
    let end = run(&format!("setsid sleep {mark} & echo begun; sleep {mark}"), 1);
    assert_eq!((&end["status"], &end["stdout"]), (&json!("timeout"), &json!("begun\n")));
    assert_eq!(processes_with(&mark), Vec::<i32>::new());
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    assert_eq!(run("exit 0", 10)["status"], "success");
    let end = run("exit 255", 10);
    assert_eq!((&end["exit_code"], &end["signal"]), (&json!(255), &Value::Null));
    let end = run("kill -9 $$", 10);
    assert_eq!((&end["status"], &end["signal"]), (&json!("failed"), &json!(9)));
}

#[test]
fn stdin_is_empty_and_the_environment_clean() {
    assert_eq!(run("cat; echo end", 10)["stdout"], "end\n");
    let end = run("env", 10);
    let names = end["stdout"].as_str().unwrap();
    assert!(!names.contains("INFINISERVICE_"), "{names}");
}

#[test]
fn a_daemon_that_a_script_leaves_behind_does_not_keep_it_from_ending() {
    let mark = format!("600.{}8", infiniservice::time::now_ms());
    let end = run(&format!("sleep {mark} & echo started"), 30);
    assert_eq!((&end["status"], &end["stdout"]), (&json!("success"), &json!("started\n")));
    for pid in processes_with(&mark) {
        let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
    }
}
