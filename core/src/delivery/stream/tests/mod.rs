//! Streams, by what happens to them.

mod bounds;
mod cancels;
mod ends;
mod fairness;
mod log_failures;
mod news;
mod producers;
mod properties;
mod replay;
mod sharing;
mod states;
mod stored;
mod support;
