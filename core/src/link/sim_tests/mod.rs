//! Both machines against each other under virtual time: what breaks, and what becomes of it.

mod faults;
mod tokens;
mod world;
