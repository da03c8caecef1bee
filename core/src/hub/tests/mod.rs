//! The hub seen from its host and from its peers.

mod answers;
mod bounds;
mod drain;
mod opening;
mod push;
mod refusals;
mod repeats;
mod support;
mod time;
mod tokens;
