//! What dies in between loses nothing and doubles nothing.

mod support;

use std::fs;

use serde_json::json;
use support::{Agent, Folder, Host, peak_memory, wait_for};

#[test]
fn a_run_outlives_its_agent_and_is_found_again() {
    let folder = Folder::new();
    let agent = Agent::start(&folder, &[]);
    let witness = folder.join("witness");
    let go = folder.join("go");
    let (mut host, _) = Host::meet(&folder);
    host.give(
        "run-1",
        &format!(
            "echo begun; echo ran >>{}; while [ ! -e {} ]; do sleep 0.05; done; echo ended",
            witness.display(),
            go.display()
        ),
        60,
    );
    host.hear("script_output");
    agent.kill_9();
    drop(host);
    let _agent = Agent::start(&folder, &[]);
    let (mut host, hello) = Host::meet_with(
        &folder,
        None,
        &json!([{ "execution_id": "run-1", "attempt": 1, "stdout": 6, "stderr": 0 }]),
    );
    assert_eq!(hello["runs"][0]["state"], "running");
    host.give("run-1", "echo doubled", 60);
    fs::write(go, "").unwrap();
    // Live output goes on where the host had it.
    let output = host.hear("script_output");
    assert_eq!((&output["offset"], &output["data"]), (&json!(6), &json!("ended\n")));
    let end = host.completion("run-1");
    assert_eq!((&end["status"], &end["stdout"]), (&json!("success"), &json!("begun\nended\n")));
    assert_eq!(fs::read_to_string(witness).unwrap(), "ran\n");
}

#[test]
fn a_run_that_ends_while_there_is_no_agent_is_reported_by_the_next() {
    let folder = Folder::new();
    let agent = Agent::start(&folder, &[]);
    let go = folder.join("go");
    let (mut host, _) = Host::meet(&folder);
    host.give(
        "run-1",
        &format!("echo on; while [ ! -e {} ]; do sleep 0.05; done; exit 5", go.display()),
        60,
    );
    host.hear("script_output");
    agent.kill_9();
    fs::write(go, "").unwrap();
    let result = folder.join("state/spool/run-1.1/result.json");
    wait_for("the result in the spool", || result.exists().then_some(()));
    drop(host);
    let _agent = Agent::start(&folder, &[]);
    let (mut host, hello) = Host::meet(&folder);
    assert_eq!(hello["runs"][0]["state"], "finished");
    assert_eq!(host.completion("run-1")["exit_code"], 5);
}

#[test]
fn a_supervisor_that_is_killed_leaves_a_failure_and_no_second_run() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let witness = folder.join("witness");
    let (mut host, _) = Host::meet(&folder);
    host.give(
        "run-1",
        &format!("echo ran >>{}; echo on; (setsid sleep 600.5 &) ; sleep 600.5", witness.display()),
        60,
    );
    host.hear("script_output");
    for pid in support::processes_with(folder.join("state/spool/run-1.1").to_str().unwrap()) {
        let _ = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
    }
    let end = host.completion("run-1");
    assert_eq!((&end["status"], &end["exit_code"]), (&json!("interrupted"), &json!(-1)));
    assert_eq!((&end["stdout"], &end["survivors"]), (&json!("on\n"), &json!(0)));
    assert!(end["stderr"].as_str().unwrap().contains("supervisor was ended"), "{end}");
    // Nobody watches it any more: it may not go on beside what comes after it.
    assert_eq!(support::processes_with("sleep 600.5"), Vec::<i32>::new());
    host.give("run-1", "echo doubled", 60);
    host.completion("run-1");
    assert_eq!(fs::read_to_string(witness).unwrap(), "ran\n");
}

#[test]
fn an_entry_from_before_a_restart_of_the_machine_is_interrupted() {
    let folder = Folder::new();
    let entry = folder.join("state/spool/run-1.1");
    fs::create_dir_all(&entry).unwrap();
    fs::write(entry.join("spec.json"), support::script("run-1", "echo again", 60).to_string()).unwrap();
    let started = json!({ "pid": 4711, "boot_id": "another-boot", "started_at": "2026-01-01T00:00:00Z" });
    fs::write(entry.join("started.json"), started.to_string()).unwrap();
    // Accepted and never started: it runs now, once.
    let waiting = folder.join("state/spool/run-2.1");
    fs::create_dir_all(&waiting).unwrap();
    fs::write(waiting.join("spec.json"), support::script("run-2", "echo late", 60).to_string()).unwrap();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    let mut ends = std::collections::BTreeMap::new();
    wait_for("both ends", || {
        let line = host.next().filter(|line| line["type"] == "script_completion")?;
        ends.insert(line["execution_id"].as_str().unwrap().to_owned(), line);
        (ends.len() == 2).then_some(())
    });
    assert_eq!(
        (&ends["run-1"]["status"], &ends["run-1"]["boot_id"]),
        (&json!("interrupted"), &json!("another-boot"))
    );
    assert_eq!(ends["run-2"]["stdout"], "late\n");
}

#[test]
fn torn_files_in_the_spool_cost_no_more_than_themselves() {
    let folder = Folder::new();
    for (name, file) in [("torn-1.1", "spec.json"), ("torn-2.1", "started.json"), ("torn-3.1", "result.json")] {
        let entry = folder.join("state/spool").join(name);
        fs::create_dir_all(&entry).unwrap();
        fs::write(entry.join(file), "{\"half").unwrap();
    }
    fs::create_dir_all(folder.join("state/spool/.new-half.1")).unwrap();
    fs::write(folder.join("state/spool/not an entry"), "").unwrap();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    host.give("whole", "echo whole", 20);
    assert_eq!(host.completion("whole")["stdout"], "whole\n");
    assert!(!folder.join("state/spool/.new-half.1").exists());
}

#[test]
fn two_agents_never_share_a_state() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (_host, _) = Host::meet(&folder);
    let mut second = Agent::start(&folder, &[("INFINISERVICE_DEVICE", "unix:/nonexistent/port")]);
    let status = wait_for("the second to give up", || second.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(1));
    assert!(fs::read_to_string(folder.join("log")).unwrap().contains("another agent works with"));
}

#[test]
fn a_hundred_megabytes_are_counted_and_hashed_in_little_memory() {
    let folder = Folder::new();
    let agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    host.give("flood", "printf BEGIN; head -c 100000000 /dev/zero | tr '\\0' x; printf END", 120);
    let mark = folder.join("state/spool/flood.1");
    let mut runner = 0;
    let mut limit = 200_000;
    let end = wait_for("the end", || {
        for pid in support::processes_with(mark.to_str().unwrap()) {
            runner = runner.max(peak_memory(pid as u32).unwrap_or(0));
        }
        let line = host.next()?;
        if line["type"] == "script_output" {
            limit += line["data"].as_str().unwrap().len();
            host.say(json!({ "type": "credit", "limit": limit }));
        }
        (line["type"] == "script_completion").then_some(line)
    });
    assert_eq!((&end["stdout_bytes"], &end["truncated"]), (&json!(100_000_008_u64), &json!(true)));
    let mut hash = <sha2::Sha256 as sha2::Digest>::new();
    sha2::Digest::update(&mut hash, b"BEGIN");
    for _ in 0..100 {
        sha2::Digest::update(&mut hash, vec![b'x'; 1_000_000]);
    }
    sha2::Digest::update(&mut hash, b"END");
    assert_eq!(end["stdout_sha256"], infiniservice::text::hex(&sha2::Digest::finalize(hash)));
    let text = end["stdout"].as_str().unwrap();
    assert!(text.starts_with("BEGINx") && text.ends_with("xEND") && text.len() < 140_000);
    let own = peak_memory(agent.child.id()).unwrap();
    assert!(
        own < 20_000_000 && runner > 0 && runner < 20_000_000,
        "agent {own}, supervisor {runner}"
    );
}
