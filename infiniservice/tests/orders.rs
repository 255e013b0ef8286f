//! What the host asks of a script beside its text: how much of its output it wants, until when it may start,
//! how long it may run; and that it may ask again.

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{Agent, Folder, Host, script, wait_for};

/// Of the tests' host, when it answers a hello: 2026-01-01T00:00:00Z.
const EARLIER: &str = "2025-12-31T23:59:59.000Z";
const LATER: &str = "2026-01-01T01:00:00.000Z";

fn with(mut script: Value, name: &str, value: Value) -> Value {
    script[name] = value;
    script
}

#[test]
fn an_acked_run_that_is_asked_for_again_is_answered_and_not_run() {
    let folder = Folder::new();
    let agent = Agent::start(&folder, &[]);
    let witness = folder.join("witness");
    let content = format!("echo ran >>{}; echo secret; echo fault >&2; exit 194", witness.display());
    let (mut host, _) = Host::meet(&folder);
    host.give("run-1", &content, 20);
    let mut end = host.completion("run-1");
    host.ack("run-1");
    host.give("run-1", &content, 20);
    let again = host.completion("run-1");
    for (name, value) in [("stdout", json!("")), ("stderr", json!("")), ("truncated", json!(true))] {
        end[name] = value;
    }
    assert_eq!(again, end, "status, exit code, counts and hashes are kept; the texts are not");
    let kept = fs::read_to_string(folder.join("state/spool/run-1.1/acked")).unwrap();
    assert!(!kept.contains("secret"), "{kept}");
    // Another ack of it, also one with the wish for a restart, changes nothing.
    host.say(json!({ "type": "ack", "execution_id": "run-1", "attempt": 1, "reboot": true }));
    // Also by an agent that has not seen the first time, and for a host that has no memory at all.
    agent.kill_9();
    drop(host);
    let _agent = Agent::start(&folder, &[]);
    let (mut host, hello) = Host::meet(&folder);
    assert_eq!(hello["runs"], json!([]));
    for _ in 0..2 {
        host.give("run-1", &content, 20);
        assert_eq!(host.completion("run-1"), end);
    }
    // One that an agent of before has acked left nothing but its name.
    fs::write(folder.join("state/spool/run-1.1/acked"), "").unwrap();
    host.give("run-1", &content, 20);
    let end = host.completion("run-1");
    assert_eq!((&end["status"], &end["exit_code"]), (&json!("interrupted"), &json!(-1)));
    assert_eq!(fs::read_to_string(witness).unwrap(), "ran\n");
}

#[test]
fn as_much_of_the_output_is_kept_as_the_host_wants() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    let letters = "printf abcdefghijklmnopqrstuvwxyz; printf 0123456789 >&2";
    host.give_script(&with(script("less", letters, 20), "output_limit_bytes", json!(11)));
    let end = host.completion("less");
    assert_eq!(
        (&end["stdout"], &end["stdout_bytes"]),
        (&json!("abcdef\n… 15 bytes cut …\nvwxyz"), &json!(26))
    );
    assert_eq!((&end["stderr"], &end["truncated"]), (&json!("0123456789"), &json!(true)));
    host.give_script(&with(script("none", letters, 20), "output_limit_bytes", json!(0)));
    let end = host.completion("none");
    assert_eq!((&end["stdout"], &end["truncated"]), (&json!("\n… 26 bytes cut …\n"), &json!(true)));
    // More than one line may have.
    host.give_script(&with(
        script("more", "head -c 400000 /dev/zero | tr '\\0' x", 20),
        "output_limit_bytes",
        json!(u64::MAX),
    ));
    let end = host.completion("more");
    assert_eq!((&end["stdout_bytes"], &end["truncated"]), (&json!(400_000), &json!(true)));
    let kept = end["stdout"].as_str().unwrap().matches('x').count();
    assert_eq!(kept, 262_144);
    // One that names none: as the answer to the hello says.
    host.give("usual", "head -c 131073 /dev/zero | tr '\\0' x", 20);
    let end = host.completion("usual");
    assert_eq!(end["stdout"].as_str().unwrap().matches('x').count(), 131_072);
}

#[test]
fn nothing_starts_after_its_time_by_the_hosts_clock() {
    let folder = Folder::new();
    let witness = folder.join("witness");
    let content = format!("echo ran >>{}", witness.display());
    // Two that an earlier agent has accepted and not started: they wait until the host has told its time.
    for (id, by) in [("left-1", EARLIER), ("left-2", LATER)] {
        let entry = folder.join("state/spool").join(format!("{id}.1"));
        fs::create_dir_all(&entry).unwrap();
        let spec = with(script(id, &content, 20), "deliver_by", json!(by));
        fs::write(entry.join("spec.json"), spec.to_string()).unwrap();
    }
    let _agent = Agent::start(&folder, &[]);
    let mut host = Host::connect(&folder);
    let hello = host.hear("handshake");
    let states: Vec<_> = hello["runs"].as_array().unwrap().iter().map(|run| run["state"].clone()).collect();
    assert_eq!(states, ["accepted", "accepted"]);
    host.answer(&hello, &json!([]));
    let mut ends = std::collections::BTreeMap::new();
    let mut hear_both = |host: &mut Host, names: [&str; 2]| {
        wait_for("both ends", || {
            if let Some(line) = host.next().filter(|line| line["type"] == "script_completion") {
                ends.insert(line["execution_id"].as_str().unwrap().to_owned(), line);
            }
            names.iter().all(|name| ends.contains_key(*name)).then_some(())
        });
        names.map(|name| ends[name]["status"].as_str().unwrap().to_owned())
    };
    assert_eq!(hear_both(&mut host, ["left-1", "left-2"]), ["failed", "success"]);
    // This system's own clock is months ahead of that host's, and does not count.
    host.give_script(&with(script("late", &content, 20), "deliver_by", json!(EARLIER)));
    host.give_script(&with(script("timely", &content, 20), "deliver_by", json!(LATER)));
    assert_eq!(hear_both(&mut host, ["late", "timely"]), ["failed", "success"]);
    host.give_script(&with(script("unclear", &content, 20), "deliver_by", json!("soon")));
    let end = host.completion("unclear");
    assert_eq!((&end["status"], &end["exit_code"]), (&json!("failed"), &json!(-1)));
    assert!(end["stderr"].as_str().unwrap().contains("deliver_by is no time"), "{end}");
    assert!(!folder.join("state/spool/late.1").exists());
    assert_eq!(fs::read_to_string(witness).unwrap(), "ran\nran\n");
}

#[test]
fn no_number_of_the_host_ends_a_supervisor() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet(&folder);
    for (at, seconds) in [1 << 62, 1 << 63, u64::MAX].into_iter().enumerate() {
        let id = format!("run-{at}");
        host.give(&id, "echo fine", seconds);
        let end = host.completion(&id);
        assert_eq!((&end["status"], &end["stdout"]), (&json!("success"), &json!("fine\n")), "{seconds}");
        host.ack(&id);
    }
    host.give("run-9", "echo on; sleep 600", u64::MAX);
    host.hear("script_output");
    // A cancel's time too; what is on disk is read by another process.
    host.say(json!({ "type": "cancel_script", "execution_id": "run-9", "grace_seconds": u64::MAX }));
    assert_eq!(host.completion("run-9")["status"], "cancelled");
}
