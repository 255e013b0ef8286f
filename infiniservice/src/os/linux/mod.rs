//! Linux.

pub mod files;
pub mod install;
pub mod launch;
pub mod metrics;
pub mod port;
pub mod process_tree;
pub mod restart;
pub mod system;
