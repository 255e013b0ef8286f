//! The messages that both languages promise: libs/protocol/fixtures.

mod support;

use std::collections::BTreeSet;
use std::fs;

use infiniservice::channel::envelope::{Envelope, signature};
use infiniservice::channel::messages::{GuestMessage, HostMessage};
use serde_json::Value;
use support::repository;

fn fixtures(folder: &str) -> Vec<(String, Value)> {
    let mut found: Vec<_> = fs::read_dir(repository("libs/protocol/fixtures").join(folder))
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let value = serde_json::from_str(&fs::read_to_string(entry.path()).unwrap()).unwrap();
            (entry.file_name().into_string().unwrap(), value)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[test]
fn everything_that_the_host_says_is_understood() {
    let found = fixtures("to-guest");
    assert!(found.len() >= 10);
    for (name, value) in found {
        let message: HostMessage = serde_json::from_value(value.clone()).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        if let HostMessage::PendingScripts { scripts } = message {
            for script in scripts {
                serde_json::from_value::<infiniservice::channel::messages::Script>(script)
                    .unwrap_or_else(|fault| panic!("{name}: {fault}"));
            }
        }
    }
}

#[test]
fn what_the_agent_says_has_the_promised_fields() {
    let mut types = BTreeSet::new();
    for (name, value) in fixtures("to-host") {
        // Other agents say less or other things; ours has to say all of these.
        if name.contains("public") || name.contains("without-type") {
            continue;
        }
        let Ok(message) = serde_json::from_value::<GuestMessage>(value.clone()) else {
            let kind = value["type"].as_str().unwrap_or_default().to_owned();
            assert!(
                ["ping", "error", "error_report", "connection_status", "circuit_breaker_state"].contains(&kind.as_str()),
                "{name} is not a message of this agent"
            );
            continue;
        };
        let said: Value = serde_json::from_slice(&message.to_line()).unwrap();
        assert_eq!(said, value, "{name}");
        types.insert(said["type"].as_str().unwrap().to_owned());
    }
    let own = [
        "agent_event",
        "handshake",
        "keep_alive",
        "metrics",
        "request_pending_scripts",
        "response",
        "script_completion",
        "script_output",
        "script_started",
    ];
    assert_eq!(types.into_iter().collect::<Vec<_>>(), own);
}

#[test]
fn the_reference_envelope_is_signed_and_verified() {
    let text = fs::read_to_string(repository("libs/protocol/fixtures/envelope.v1.json")).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    let key = value["key"].as_str().unwrap().to_owned();
    let envelope: Envelope = serde_json::from_value(value.clone()).unwrap();
    assert!(envelope.is_signed_with(&key));
    assert!(!envelope.is_signed_with("another"));
    assert_eq!(
        signature(&key, envelope.v, envelope.ts, &envelope.nonce, &envelope.payload),
        envelope.sig
    );
    for field in ["payload", "nonce", "sig"] {
        let before = value[field].clone();
        value[field] = format!("{}x", before.as_str().unwrap()).into();
        let changed: Envelope = serde_json::from_value(value.clone()).unwrap();
        assert!(!changed.is_signed_with(&key), "{field}");
        value[field] = before;
    }
    value["ts"] = 1.into();
    assert!(!serde_json::from_value::<Envelope>(value).unwrap().is_signed_with(&key));
}
