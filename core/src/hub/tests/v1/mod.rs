//! The hub seen from peers that speak `pamlink.v1`.

mod asking;
mod hostile;
mod leaving;
mod log;
mod opening;
mod pushing;
mod resuming;
mod script;
mod while_answering;
