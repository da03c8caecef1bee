//! Plays the files of `tests/conformance` to products: `conformance FOLDER [--adapter CMD]
//! [NAME=CMD]...`. A name without a command is the engine in memory. `cargo xtask conformance`
//! starts it. `conformance serve` and `conformance client` are the adapters of `pamlink serve` and of
//! the client on tokio.

#![forbid(unsafe_code)]

mod client;
mod lines;
mod requests;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use pamlink_tests::conformance::{Product, run};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let faults = match arguments.next().as_deref() {
        Some("serve") => serve::run().map(|()| Vec::new()).map_err(|why| why.to_string()),
        Some("client") => client::run().map(|()| Vec::new()).map_err(|why| why.to_string()),
        folder => run(&products(arguments), &PathBuf::from(folder.unwrap_or_default())),
    };
    let faults = faults.unwrap_or_else(|why| vec![why]);
    for fault in &faults {
        println!("fault {fault}");
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn products(mut arguments: impl Iterator<Item = String>) -> Vec<Product> {
    let mut products = Vec::new();
    while let Some(argument) = arguments.next() {
        products.push(if argument == "--adapter" {
            let adapter = Some(arguments.next().unwrap_or_default());
            Product { name: "adapter".to_owned(), adapter, reviewed: false }
        } else {
            let (name, adapter) = match argument.split_once('=') {
                Some((name, command)) => (name, Some(command.to_owned())),
                None => (argument.as_str(), None),
            };
            Product { name: name.to_owned(), adapter, reviewed: true }
        });
    }
    products
}
