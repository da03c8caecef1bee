//! The files of `tests/conformance`, played to the machines of the engine in memory and to products
//! behind adapters.

mod adapter;
mod derived;
mod ends;
mod file;
mod in_memory;
mod judged;
mod live;
mod names;
mod play;
mod report;
mod run;
mod skips;
mod sockets;
mod table;
#[cfg(test)]
mod tests;
mod transcripts;

pub use in_memory::{faults_of_files, faults_of_transcripts};
pub use play::Stop;
pub use report::{Product, run};
