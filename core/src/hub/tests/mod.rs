//! The hub seen from its host and from its peers.

// Written as hosts have to write it: outside this crate the configuration has no literal.
#![allow(clippy::field_reassign_with_default)]

mod answers;
mod bounds;
mod checks;
mod compression;
mod drain;
mod entry;
mod faults;
mod hostile;
mod metrics;
mod opening;
mod peers;
mod pieces;
mod push;
mod refusals;
mod repeats;
mod sizes;
mod strangers;
mod strikes;
mod support;
mod tabs;
mod time;
mod tokens;
mod types;
mod v1;
mod while_answering;
mod window;
