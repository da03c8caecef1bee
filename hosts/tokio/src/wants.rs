//! What the engine of a client wants of the task that owns its sockets.

use pamlink::link::{ClientLinkEvent, Endpoint, TokenNeed};

/// What the engine wants of the task.
#[derive(Debug, Default)]
pub(crate) struct Wants {
    /// Of the first link and of the second, as they are after all events.
    pub(crate) first: LinkWants,
    pub(crate) second: LinkWants,
    /// The two links have changed places, before anything of these.
    pub(crate) exchanged: bool,
    pub(crate) token: Option<TokenNeed>,
}

/// What the engine wants of the transport of a link.
#[derive(Debug, Default)]
pub(crate) struct LinkWants {
    pub(crate) dial: Option<Endpoint>,
    pub(crate) close_transport: bool,
}

impl LinkWants {
    /// Notes what an event of the link asks for.
    pub(crate) fn note(&mut self, event: &ClientLinkEvent<'_>) {
        match event {
            ClientLinkEvent::Dial(dial) => self.dial = Some(dial.endpoint.clone()),
            ClientLinkEvent::CloseTransport => self.close_transport = true,
            _ => {}
        }
    }
}
