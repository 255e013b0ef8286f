//! InfiniService: asks the hypervisor host for scripts over a virtio-serial port, runs them, and reports how
//! they ended. The channel is described in `libs/protocol/asyncapi.yaml`.
//!
//! - `channel`: bytes, lines, signatures and messages between agent and host
//! - `session`: the agent's one thread, which owns the port and talks with the host
//! - `run`: the supervisor of one script, and the spool that outlives every process
//! - `command`: commands of the host that are no scripts
//! - `setup`: whether the installation of the system still goes on
//! - `medium`: the install medium that put this agent here
//! - `os`: everything that knows an operating system; no other room names one

pub mod channel;
pub mod cli;
mod command;
mod config;
mod doctor;
pub mod medium;
mod metrics;
mod options;
mod os;
mod run;
mod session;
mod setup;
pub mod text;
pub mod time;
