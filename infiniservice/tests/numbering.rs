//! Which lines count when hosts follow one another.

mod support;

use serde_json::json;
use support::{Agent, Folder, Host};

#[test]
fn what_an_earlier_host_has_left_in_the_port_counts_no_more() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut earlier, first) = Host::meet(&folder);
    earlier.give("before", "true", 20);
    earlier.completion("before");
    let (hello, counter) = (earlier.hello.clone(), earlier.counter);
    drop(earlier);
    let mut host = Host::connect(&folder);
    let second = host.hear("handshake");
    assert_ne!(first["hello"], second["hello"], "each beginning has a hello of its own");
    assert_eq!(host.hear("handshake")["hello"], second["hello"], "the same while it is repeated");
    // Lines of the same session, with numbers far above those that follow: an ack among them.
    host.session = first["session"].as_str().unwrap().to_owned();
    (host.hello, host.counter) = (hello, counter + 1_000_000);
    host.ack_hello(&json!([]));
    host.give("left", "true", 20);
    host.answer(&second, &json!([]));
    host.give("now", "true", 20);
    host.completion("now");
    // Of the host before, which names no hello.
    host.hello = None;
    host.counter = u64::MAX / 2;
    host.give("old", "true", 20);
    (host.hello, host.counter) = (second["hello"].as_str().map(str::to_owned), 10);
    host.give("last", "true", 20);
    host.completion("last");
    drop(host);
    let (_host, hello) = Host::meet(&folder);
    let runs: Vec<_> = hello["runs"].as_array().unwrap().iter().map(|run| &run["execution_id"]).collect();
    assert_eq!(runs, ["before", "last", "now"]);
}

#[test]
fn a_second_host_that_answers_the_same_hello_hears_another_one() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let mut host = Host::connect(&folder);
    let hello = host.hear("handshake");
    host.answer(&hello, &json!([]));
    host.give("first", "true", 20);
    host.completion("first");
    // The port changed hands between two looks of the agent at it.
    host.counter = 0;
    host.answer(&hello, &json!([]));
    host.give("second", "true", 20);
    let again = host.hear("handshake");
    assert_ne!(again["hello"], hello["hello"]);
    assert_eq!(again["runs"].as_array().unwrap().len(), 1, "what was not taken is not listed");
    host.answer(&again, &json!([]));
    host.give("second", "true", 20);
    host.completion("second");
}

#[test]
fn a_host_that_names_no_hello_is_understood_by_its_session() {
    let folder = Folder::new();
    let _agent = Agent::start(&folder, &[]);
    let (mut host, _) = Host::meet_naming_no_hello(&folder);
    host.give("first", "true", 20);
    host.completion("first");
    drop(host);
    let (mut host, _) = Host::meet_naming_no_hello(&folder);
    host.counter -= 1;
    host.give("again", "true", 20);
    host.give("second", "true", 20);
    host.completion("second");
    drop(host);
    let (mut host, hello) = Host::meet(&folder);
    assert_eq!(hello["runs"].as_array().unwrap().len(), 2);
    host.give("third", "true", 20);
    host.completion("third");
}
