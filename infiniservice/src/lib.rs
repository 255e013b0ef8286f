//! InfiniService: asks the hypervisor host for scripts over a virtio-serial port, runs them, and reports how they ended.
//! The channel is described in `libs/protocol/asyncapi.yaml`.

pub mod channel;
pub mod cli;
pub mod command;
pub mod config;
pub mod doctor;
pub mod options;
pub mod os;
pub mod run;
pub mod session;
pub mod text;
pub mod time;
