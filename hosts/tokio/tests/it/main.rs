//! Servers and clients of this crate over real sockets.

mod between;
mod changing;
mod common;
mod conversation;
mod examples;
mod log;
mod recording;
mod recording_hub;
mod restored;
mod sessions;
mod sockets;
mod strangers;
