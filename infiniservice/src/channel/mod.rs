//! The bytes and lines between agent and host.

pub mod envelope;
pub mod line;
pub mod messages;
pub mod numbering;
pub(crate) mod outbox;
