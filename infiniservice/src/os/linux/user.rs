//! Users of this system.

use std::fs;
use std::process::Command;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub home: String,
}

/// Looks a user up. The agent is linked statically and resolves no names, so /etc/passwd is read, then getent
/// is asked (LDAP and the like).
pub fn find(name: &str) -> Option<User> {
    let parse = |text: &str| {
        text.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [found, _, uid, gid, _, home, ..] = fields.as_slice() else {
                return None;
            };
            (*found == name).then(|| {
                Some(User {
                    name: name.into(),
                    uid: uid.parse().ok()?,
                    gid: gid.parse().ok()?,
                    home: (*home).into(),
                })
            })?
        })
    };
    parse(&fs::read_to_string("/etc/passwd").unwrap_or_default()).or_else(|| {
        let output = Command::new("getent").args(["passwd", "--", name]).output().ok()?;
        parse(&String::from_utf8_lossy(&output.stdout))
    })
}
