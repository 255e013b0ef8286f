//! The install medium that put this agent here. `install` is told its id and its proof by environment and
//! keeps them in the state folder; every hello names them, for first-boot scripts belong to an installation,
//! not to a machine: the host gives them to the one that shows the proof of their own medium.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::os::files;

/// A medium's id, and what only it carries: 32 random bytes in lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    pub id: String,
    pub proof: String,
}

impl Medium {
    /// What the environment says: nothing, or both. The fault never repeats the proof.
    pub fn parse(id: Option<String>, proof: Option<String>) -> Result<Option<Self>, String> {
        let (id, proof) = match (id, proof) {
            (None, None) => return Ok(None),
            (Some(id), Some(proof)) => (id.to_ascii_lowercase(), proof),
            _ => return Err("INFINISERVICE_MEDIUM_ID and INFINISERVICE_MEDIUM_PROOF belong together: give both or none".into()),
        };
        if !is_name(&id) {
            return Err("INFINISERVICE_MEDIUM_ID must be 1 to 64 letters, digits and hyphens".into());
        }
        if !is_proof(&proof) {
            return Err("INFINISERVICE_MEDIUM_PROOF must be 64 lower-case hexadecimal digits".into());
        }
        Ok(Some(Self { id, proof }))
    }

    /// The one that is kept; None when there is none, or none that can be read.
    pub fn read(state_dir: &Path) -> Option<Self> {
        let medium: Self = serde_json::from_slice(&fs::read(file_in(state_dir)).ok()?).ok()?;
        (is_name(&medium.id) && is_proof(&medium.proof)).then_some(medium)
    }

    /// Keeps it, for its owner's eyes only.
    pub fn keep(&self, state_dir: &Path) -> io::Result<()> {
        files::private_folder(state_dir)?;
        files::write_private(&file_in(state_dir), &serde_json::to_vec(self)?)
    }
}

/// The agent that is here was installed by no medium that is known.
pub fn forget(state_dir: &Path) -> io::Result<()> {
    match fs::remove_file(file_in(state_dir)) {
        Ok(()) => files::sync_folder(state_dir),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(fault) => Err(io::Error::new(fault.kind(), format!("{}: {fault}", file_in(state_dir).display()))),
    }
}

/// The host knows what a medium's id looks like.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_proof(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn file_in(state_dir: &Path) -> PathBuf {
    state_dir.join("medium.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::temporary_folder;

    const ID: &str = "0B1C2D3E-0000-4000-8000-00000000000a";

    fn parse(id: &str, proof: &str) -> Result<Option<Medium>, String> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Medium::parse(given(id), given(proof))
    }

    #[test]
    fn is_two_words_or_none() {
        let proof = "0a".repeat(32);
        assert_eq!(parse("", ""), Ok(None));
        let id = ID.to_ascii_lowercase();
        assert_eq!(parse(ID, &proof), Ok(Some(Medium { id, proof: proof.clone() })));
        for (id, proof, said) in [
            (ID, "", "belong together"),
            ("", proof.as_str(), "belong together"),
            ("x y", proof.as_str(), "letters, digits and hyphens"),
            (ID, "0a", "64 lower-case hexadecimal digits"),
            (ID, &"0A".repeat(32), "64 lower-case hexadecimal digits"),
        ] {
            let fault = parse(id, proof).unwrap_err();
            assert!(fault.contains(said) && !fault.contains("0a0a"), "{fault}");
        }
    }

    #[test]
    fn is_kept_for_the_owner_alone_and_forgotten() {
        let folder = temporary_folder("medium");
        assert_eq!(Medium::read(&folder), None);
        forget(&folder).unwrap();
        let medium = parse(ID, &"0a".repeat(32)).unwrap().unwrap();
        medium.keep(&folder).unwrap();
        assert_eq!(Medium::read(&folder), Some(medium));
        for damaged in ["{", r#"{"id":"x","proof":"y"}"#, r#"{"id":"","proof":null}"#] {
            fs::write(folder.join("medium.json"), damaged).unwrap();
            assert_eq!(Medium::read(&folder), None, "{damaged}");
        }
        forget(&folder).unwrap();
        assert!(!folder.join("medium.json").exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
