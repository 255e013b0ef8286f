//! Putting the agent on a machine, into a folder that stands for its root.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use support::{Folder, VM_ID, program};

fn infiniservice(arguments: &[&str], env: &[(&str, &str)]) -> Output {
    Command::new(program())
        .args(arguments)
        .env_remove("INFINIBAY_VM_ID")
        .env_remove("INFINISERVICE_SHARED_SECRET")
        .env_remove("INFINISERVICE_SETUP")
        .env_remove("INFINISERVICE_MEDIUM_ID")
        .env_remove("INFINISERVICE_MEDIUM_PROOF")
        .envs(env.iter().copied())
        .output()
        .unwrap()
}

fn install(root: &Folder, env: &[(&str, &str)]) -> Output {
    let root = root.0.to_str().unwrap();
    infiniservice(&["install", "--mode", "normal", "--vm-id", VM_ID, "--root", root], env)
}

/// Every file with its mode and, for small ones, what is in it.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let about = fs::symlink_metadata(&path).unwrap();
        if about.is_dir() {
            found.extend(tree(&path));
        } else {
            let content = if about.is_symlink() {
                fs::read_link(&path).unwrap().display().to_string()
            } else if about.len() < 10_000 {
                fs::read_to_string(&path).unwrap()
            } else {
                about.len().to_string()
            };
            found.insert(
                path.display().to_string(),
                format!("{:o} {content}", about.permissions().mode() & 0o777),
            );
        }
    }
    found
}

#[test]
fn any_number_of_times_ends_in_the_same_state() {
    let root = Folder::new();
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::write(root.join("etc/environment"), "PATH=/bin\nINFINIBAY_VM_ID=old\nLANG=C\n").unwrap();
    let secret = "5e".repeat(32);
    let first = install(&root, &[("INFINISERVICE_SHARED_SECRET", &secret)]);
    assert!(first.status.success(), "{first:?}");
    let once = tree(&root.0);
    // Without the secret: the one that is there is kept.
    assert!(install(&root, &[]).status.success());
    assert_eq!(tree(&root.0), once);

    let environment = fs::read_to_string(root.join("etc/environment")).unwrap();
    assert_eq!(environment, format!("PATH=/bin\nLANG=C\nINFINIBAY_VM_ID={VM_ID}\n"));
    let settings = root.join("etc/infiniservice/agent.env");
    assert!(fs::read_to_string(&settings).unwrap().contains(&secret));
    assert_eq!(fs::metadata(&settings).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        fs::read(root.join("opt/infiniservice/infiniservice")).unwrap(),
        fs::read(program()).unwrap()
    );
    assert!(
        root.join("etc/systemd/system/multi-user.target.wants/infiniservice.service")
            .is_symlink()
    );
    let printed = String::from_utf8_lossy(&first.stdout).into_owned();
    assert!(!printed.contains(VM_ID) && !printed.contains(&secret), "{printed}");
}

#[test]
fn its_unit_is_one_that_systemd_takes() {
    let root = Folder::new();
    assert!(install(&root, &[]).status.success());
    let unit = root.join("etc/systemd/system/infiniservice.service");
    // systemd looks for the program where it will be.
    let text = fs::read_to_string(&unit)
        .unwrap()
        .replace("/opt/infiniservice/infiniservice", program());
    let checked = root.join("infiniservice.service");
    fs::write(&checked, text).unwrap();
    let verdict = Command::new("systemd-analyze")
        .arg("verify")
        .arg("--man=no")
        .arg(&checked)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verdict.stderr);
    assert!(!said.contains("infiniservice.service:"), "{said}");
}

#[test]
fn uninstall_takes_away_what_install_brought_and_nothing_else() {
    let root = Folder::new();
    fs::create_dir_all(root.join("etc/infiniservice")).unwrap();
    fs::write(root.join("etc/environment"), "LANG=C\n").unwrap();
    fs::write(root.join("etc/infiniservice/mine"), "kept").unwrap();
    let before = tree(&root.0);
    assert!(install(&root, &[]).status.success());
    for _ in 0..2 {
        let output = infiniservice(&["uninstall", "--root", root.0.to_str().unwrap()], &[]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(tree(&root.0), before);
    }
}

#[test]
fn an_installation_that_goes_on_is_told_by_option_or_variable_and_ended_by_a_word() {
    let root = Folder::new();
    let path = root.0.to_str().unwrap();
    let trace = root.join("var/lib/infiniservice/setup");
    let finished = || infiniservice(&["install", "--finished", "--root", path], &[]);
    assert!(install(&root, &[]).status.success());
    assert!(!trace.exists(), "nobody said that it goes on");

    let said = install(&root, &[("INFINISERVICE_SETUP", "running")]);
    assert!(said.status.success(), "{said:?}");
    assert_eq!(fs::metadata(&trace).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(trace.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    for words in ["has ended: first-boot scripts may start", "no installation of the system goes on"] {
        let output = finished();
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(words), "{output:?}");
        assert!(!trace.exists());
    }

    // The option, and an installation after it that says nothing: it is over.
    let words = ["install", "--vm-id", VM_ID, "--setup", "running", "--root", path];
    assert!(infiniservice(&words, &[]).status.success());
    assert!(trace.exists());
    assert!(install(&root, &[]).status.success());
    assert!(!trace.exists());

    assert!(infiniservice(&words, &[]).status.success());
    assert!(infiniservice(&["uninstall", "--root", path], &[]).status.success());
    assert!(!root.join("var/lib/infiniservice").exists());
}

#[test]
fn the_medium_is_kept_until_another_one_or_another_machine_takes_its_place() {
    const OTHER_VM: &str = "8c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d";
    let root = Folder::new();
    let path = root.0.to_str().unwrap();
    let kept = root.join("var/lib/infiniservice/medium.json");
    let proof = "0a".repeat(32);
    let from = |id: &str| install(&root, &[("INFINISERVICE_MEDIUM_ID", id), ("INFINISERVICE_MEDIUM_PROOF", &proof)]);
    let id_of = || serde_json::from_slice::<serde_json::Value>(&fs::read(&kept).unwrap()).unwrap()["id"].clone();
    let (first, second) = ("11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002");
    for id in [first, second] {
        let output = from(id);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(id_of(), id);
        assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!format!("{output:?}").contains(&proof));
    }
    // By hand, for a newer agent: it is the same installation.
    assert!(install(&root, &[]).status.success());
    assert_eq!(id_of(), second);
    // For another machine it is not.
    let words = ["install", "--vm-id", OTHER_VM, "--root", path];
    assert!(infiniservice(&words, &[]).status.success());
    assert!(!kept.exists());

    assert!(from(first).status.success());
    assert!(infiniservice(&["uninstall", "--root", path], &[]).status.success());
    assert!(!root.join("var/lib/infiniservice").exists());

    let half = install(&root, &[("INFINISERVICE_MEDIUM_ID", first)]);
    assert_eq!(half.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&half.stderr).contains("belong together"));
}

#[test]
fn wrong_words_are_named() {
    let root = Folder::new();
    let path = root.0.to_str().unwrap();
    for (arguments, code, said) in [
        (vec!["install", "--root", path], 1, "the VM id is missing"),
        (vec!["install", "--vm-id", "x;reboot", "--root", path], 1, "must be a UUID"),
        (
            vec!["install", "--vm-id", VM_ID, "--mode", "loud", "--root", path],
            1,
            "normal or ping-pong",
        ),
        (
            vec!["install", "--vm-id", VM_ID, "--setup", "soon", "--root", path],
            1,
            "running or done, not soon",
        ),
        (vec!["install", "--vm-id"], 2, "--vm-id needs a value"),
        (vec!["run", "--surprise"], 2, "there is no option --surprise"),
        (vec!["dance"], 2, "there is no command dance"),
        (vec![], 2, "usage"),
    ] {
        let output = infiniservice(&arguments, &[]);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
    assert!(tree(&root.0).is_empty(), "nothing is written before all words are right");
}

#[test]
fn version_and_doctor_speak_to_people_and_programs() {
    let version: serde_json::Value = serde_json::from_slice(&infiniservice(&["version", "--json"], &[]).stdout).unwrap();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(version["protocol"], 2);
    let doctor = infiniservice(&["doctor", "--json"], &[("INFINISERVICE_DEVICE", "/dev/there/is/none")]);
    assert_eq!(doctor.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&doctor.stdout).unwrap();
    assert_eq!(report["ok"], false);
    let faults: Vec<_> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|check| check["fault"].as_str())
        .collect();
    assert!(faults.iter().any(|fault| fault.contains("/dev/there/is/none")), "{faults:?}");
    let image = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "cloud-init")
        .unwrap();
    assert_eq!(image["ok"], true, "an image may be as it is: {image}");
}
