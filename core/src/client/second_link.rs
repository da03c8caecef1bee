//! The doors of a client's second link.

use super::Client;
use super::change::Second;
use crate::frame::{Incoming, NotDrained, Outgoing};
use crate::link::{ClientLink, DialFailed, Gather, Sink, State, Transmit};
use crate::metrics::Direction;
use crate::time::Now;

/// The doors of a client's second link, each of which does what that of the [`Client`] itself does
/// for the first. A client has one during a planned change, where its host has said that it holds
/// two transports ([`two_links`](super::ClientConfig::two_links)); without one they do nothing.
///
/// [`Event::SecondLink`](super::Event::SecondLink) has its events, among them the `Dial` that asks
/// for its transport. After [`Event::ChangedPlaces`](super::Event::ChangedPlaces) what was the
/// transport of the second link is that of the first, and the other way around. Deadlines, tokens
/// and what a host wants of the client are those of both links.
#[derive(Debug)]
pub struct SecondLink<'c> {
    client: &'c mut Client,
}

impl Client {
    /// The doors of the second link.
    pub fn second_link(&mut self) -> SecondLink<'_> {
        SecondLink { client: self }
    }
}

impl SecondLink<'_> {
    /// As [`Client::handle_dialed`].
    pub fn handle_dialed(&mut self, now: Now) {
        self.hand(now, ClientLink::handle_dialed);
    }

    /// As [`Client::handle_opened`].
    pub fn handle_opened(&mut self, now: Now, subprotocol: Option<&str>) {
        self.hand(now, |link, now| link.handle_opened(now, subprotocol));
    }

    /// As [`Client::handle_dial_failed`].
    pub fn handle_dial_failed<'a>(&mut self, now: Now, failed: impl Into<DialFailed<'a>>) {
        self.hand(now, |link, now| link.handle_dial_failed(now, failed));
    }

    /// As [`Client::handle_bytes`].
    ///
    /// # Errors
    ///
    /// [`NotDrained`] if the events were not polled for more than a megabyte; nothing was taken.
    pub fn handle_bytes(&mut self, now: Now, bytes: &[u8]) -> Result<(), NotDrained> {
        self.hand(now, |link, now| link.handle_bytes(now, bytes)).unwrap_or(Ok(()))?;
        self.client.counters.metrics.bytes.add(Direction::Inbound, bytes.len() as u64);
        Ok(())
    }

    /// As [`Client::handle_message`].
    ///
    /// # Errors
    ///
    /// As [`handle_bytes`](Self::handle_bytes).
    pub fn handle_message(&mut self, now: Now, message: Incoming<'_>) -> Result<(), NotDrained> {
        let bytes = message.len();
        self.hand(now, |link, now| link.handle_message(now, message)).unwrap_or(Ok(()))?;
        self.client.counters.metrics.bytes.add(Direction::Inbound, bytes as u64);
        Ok(())
    }

    /// As [`Client::handle_closed`].
    pub fn handle_closed(&mut self, now: Now) {
        self.hand(now, ClientLink::handle_closed);
    }

    /// As [`Client::poll_transmit`].
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Transmit {
        self.transmit(out)
    }

    /// As [`Client::poll_transmit_vectored`].
    pub fn poll_transmit_vectored(&mut self, out: &mut Gather) -> Transmit {
        self.transmit(out)
    }

    /// As [`Client::poll_message`].
    pub fn poll_message(&mut self, out: &mut Vec<u8>) -> Option<Outgoing> {
        let Client { second, counters, .. } = &mut *self.client;
        let link = &mut second.as_deref_mut()?.link;
        let before = out.len();
        let outgoing = link.poll_message(out);
        link.take_pings().add_to(&mut counters.metrics);
        counters.metrics.bytes.add(Direction::Outbound, (out.len() - before) as u64);
        outgoing
    }

    /// The state of the second link; closed where there is none.
    pub fn state(&self) -> State {
        self.client.second.as_deref().map_or(State::Closed, |second| second.link.state())
    }

    fn hand<T>(&mut self, now: Now, input: impl FnOnce(&mut ClientLink, Now) -> T) -> Option<T> {
        self.client.set_now(now);
        let now = self.client.now;
        let Second { link, .. } = self.client.second.as_deref_mut()?;
        Some(input(link, now))
    }

    fn transmit(&mut self, out: &mut impl Sink) -> Transmit {
        let Client { second, counters, .. } = &mut *self.client;
        let Some(Second { link, .. }) = second.as_deref_mut() else {
            return Transmit { close_transport: true, ..Transmit::default() };
        };
        let transmit = link.transmit(out);
        link.take_pings().add_to(&mut counters.metrics);
        counters.metrics.bytes.add(Direction::Outbound, transmit.written as u64);
        if transmit.close_transport && link.is_over() {
            *second = None;
        }
        transmit
    }
}
