//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::{self, Config};
use crate::options::Options;
use crate::os::{install, port};
use crate::{doctor, run, session};

fn usage() -> String {
    format!(
        "usage: infiniservice COMMAND [OPTIONS]

  run                                   serve the channel (what the service starts)
  install --mode normal|ping-pong --vm-id UUID [--setup running] [--root DIR]
  install --finished [--root DIR]       the installation that said --setup running has ended
  uninstall [--root DIR]
  doctor [--json]                       what is wrong, and what to do
  version [--json]

Options, also from the environment:
  --vm-id UUID          INFINIBAY_VM_ID
  --device PATH         INFINISERVICE_DEVICE        {}
  --mode MODE           INFINISERVICE_MODE          normal or ping-pong (says hello, runs nothing)
  --state-dir DIR       INFINISERVICE_STATE_DIR     {}
  --setup STATE         INFINISERVICE_SETUP         running or done: first-boot scripts wait for --finished, ten
                                                    minutes at most
                        INFINISERVICE_MEDIUM_ID, INFINISERVICE_MEDIUM_PROOF
                                                    the install medium, and what only it carries: first-boot
                                                    scripts go to the installation that shows it
                        INFINISERVICE_SHARED_SECRET the channel secret; never an option, which others could read",
        port::DEVICES,
        install::default_state_dir().display()
    )
}

/// Runs one command. Exit code 2 for wrong words, 1 for a fault.
pub fn main(arguments: Vec<String>) -> ExitCode {
    let Some((command, rest)) = arguments.split_first() else {
        eprintln!("{}", usage());
        return ExitCode::from(2);
    };
    let options = match Options::parse(rest) {
        Ok(options) => options,
        Err(fault) => {
            eprintln!("infiniservice: {fault}\n\n{}", usage());
            return ExitCode::from(2);
        }
    };
    let outcome = match command.as_str() {
        "run" => Config::read(&options).and_then(session::run),
        "runner" => run::main(options.words.first().map(PathBuf::from)),
        "install" => install::install(&options),
        "uninstall" => install::uninstall(&options),
        "doctor" => return doctor::main(&options),
        "version" => {
            print_version(options.json);
            Ok(())
        }
        "help" | "--help" | "-h" => {
            println!("{}", usage());
            Ok(())
        }
        other => {
            eprintln!("infiniservice: there is no command {other}\n\n{}", usage());
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("infiniservice: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn print_version(json: bool) {
    if json {
        let version = serde_json::json!({
            "version": config::VERSION,
            "protocol": config::PROTOCOL,
            "platform": std::env::consts::OS,
            "arch": std::env::consts::ARCH,
        });
        println!("{version}");
    } else {
        println!("infiniservice {}", config::VERSION);
    }
}
