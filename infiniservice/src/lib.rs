//! InfiniService: asks the hypervisor host for scripts over a virtio-serial port, runs them, and reports how they ended.
//! The channel is described in `libs/protocol/asyncapi.yaml`.

pub mod agent;
pub mod cli;
pub mod commands;
pub mod config;
pub mod doctor;
pub mod durable;
pub mod envelope;
pub mod install;
pub mod line;
pub mod messages;
pub mod metrics;
pub mod options;
pub mod outbox;
pub mod port;
pub mod process_tree;
pub mod restart;
pub mod runner;
pub mod spool;
pub mod system;
pub mod text;
pub mod time;
