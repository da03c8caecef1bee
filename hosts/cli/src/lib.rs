//! What the binary `pamlink` is made of: its commands, and the report that shows the engine at
//! work on real sockets.
//!
//! [`run`] is the whole program. The rest is public so that tests reach it.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod args;
pub mod chat;
pub mod config;
pub mod fault;
pub mod page;
mod recorder;
pub mod replay;
pub mod report;
pub mod routes;
pub mod serve;
pub mod span;
pub mod token;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::fault::Fault;

/// Runs the program on `args` (the first is its own name) and says how it ended: 0 when all went
/// well, 1 when the work failed, 2 when flags or files were bad.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let ended = match Cli::try_parse_from(args) {
        Ok(cli) => dispatch(cli.command),
        Err(error) if error.use_stderr() => Err(Fault::from(error)),
        Err(help) => match help.print() {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(Fault::failed(format!("cannot write: {error}"))),
        },
    };
    ended.unwrap_or_else(|fault| {
        // Nothing is left to do when even standard error is gone.
        let _ = writeln!(std::io::stderr(), "pamlink: {fault}");
        fault.exit_code()
    })
}

fn dispatch(command: Command) -> Result<ExitCode, Fault> {
    match command {
        Command::Report(args) => report::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Chat(args) => chat::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Routes(command) => routes::run(&command),
    }
}
