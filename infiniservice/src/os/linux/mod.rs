//! Linux: any distribution, with systemd or without, statically linked, so no name is resolved by the C
//! library.

mod cloud_init;
pub mod doctor;
pub mod files;
pub mod install;
pub mod launch;
pub mod machine;
pub mod metrics;
pub mod package;
pub mod pipe;
pub mod port;
pub mod process;
pub mod process_tree;
pub mod restart;
pub mod service;
pub mod shell;
pub mod supervisor;
mod system;
mod user;
