//! What the suites play with: plain peers that know frames and nothing more, and a wire that can
//! be cut.

mod cut;
mod messages;
mod script;
mod wire;

pub(super) use cut::{Cutter, Proxy};
pub(super) use script::{Script, Watch};
pub(super) use wire::{Heard, Incoming, Refused, Wire};
