//! Bad input over real sockets: each kind is refused clearly, counted, and harms nobody else.
//!
//! Every test runs a server and a witness: a client in good faith that chats all the while, whose
//! every request must be answered over the one link it began with.

mod crowds;
mod floods;
mod frames;
mod handshakes;
mod house;
mod messages;
mod peer;
mod secrets;
mod tls;
mod tokens;
