//! Messages of the channel. Their shapes are promised by `libs/protocol/fixtures`, which the tests of both
//! languages read.

mod from_host;
mod to_host;

pub use from_host::*;
pub use to_host::*;
