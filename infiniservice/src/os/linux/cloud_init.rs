//! Where cloud-init looks for its data, as far as the seed of a medium for a cloud image depends on it.

use std::fs;
use std::path::{Path, PathBuf};

const FOLDER: &str = "/etc/cloud";

/// What `datasource_list` means for a seed. Err is worth a note and no fault: an image may be meant so.
pub(super) fn check() -> Result<String, String> {
    verdict(Path::new(FOLDER), std::env::consts::ARCH)
}

fn verdict(folder: &Path, arch: &str) -> Result<String, String> {
    let files = config_files(folder);
    if files.is_empty() {
        return Ok("not installed".into());
    }
    let fixed = files
        .iter()
        .rev()
        .find_map(|file| Some((file, datasource_list(&fs::read_to_string(file).ok()?)?)));
    let words = fixed.as_ref().map_or("no datasource_list".into(), |(file, list)| {
        format!("datasource_list is [{}] in {}", list.join(", "), file.display())
    });
    let list = fixed.as_ref().map(|(_, list)| list.as_slice());
    if list.is_some_and(|list| !list.iter().any(|name| name == "NoCloud")) {
        return Err(format!(
            "{words}: cloud-init ignores the seed of a medium for a cloud image; NoCloud is missing in the list"
        ));
    }
    if needs_seed(list, arch) {
        return Err(format!(
            "{words}: started without its seed, this machine is a new instance for cloud-init (new host keys, \
             and all else that it does once per instance); \
             leave the seed attached"
        ));
    }
    Ok(words)
}

/// True when cloud-init runs though no seed is there, and then takes the data source None, which is another
/// instance. `tools/ds-identify` of cloud-init decides (22.4 and main are alike): one entry, alone or with
/// None as the second, is used without a look; of other lists the ones whose data is there are used, and when
/// there is none, cloud-init is off (`notfound=disabled`), except that on all but x86 it runs with the whole
/// list (`DI_DEFAULT_POLICY_NO_DMI`). To a list that it writes itself it adds None; its built-in list ends
/// in None (`cloudinit/settings.py`).
fn needs_seed(list: Option<&[String]>, arch: &str) -> bool {
    let is_none = |name: &String| name == "None";
    match list {
        Some([_]) => true,
        Some([_, second]) if is_none(second) => true,
        list => !matches!(arch, "x86" | "x86_64") && list.is_none_or(|list| list.iter().any(is_none)),
    }
}

/// In cloud-init's order, the last one wins: cloud.cfg, then what ends in .cfg in cloud.cfg.d by name
/// (`read_conf_with_confd` in `cloudinit/util.py`).
fn config_files(folder: &Path) -> Vec<PathBuf> {
    let mut more: Vec<PathBuf> = fs::read_dir(folder.join("cloud.cfg.d"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|found| found.path())
        .filter(|path| path.extension().is_some_and(|end| end == "cfg"))
        .collect();
    more.sort();
    std::iter::once(folder.join("cloud.cfg"))
        .chain(more)
        .filter(|path| path.is_file())
        .collect()
}

/// The names of a file's `datasource_list`, in brackets or as a block of lines. None when it sets none, or an
/// empty one, which counts for nothing.
fn datasource_list(text: &str) -> Option<Vec<String>> {
    let lines: Vec<&str> = text.lines().map(without_comment).collect();
    // Said twice in one file, the last one counts.
    let at = lines.iter().rposition(|line| line.starts_with("datasource_list:"))?;
    let value = lines[at].split_once(':')?.1.trim();
    let names: Vec<String> = if value.starts_with('[') {
        let all = std::iter::once(value)
            .chain(lines[at + 1..].iter().copied())
            .collect::<Vec<_>>()
            .join(" ");
        let inside = all.trim_start_matches('[').split(']').next()?;
        inside.split(',').map(name).collect()
    } else {
        lines[at + 1..]
            .iter()
            .map(|line| line.trim())
            .filter(|line| !line.is_empty())
            .map_while(|line| line.strip_prefix('-').map(name))
            .collect()
    };
    let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
    (!names.is_empty()).then_some(names)
}

fn without_comment(line: &str) -> &str {
    if line.starts_with('#') {
        return "";
    }
    line.split(" #").next().unwrap_or(line)
}

fn name(text: &str) -> String {
    text.trim().trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::temporary_folder;

    /// Debian's and Ubuntu's own, shortened: many names, NoCloud and None among them.
    const STOCK: &str =
        "# to update this file, run dpkg-reconfigure cloud-init\ndatasource_list: [ NoCloud, ConfigDrive, OpenStack, Ec2, None ]\n";

    /// The verdict on a machine with these files.
    fn verdict_on(files: &[(&str, &str)], arch: &str) -> Result<String, String> {
        let folder = temporary_folder("cloud");
        fs::create_dir(folder.join("cloud.cfg.d")).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
        let found = verdict(&folder, arch);
        fs::remove_dir_all(folder).unwrap();
        found
    }

    fn note_on(list: &str) -> Option<String> {
        verdict_on(&[("cloud.cfg", "users: [default]\n"), ("cloud.cfg.d/90_dpkg.cfg", list)], "x86_64").err()
    }

    #[test]
    fn a_stock_list_and_a_machine_without_cloud_init_are_well() {
        assert_eq!(verdict_on(&[], "x86_64").unwrap(), "not installed");
        assert_eq!(
            verdict_on(&[("cloud.cfg", "users: [default]\n")], "x86_64").unwrap(),
            "no datasource_list"
        );
        for list in [
            STOCK,
            "datasource_list: [NoCloud, ConfigDrive]\n",
            "datasource_list: [None, NoCloud]\n",
            "datasource_list: []\n",
            "# datasource_list: [Ec2]\n",
            "datasource_list:\n",
        ] {
            assert_eq!(note_on(list), None, "{list}");
        }
    }

    #[test]
    fn a_list_without_nocloud_ignores_the_seed() {
        for list in [
            "datasource_list: [Ec2, None]\n",
            "datasource_list: ['Ec2', \"None\"] # ours\n",
            "datasource_list: [ Ec2,\n  None ]\n",
            "datasource_list:\n- Ec2\n- None\nusers: [default]\n",
            "datasource_list:\n  # Amazon\n  - \"Ec2\"\n\n  - None\n",
            "datasource_list: [NoCloud]\ndatasource_list: [Ec2, None]\n",
        ] {
            let note = note_on(list).unwrap_or_else(|| panic!("{list}"));
            assert!(note.contains("is [Ec2, None] in") && note.contains("90_dpkg.cfg"), "{note}");
            assert!(note.contains("ignores the seed"), "{note}");
        }
        assert!(note_on("datasource_list: [None]\n").unwrap().contains("ignores the seed"));
    }

    #[test]
    fn a_list_of_nocloud_alone_makes_a_new_instance_without_the_seed() {
        for list in ["[NoCloud, None]", "[ NoCloud ]", "[\"NoCloud\",'None']"] {
            let note = note_on(&format!("datasource_list: {list}\n")).unwrap_or_else(|| panic!("{list}"));
            assert!(note.contains("a new instance"), "{note}");
        }
    }

    #[test]
    fn where_nothing_found_does_not_turn_it_off_every_list_with_none_needs_the_seed() {
        let config = |list: &'static str| [("cloud.cfg", "users: []\n"), ("cloud.cfg.d/90_dpkg.cfg", list)];
        for (list, well) in [(STOCK, false), ("", false), ("datasource_list: [NoCloud, ConfigDrive]\n", true)] {
            assert_eq!(verdict_on(&config(list), "aarch64").is_ok(), well, "{list}");
            assert!(verdict_on(&config(list), "x86_64").is_ok(), "{list}");
        }
    }

    #[test]
    fn the_last_file_by_name_wins() {
        let ours = ("cloud.cfg.d/95_image.cfg", "datasource_list: [Ec2, None]\n");
        let stock = ("cloud.cfg.d/90_dpkg.cfg", STOCK);
        let main = ("cloud.cfg", "datasource_list: [NoCloud, None]\n");
        let off = ("cloud.cfg.d/99_off.cfg.disabled", "datasource_list: [NoCloud]\n");
        let last = ("cloud.cfg.d/99_more.cfg", "users: [default]\n");
        let note = verdict_on(&[last, off, ours, stock, main], "x86_64").unwrap_err();
        assert!(note.contains("95_image.cfg"), "{note}");
        assert!(verdict_on(&[stock, main], "x86_64").is_ok());
        assert!(verdict_on(&[main], "x86_64").unwrap_err().contains("cloud.cfg"));
    }
}
