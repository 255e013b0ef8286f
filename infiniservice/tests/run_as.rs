//! Scripts of other users. The agent runs as root, and so do these tests.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};
use support::{Agent, Folder, Host, processes_with, script, wait_for};

/// A user that every system has, and its number.
const USER: &str = "nobody";

/// An agent whose temporary files lie in a folder of the test.
fn start(folder: &Folder) -> Agent {
    let temporary = folder.join("tmp");
    fs::create_dir_all(&temporary).unwrap();
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o1777)).unwrap();
    Agent::start(folder, &[("TMPDIR", temporary.to_str().unwrap())])
}

fn left_in_temporary(folder: &Folder) -> Vec<String> {
    let found = fs::read_dir(folder.join("tmp")).unwrap();
    found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn as_user(id: &str, content: &str) -> Value {
    let mut script = script(id, content, 60);
    script["run_as"] = json!(USER);
    script
}

#[test]
fn what_a_run_inherits_belongs_to_its_user() {
    let folder = Folder::new();
    let _agent = start(&folder);
    let (mut host, _) = Host::meet(&folder);
    let content = "set -e
id -un
echo one >/dev/stdout
echo two >>/proc/self/fd/1
echo three >/dev/stderr
echo four | tee /dev/stderr >/dev/stdout
cat </dev/stdin
for output in 1 2; do stat -L -c %U /proc/self/fd/$output; done
cd \"$(dirname \"$0\")\" && touch beside";
    host.give_script(&as_user("run-1", content));
    let end = host.completion("run-1");
    let said = (
        end["status"].as_str().unwrap(),
        end["stdout"].as_str().unwrap(),
        end["stderr"].as_str().unwrap(),
    );
    assert_eq!(said, ("success", "nobody\none\ntwo\nfour\nnobody\nnobody\n", "three\nfour\n"));
    assert_eq!(left_in_temporary(&folder), Vec::<String>::new());
    // Of root nothing is given away.
    host.give(
        "run-2",
        "for output in 1 2; do stat -L -c %U /proc/self/fd/$output; done; echo on >/dev/stdout",
        20,
    );
    assert_eq!(host.completion("run-2")["stdout"], "root\nroot\non\n");
}

#[test]
fn a_script_of_a_killed_supervisor_leaves_nothing() {
    let folder = Folder::new();
    let agent = start(&folder);
    let (mut host, _) = Host::meet(&folder);
    host.give_script(&as_user("run-1", "echo on; sleep 600.25"));
    host.hear("script_output");
    assert_eq!(left_in_temporary(&folder).len(), 1);
    let kill_runner = |of: &str| {
        for pid in processes_with(folder.join("state/spool").join(of).to_str().unwrap()) {
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
        }
    };
    kill_runner("run-1.1");
    assert_eq!(host.completion("run-1")["status"], "interrupted");
    assert_eq!(left_in_temporary(&folder), Vec::<String>::new());

    // Nor when its agent is gone with it, as after a power cut.
    host.give_script(&as_user("run-2", "echo on; sleep 600.25"));
    wait_for("the second script", || (left_in_temporary(&folder).len() == 1).then_some(()));
    wait_for("its start", || {
        folder.join("state/spool/run-2.1/started.json").exists().then_some(())
    });
    agent.kill_9();
    kill_runner("run-2.1");
    drop(host);
    let _agent = start(&folder);
    let (mut host, _) = Host::meet(&folder);
    assert_eq!(host.completion("run-2")["status"], "interrupted");
    assert_eq!(left_in_temporary(&folder), Vec::<String>::new());
    assert_eq!(processes_with("sleep 600.25"), Vec::<i32>::new());
}
