//! Faults in the byte stream from the host: each costs at most the line that it strikes. `FUZZ_CASES` says
//! how many streams are tried.

mod support;

use std::fs;

use infiniservice::channel::line::{LIMIT, LineDecoder, object_in};
use infiniservice::channel::messages::HostMessage;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use support::repository;

/// What hosts say, as one session's stream would hold it: one message a line, plain and signed.
fn recorded() -> Vec<Vec<u8>> {
    let mut found: Vec<_> = fs::read_dir(repository("libs/protocol/fixtures/to-guest"))
        .unwrap()
        .map(|entry| type_first(&fs::read_to_string(entry.unwrap().path()).unwrap()))
        .collect();
    found.sort();
    let payload = String::from_utf8(found[0].clone()).unwrap();
    found.push(type_first(&support::envelope("5ec2e7", &payload, "nonce-1")));
    found
}

/// On one line, as the gateway writes it.
fn type_first(text: &str) -> Vec<u8> {
    let mut value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
    let kind = value.remove("type").unwrap();
    let rest = serde_json::to_string(&value).unwrap();
    format!("{{\"type\":{kind},{}", &rest[1..]).replace(",}", "}").into_bytes()
}

#[derive(Debug, Clone)]
enum Fault {
    Cut,
    Drop,
    Repeat(usize),
    Insert(Vec<u8>),
}

fn spoil(stream: &[u8], at: f64, fault: &Fault) -> Vec<u8> {
    let (before, after) = stream.split_at((at * stream.len() as f64) as usize);
    match fault {
        Fault::Insert(junk) => [before, junk, after].concat(),
        Fault::Repeat(count) => [before, &before[before.len().saturating_sub(*count)..], after].concat(),
        Fault::Drop => [before, after.get(1..).unwrap_or_default()].concat(),
        // A connection ends in mid-line; the next one begins with a whole line.
        Fault::Cut => {
            let next = after.iter().position(|&byte| byte == b'\n').unwrap_or(after.len());
            [before, &after[next..]].concat()
        }
    }
}

/// The lines that are messages, as the agent would take them.
fn heard(stream: &[u8], piece: usize) -> Vec<Vec<u8>> {
    let mut decoder = LineDecoder::default();
    let mut found = Vec::new();
    for chunk in stream.chunks(piece) {
        for line in decoder.push(chunk) {
            assert!(line.len() <= LIMIT);
            let Some(object) = object_in(&line) else { continue };
            let is_signed = object.starts_with(b"{\"type\":\"signed\"");
            if is_signed || serde_json::from_slice::<HostMessage>(object).is_ok() {
                found.push(object.to_vec());
            }
        }
    }
    found
}

#[test]
fn a_fault_costs_at_most_one_line() {
    let cases = std::env::var("FUZZ_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(2000);
    let fault = prop_oneof![
        Just(Fault::Cut),
        Just(Fault::Drop),
        (1usize..40).prop_map(Fault::Repeat),
        prop::collection::vec(any::<u8>(), 1..40).prop_map(Fault::Insert),
    ];
    let recorded = recorded();
    let strategy = (
        prop::collection::vec(0..recorded.len(), 2..7),
        prop::collection::vec((0.0..1.0f64, fault), 1..4),
        1usize..5000,
    );
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&strategy, |(lines, faults, piece)| {
            let mut stream = vec![b'\n'];
            for &index in &lines {
                stream.extend_from_slice(&recorded[index]);
                stream.push(b'\n');
            }
            let mut left = heard(&stream, 4096);
            prop_assert_eq!(left.len(), lines.len());
            for (at, fault) in &faults {
                stream = spoil(&stream, *at, fault);
            }
            for line in heard(&stream, piece) {
                if let Some(at) = left.iter().position(|said| *said == line) {
                    left.swap_remove(at);
                }
            }
            prop_assert!(left.len() <= faults.len(), "{} lines lost by {:?}", left.len(), faults);
            Ok(())
        })
        .unwrap();
}
