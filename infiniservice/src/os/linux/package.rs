//! The installed packages, from dpkg or rpm.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::service::program;
use crate::command::Answer;

/// The answer to PackageList: name, version and architecture of each.
pub fn list(deadline: Duration) -> Answer {
    let mut answer = if Path::new("/usr/bin/dpkg-query").exists() {
        program(
            "dpkg-query",
            &["--show", "--showformat=${Package}\t${Version}\t${Architecture}\n"],
            deadline,
        )
    } else {
        program(
            "rpm",
            &["-qa", "--queryformat", "%{NAME}\t%{VERSION}-%{RELEASE}\t%{ARCH}\n"],
            deadline,
        )
    };
    let packages: Vec<Value> = std::mem::take(&mut answer.stdout)
        .lines()
        .filter_map(|line| {
            let mut fields = line.split('\t');
            Some(json!({ "name": fields.next()?, "version": fields.next()?, "architecture": fields.next()? }))
        })
        .collect();
    Answer {
        data: json!(packages),
        ..answer
    }
}
