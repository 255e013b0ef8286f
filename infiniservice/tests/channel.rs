//! The conversation with a host, well-behaved and otherwise.

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use support::{Agent, Folder, Host, VM_ID, envelope, processes_with, program, script, wait_for};

#[test]
fn hello_request_start_output_and_end() {
    // Before the agent starts: after 8 s without a word of its host it says its hello anew.
    let own = <sha2::Sha256 as sha2::Digest>::digest(std::fs::read(program()).unwrap());
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, hello) = Host::meet(&folder);
    assert_eq!(hello["vm_id"], VM_ID);
    assert_eq!(hello["protocol"], 2);
    assert_eq!(hello["runs"], json!([]));
    assert_eq!(hello["agent_sha256"], infiniservice::text::hex(&own));
    assert_eq!(host.hear("request_pending_scripts")["vm_id"], VM_ID);
    host.give(
        "run-1",
        "echo \"out $INFINIBAY_VM_ID $INFINIBAY_EXECUTION_ID $INFINIBAY_ATTEMPT\"; echo err >&2; exit 3",
        20,
    );
    assert_eq!(host.hear("script_started")["execution_id"], "run-1");
    let output = host.hear("script_output");
    assert_eq!((&output["stream"], &output["offset"]), (&json!("stdout"), &json!(0)));
    let end = host.completion("run-1");
    assert_eq!((&end["exit_code"], &end["status"]), (&json!(3), &json!("failed")));
    assert_eq!(end["stdout"], format!("out {VM_ID} run-1 1\n"));
    assert_eq!(end["stderr"], "err\n");
    assert_eq!(end["stdout_bytes"], end["stdout"].as_str().unwrap().len());
}

#[test]
fn a_result_is_said_again_until_it_is_acked_and_never_after() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    host.give("run-1", "echo once", 20);
    let first = host.completion("run-1");
    assert_eq!(host.completion("run-1"), first, "said again without an ack");
    // The host goes away and comes back: the hello lists the run, and the result comes again.
    drop(host);
    let (mut host, hello) = Host::meet(&folder);
    assert_eq!(hello["runs"][0]["execution_id"], "run-1");
    assert_eq!(hello["runs"][0]["state"], "finished");
    assert_eq!(host.completion("run-1"), first);
    host.ack("run-1");
    wait_for("the run to be forgotten", || {
        host.next().filter(|line| line["type"] == "keep_alive" && line["runs"] == json!([]))
    });
    drop(host);
    let (_host, hello) = Host::meet(&folder);
    assert_eq!(hello["runs"], json!([]));
}

#[test]
fn a_restart_comes_with_the_ack_and_is_asked_for_again_when_it_fails() {
    let folder = Folder::new();
    let (witness, program) = (folder.join("restarts"), folder.join("restart"));
    // The first restart fails.
    let text = format!("#!/bin/sh\necho restart >>{0}\n[ $(wc -l <{0}) -gt 1 ]\n", witness.display());
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let _agent = Agent::start(&folder, &[("INFINISERVICE_REBOOT", program.to_str().unwrap())]);
    let (mut host, _) = Host::meet(&folder);
    host.give("run-1", "exit 194", 20);
    let end = host.completion("run-1");
    assert_eq!(end["exit_code"], 194);
    assert!(end["boot_id"].is_string());
    assert!(!witness.exists(), "nothing restarts before the result is committed");
    let ack = json!({ "type": "ack", "execution_id": "run-1", "attempt": 1, "reboot": true });
    host.say(ack.clone());
    wait_for("the first restart", || witness.exists().then_some(()));
    host.completion("run-1");
    host.say(ack);
    wait_for("the run to be forgotten", || {
        host.next().filter(|line| line["type"] == "keep_alive" && line["runs"] == json!([]))
    });
    assert_eq!(std::fs::read_to_string(&witness).unwrap(), "restart\nrestart\n");
    // An ack without the word restarts nothing.
    host.give("run-2", "exit 194", 20);
    host.completion("run-2");
    host.ack("run-2");
    wait_for("the run to be forgotten", || {
        host.next().filter(|line| line["type"] == "keep_alive" && line["runs"] == json!([]))
    });
    assert_eq!(std::fs::read_to_string(&witness).unwrap(), "restart\nrestart\n");
}

#[test]
fn a_script_that_is_given_twice_runs_once() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let witness = folder.join("witness");
    let content = format!("echo ran >>{}", witness.display());
    let (mut host, _) = Host::meet(&folder);
    host.give("run-1", &content, 20);
    host.give("run-1", &content, 20);
    host.completion("run-1");
    host.give("run-1", &content, 20);
    host.completion("run-1");
    host.ack("run-1");
    host.give("run-1", &content, 20);
    host.give("run-2", "true", 20);
    host.completion("run-2");
    assert_eq!(std::fs::read_to_string(witness).unwrap(), "ran\n");
}

#[test]
fn garbage_costs_nothing_but_itself() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    host.send(b"not json\n{}\n[]\nnull\n\xff\xfe\n{\"type\":\"unheard of\"}\n");
    host.send(&[b'x'; 2_000_000]);
    host.send(b"\n");
    host.say(
        json!({ "type": "pending_scripts_response", "scripts": [{ "execution_id": "bad", "shell": 7 }, script("good", "echo good", 20)] }),
    );
    let refused = host.completion("bad");
    assert_eq!((&refused["exit_code"], &refused["status"]), (&json!(-1), &json!("failed")));
    assert_eq!(host.completion("good")["stdout"], "good\n");
    for id in ["../../escape", "", "a b", &"x".repeat(500)] {
        host.give(id, "echo escaped", 20);
    }
    host.give("after", "echo after", 20);
    assert_eq!(host.completion("after")["stdout"], "after\n");
}

#[test]
fn lines_of_another_session_and_lines_that_come_again_are_ignored() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    let session = std::mem::replace(&mut host.session, "another".into());
    host.give("foreign", "echo foreign", 20);
    host.session = session;
    host.counter -= 1;
    host.give("first", "true", 20);
    host.counter -= 1;
    host.give("again", "true", 20);
    host.give("last", "true", 20);
    // Lines are taken in their order: what is known of the last decides all before it.
    host.completion("last");
    drop(host);
    let (_host, hello) = Host::meet(&folder);
    let runs: Vec<_> = hello["runs"].as_array().unwrap().iter().map(|run| &run["execution_id"]).collect();
    assert_eq!(runs, ["first", "last"]);
}

#[test]
fn with_a_secret_only_signed_lines_count_and_each_once() {
    let folder = Folder::new();
    let secret = "5e".repeat(32);
    let _agent = Agent::start(&folder, &[("INFINISERVICE_SHARED_SECRET", &secret)]);
    let (mut host, hello) = Host::meet_with(&folder, Some(&secret), &json!([]));
    assert_eq!(hello["secret"], "ok");
    host.secret = None;
    host.give("unsigned", "true", 20);
    host.secret = Some("another".into());
    host.give("forged", "true", 20);
    // The same envelope with a number that fits: the nonce alone gives it away.
    host.counter += 2;
    let payload = json!({ "type": "pending_scripts_response", "scripts": [script("signed", "true", 20)], "session": host.session, "hello": host.hello, "counter": host.counter });
    let line = envelope(&secret, &payload.to_string(), "nonce");
    host.send(format!("{line}\n{line}\n").as_bytes());
    assert_eq!(host.completion("signed")["status"], "success");
    host.secret = Some(secret);
    host.give("last", "true", 20);
    let mut seen = std::collections::BTreeSet::new();
    wait_for("the last script", || {
        let line = host.next()?;
        if let Some(id) = line["execution_id"].as_str() {
            seen.insert(id.to_owned());
        }
        seen.contains("last").then_some(())
    });
    assert!(!seen.contains("unsigned") && !seen.contains("forged"));
}

#[test]
fn a_script_that_is_cancelled_is_ended() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    host.give(
        "run-1",
        "trap 'echo caught; exit 0' TERM; echo ready; while :; do sleep 0.05; done",
        60,
    );
    host.hear("script_output");
    host.say(json!({ "type": "cancel_script", "execution_id": "run-1", "grace_seconds": 5 }));
    let end = host.completion("run-1");
    assert_eq!(end["status"], "cancelled");
    assert_eq!(end["stdout"], "ready\ncaught\n");
}

#[test]
fn output_waits_for_credit_and_the_result_does_not() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    host.give("run-1", "head -c 1000000 /dev/zero | tr '\\0' x", 30);
    let mut received = 0;
    let end = wait_for("the end", || {
        let line = host.next()?;
        if line["type"] == "script_output" {
            received += line["data"].as_str().unwrap().len();
        }
        (line["type"] == "script_completion").then_some(line)
    });
    assert_eq!(received, 262_144, "no byte more than the credit");
    assert_eq!((&end["stdout_bytes"], &end["truncated"]), (&json!(1_000_000), &json!(true)));

    let go = folder.join("go");
    let content = format!(
        "head -c 1000000 /dev/zero | tr '\\0' y; while [ ! -e {} ]; do sleep 0.05; done; echo end",
        go.display()
    );
    host.give("run-2", &content, 30);
    host.say(json!({ "type": "credit", "limit": 10_000_000 }));
    let mut text = String::new();
    wait_for("all output", || {
        let line = host.next()?;
        if line["type"] == "script_output" && line["execution_id"] == "run-2" {
            assert_eq!(line["offset"], text.len());
            text.push_str(line["data"].as_str().unwrap());
        }
        if text.len() == 1_000_000 {
            std::fs::write(&go, "").unwrap();
        }
        text.ends_with("end\n").then_some(())
    });
    assert_eq!(text.len(), 1_000_004);
}

#[test]
fn output_of_any_bytes_arrives() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    host.give("run-1", "printf 'gr\\303\\274\\303\\237e\\n\\000\\377end'", 20);
    let end = host.completion("run-1");
    assert_eq!(end["stdout"], "grüße\n\u{fffd}\u{fffd}end");
    assert_eq!(end["stdout_bytes"], 13);
}

/// An agent whose state folder lies where `install --root` looks for it.
fn start_in(root: &Folder) -> Agent {
    let state = root.join("var/lib/infiniservice");
    Agent::start(root, &[("INFINISERVICE_STATE_DIR", state.to_str().unwrap())])
}

const MEDIUM: &str = "11111111-0000-4000-8000-000000000001";

fn install(root: &Folder, more: &[&str]) {
    let medium = [
        ("INFINISERVICE_MEDIUM_ID", MEDIUM),
        ("INFINISERVICE_MEDIUM_PROOF", &"0a".repeat(32)),
    ];
    let output = Command::new(program())
        .envs(medium)
        .args(["install", "--root", root.0.to_str().unwrap(), "--vm-id", VM_ID])
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_end_of_the_installation_is_said_at_once_and_nothing_is_lost_meanwhile() {
    let root = Folder::new();
    install(&root, &["--setup", "running"]);
    let agent = start_in(&root);
    let (host, hello) = Host::meet(&root);
    assert_eq!(hello["setup"], "running");
    assert_eq!(hello["medium"], json!({ "id": MEDIUM, "proof": "0a".repeat(32) }));
    // A new connection hears it anew, and so does the host of a new agent.
    drop(host);
    let (host, hello) = Host::meet(&root);
    assert_eq!(hello["setup"], "running");
    drop(host);
    agent.kill_9();
    let _agent = start_in(&root);
    let (mut host, hello) = Host::meet(&root);
    assert_eq!(hello["setup"], "running");
    let session = hello["session"].clone();

    install(&root, &["--finished"]);
    let said_at = Instant::now();
    let hello = host.hear("handshake");
    assert_eq!((&hello["setup"], &hello["session"]), (&json!("done"), &session), "no restart");
    assert_eq!(hello["medium"]["id"], MEDIUM);
    assert!(said_at.elapsed() < Duration::from_secs(10), "{:?}", said_at.elapsed());
    // Sent before the host had read that hello: it counts.
    host.give("meanwhile", "echo meanwhile", 20);
    // Not acked yet: said again, and a keep-alive has to wait.
    let next = host.hear_either("handshake", "keep_alive");
    assert_eq!((&next["type"], &next["setup"]), (&json!("handshake"), &json!("done")));
    assert_eq!(next["hello"], hello["hello"], "the same while it is repeated");
    host.answer(&next, &json!([]));
    assert_eq!(host.completion("meanwhile")["stdout"], "meanwhile\n");
    // It goes on as before: a keep-alive follows the last hello, and no further hello follows that.
    host.hear("keep_alive");
    let next = host.hear_either("handshake", "keep_alive");
    assert_eq!(next["type"], "keep_alive");

    drop(host);
    let (_host, hello) = Host::meet(&root);
    assert_eq!(hello["setup"], "done");
}

#[test]
fn an_agent_that_nobody_told_of_an_installation_has_finished() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (_host, hello) = Host::meet(&folder);
    assert_eq!((&hello["setup"], hello.get("medium")), (&json!("done"), None));
}

#[test]
fn ping_pong_runs_nothing() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[("INFINISERVICE_MODE", "ping-pong")]);
    let (mut host, _) = Host::meet(&folder);
    host.give("run-1", "true", 20);
    host.hear("keep_alive");
    let runs = host.hear("keep_alive")["runs"].clone();
    assert_eq!(runs, json!([]));
}

#[test]
fn commands_are_answered() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    host.say(
        json!({ "type": "UnsafeCommand", "id": "c-1", "raw_command": "echo $WORD; exit 4", "timeout": 10, "env_vars": { "WORD": "hi" } }),
    );
    let answer = host.hear("response");
    assert_eq!(
        (&answer["id"], &answer["success"], &answer["exit_code"]),
        (&json!("c-1"), &json!(false), &json!(4))
    );
    assert_eq!(answer["stdout"], "hi\n");
    let ask = |id: &str, more: serde_json::Value| {
        let mut command = json!({ "type": "UnsafeCommand", "id": id, "raw_command": "echo ${BASH_VERSION:+yes}$PWD", "timeout": 10 });
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command
    };
    host.say(ask("c-2", json!({ "shell": "bash", "working_dir": "/usr" })));
    assert_eq!(host.hear("response")["stdout"], "yes/usr\n");
    host.say(ask("c-3", json!({ "shell": "powershell" })));
    let answer = host.hear("response");
    assert_eq!((&answer["success"], &answer["stdout"]), (&json!(false), &json!("")));
    assert!(answer["stderr"].as_str().unwrap().contains("no shell powershell"), "{answer}");
    // As somebody else or not at all.
    host.say(ask("c-4", json!({ "run_as": "nobody" })));
    assert_eq!(host.hear("response")["success"], false);
}

#[test]
fn each_command_keeps_its_exit_code_beside_others_and_beside_scripts() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    host.give("run-1", "sleep 0.2", 20);
    for code in 1..=30 {
        host.say(json!({ "type": "UnsafeCommand", "id": code.to_string(), "raw_command": format!("exit {code}"), "timeout": 10 }));
    }
    for _ in 1..=30 {
        let answer = host.hear("response");
        assert_eq!(answer["exit_code"].to_string(), answer["id"].as_str().unwrap());
    }
}

#[test]
fn a_command_is_answered_although_what_it_leaves_behind_holds_its_output() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    let mark = format!("600.{}7", infiniservice::time::now_ms());
    host.say(json!({ "type": "UnsafeCommand", "id": "c-1", "raw_command": format!("sleep {mark} & echo started"), "timeout": 60 }));
    let answer = host.hear("response");
    assert_eq!((&answer["success"], &answer["stdout"]), (&json!(true), &json!("started\n")));
    for pid in processes_with(&mark) {
        let _ = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
    }
}

#[test]
fn a_command_at_its_deadline_takes_along_what_it_has_started() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    let mark = format!("600.{}6", infiniservice::time::now_ms());
    let command = format!("(setsid sleep {mark} &); setsid sleep {mark} & echo begun; trap '' TERM; sleep {mark}");
    host.say(json!({ "type": "UnsafeCommand", "id": "c-1", "raw_command": command, "timeout": 1 }));
    let answer = host.hear("response");
    assert_eq!((&answer["success"], &answer["stdout"]), (&json!(false), &json!("begun\n")));
    assert!(answer["stderr"].as_str().unwrap().contains("ended after 1 s"), "{answer}");
    assert_eq!(processes_with(&mark), Vec::<i32>::new());
}
