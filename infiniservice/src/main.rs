//! InfiniService, the Infinibay guest agent.

use std::process::ExitCode;

fn main() -> ExitCode {
    infiniservice::cli::main(std::env::args().skip(1).collect())
}
