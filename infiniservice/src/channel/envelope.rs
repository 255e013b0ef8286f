//! Signed lines from the host.

use std::collections::{HashSet, VecDeque};

use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

use crate::text::hex;

const NONCES_KEPT: usize = 4096;

#[derive(Debug, Deserialize)]
pub struct Envelope {
    pub v: u32,
    pub ts: i64,
    pub nonce: String,
    pub payload: String,
    pub sig: String,
}

/// The signature of an envelope, in lower-case hexadecimal.
pub fn signature(key: &str, v: u32, ts: i64, nonce: &str, payload: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{v}\n{ts}\n{nonce}\n{payload}").as_bytes());
    hex(&mac.finalize().into_bytes())
}

impl Envelope {
    /// True when the signature fits; compares in constant time.
    pub fn is_signed_with(&self, key: &str) -> bool {
        let expected = signature(key, self.v, self.ts, &self.nonce, &self.payload);
        self.v == 1
            && expected.len() == self.sig.len()
            && expected
                .bytes()
                .zip(self.sig.bytes())
                .fold(0, |difference, (a, b)| difference | (a ^ b))
                == 0
    }
}

/// Nonces that were seen: a line that comes again is refused.
#[derive(Debug, Default)]
pub struct Nonces {
    seen: HashSet<String>,
    order: VecDeque<String>,
}

impl Nonces {
    /// True the first time.
    pub fn take(&mut self, nonce: &str) -> bool {
        if nonce.len() > 128 || !self.seen.insert(nonce.to_owned()) {
            return false;
        }
        self.order.push_back(nonce.to_owned());
        if self.order.len() > NONCES_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_the_reference_vector() {
        let expected = "417f2b895d7dd56461af56b07525ca476532ac795f8b92aab6c78a560686bdf5";
        assert_eq!(
            signature(
                "cross-lang-test-key",
                1,
                1_700_000_000_000,
                "fixed-nonce-123",
                r#"{"type":"Metrics"}"#
            ),
            expected
        );
    }

    #[test]
    fn refuses_a_changed_payload_and_a_nonce_that_comes_again() {
        let sig = signature("key", 1, 5, "n", "a");
        let envelope = |payload: &str| Envelope {
            v: 1,
            ts: 5,
            nonce: "n".into(),
            payload: payload.into(),
            sig: sig.clone(),
        };
        assert!(envelope("a").is_signed_with("key"));
        assert!(!envelope("b").is_signed_with("key"));
        assert!(!envelope("a").is_signed_with("other"));
        let mut nonces = Nonces::default();
        assert!(nonces.take("n") && !nonces.take("n"));
    }
}
