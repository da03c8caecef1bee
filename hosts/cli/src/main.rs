//! The binary `pamlink`.

use std::process::ExitCode;

fn main() -> ExitCode {
    pamlink_cli::run(std::env::args_os())
}
