//! Many sessions at a server, from devices over links that break.

mod answers;
mod opening;
mod turns;
mod world;
