//! The machines of the engine behind the format of the files.

mod commands;
mod producing;
mod session;
mod session_events;
mod sessions;
mod streams;
mod transport;
mod values;
mod whole_client;
mod whole_server;

pub(super) use transport::Transport;

use session::SessionEnd;
use sessions::SessionsEnd;
use streams::StreamsEnd;
use whole_client::WholeClientEnd;
use whole_server::WholeServerEnd;

use crate::conformance::file::Case;
use crate::conformance::play::End;

/// The machine that a case is about.
pub(crate) fn make(case: &Case, seed: u64) -> Result<Box<dyn End>, String> {
    match case.end.as_str() {
        "client" => Ok(Box::new(SessionEnd::client(&case.options, seed)?)),
        "server" => Ok(Box::new(SessionEnd::server(&case.options, seed)?)),
        "sessions" => Ok(Box::new(SessionsEnd::new(&case.options, seed)?)),
        "streams" => Ok(Box::new(StreamsEnd::new(&case.options, seed)?)),
        "whole_client" => Ok(Box::new(WholeClientEnd::new(&case.options, seed)?)),
        "whole_server" => Ok(Box::new(WholeServerEnd::new(&case.options, seed)?)),
        end => Err(format!("there is no end {end}")),
    }
}
