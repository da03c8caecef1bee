//! The peers, each the fastest way that its documentation shows.
//!
//! A message that is sent is still there afterwards, as it is with [`Writer`](
//! pamlink::frame::Writer): who masks in place copies it first. Where a type shares a payload
//! without a copy (`Bytes`), it does.

mod fastwebsockets;
mod sockudo;
mod soketto;
mod tokio_websockets;
mod tungstenite;
mod websocket_sans_io;
mod yawc;

use bytes::Bytes;

use super::contender::{Contender, Operation, Sample};

/// All of them.
pub(crate) fn contenders(operation: Operation, sample: &Sample) -> Vec<Contender<'_>> {
    vec![
        tungstenite::contender(operation, sample, tungstenite::DEFAULT),
        tungstenite::contender(operation, sample, tungstenite::SMALL),
        fastwebsockets::contender(operation, sample),
        tokio_websockets::contender(operation, sample),
        soketto::contender(operation, sample),
        yawc::contender(operation, sample),
        websocket_sans_io::contender(operation, sample),
        sockudo::contender(operation, sample),
    ]
}

pub(crate) use self::tungstenite::DEFAULT as TUNGSTENITE;

/// The texts as payloads that are shared and not copied.
fn shared(sample: &Sample) -> Vec<Bytes> {
    sample.texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect()
}

/// What a read brings at most for who has a buffer of its own.
const READ: usize = 64 * 1024;
