//! Output of links: bytes, or whole messages for a transport that makes its own frames.

use super::Hub;
use super::ids::LinkId;
use crate::frame::Outgoing;
use crate::link::{Gather, Transmit};

impl Hub {
    /// The next link with output, or whose transport is to be closed; each once until
    /// [`poll_transmit`](Self::poll_transmit) was called for it.
    pub fn poll_writable(&mut self) -> Option<LinkId> {
        self.links.next_writable()
    }

    /// Appends what waits to be written to a link. If there is more than a host should write at
    /// once, the link is writable again. After writing it, the host closes the transport where
    /// [`Transmit`] says so; an ended link has no other output left.
    pub fn poll_transmit(&mut self, link: LinkId, out: &mut Vec<u8>) -> Transmit {
        let mut transmit = self.links.transmit(link, self.now, out, &mut self.metrics);
        transmit.more |= self.refill(link);
        transmit
    }

    /// As [`poll_transmit`](Self::poll_transmit), without copying large frames.
    pub fn poll_transmit_vectored(&mut self, link: LinkId, out: &mut Gather) -> Transmit {
        let mut transmit = self.links.transmit(link, self.now, out, &mut self.metrics);
        transmit.more |= self.refill(link);
        transmit
    }

    /// What the transport of a link that was [opened](Self::accept_opened) is to do next, in the
    /// place of [`poll_transmit`](Self::poll_transmit); a text or the reason of a close is
    /// appended to `out`. Call it until it has no more, or as often as the transport can take
    /// something: the link is named by [`poll_writable`](Self::poll_writable) when it has new
    /// output, not for what was left.
    ///
    /// [`Outgoing::CloseTransport`] comes once for a link, when everything is sent; the link is gone
    /// then and has no more. Nor has one whose transport the host has said to be
    /// [closed](Self::handle_closed), or one that had ended and made way for another, of which
    /// [`Event::Closed`](crate::hub::Event::Closed) is the last: its transport is to be closed as well.
    pub fn poll_message(&mut self, link: LinkId, out: &mut Vec<u8>) -> Option<Outgoing> {
        let outgoing = self.links.poll_message(link, self.now, out, &mut self.metrics);
        self.refill(link);
        outgoing
    }
}
