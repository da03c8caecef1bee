//! The host's ends of all transports of a hub.

use std::collections::HashMap;

use pamlink::hub::{Hub, LinkId};

use crate::packed::{self, schema};
use crate::port::{Port, Speaks};

/// How far the host has come with each link, and which of them want to be looked at again.
#[derive(Debug, Default)]
pub(super) struct Ports {
    ports: HashMap<u64, Port>,
    /// Links that have room again.
    again: Vec<u64>,
    /// Bytes on their way from a link to the output.
    buffer: Vec<u8>,
}

impl Ports {
    pub(super) fn insert(&mut self, link: u64, speaks: Speaks) {
        self.ports.insert(link, Port::new(speaks));
    }

    /// The transport is gone.
    pub(super) fn remove(&mut self, link: u64) {
        self.ports.remove(&link);
    }

    /// The link has ended: what is left of it is handed out, room or not.
    pub(super) fn ended(&mut self, link: u64) {
        if let Some(port) = self.ports.get_mut(&link) {
            port.close_transport = true;
        }
    }

    /// The host has written what it was to report for this link.
    pub(super) fn written(&mut self, link: u64) {
        if self.ports.get_mut(&link).is_some_and(Port::written) {
            self.again.push(link);
        }
    }

    /// Hands out what there is to write, as far as the host has room.
    pub(super) fn transmit(&mut self, hub: &mut Hub, out: &mut Vec<u8>) {
        for link in core::mem::take(&mut self.again) {
            self.hand_out(hub, LinkId::from_u64(link), out);
        }
        while let Some(link) = hub.poll_writable() {
            self.hand_out(hub, link, out);
        }
        self.buffer.shrink_to(KEEP);
    }

    fn hand_out(&mut self, hub: &mut Hub, link: LinkId, out: &mut Vec<u8>) {
        // A link that the host has closed has nothing to be written any more.
        let Some(port) = self.ports.get_mut(&link.as_u64()) else { return };
        while port.has_room() {
            self.buffer.clear();
            if port.speaks == Speaks::Messages {
                let Some(outgoing) = hub.poll_message(link, &mut self.buffer) else { return };
                if port.message(out, link.as_u64(), outgoing, &self.buffer) {
                    self.ports.remove(&link.as_u64());
                    return;
                }
                continue;
            }
            let transmit = hub.poll_transmit(link, &mut self.buffer);
            if !self.buffer.is_empty() {
                port.bytes(out, link.as_u64(), &self.buffer);
            }
            if transmit.close_transport {
                packed::push(out, schema::CLOSE_TRANSPORT, &[link.as_u64()], &[]);
                self.ports.remove(&link.as_u64());
                return;
            }
            if !transmit.more {
                return;
            }
        }
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        self.ports.capacity() * (size_of::<(u64, Port)>() + 1)
            + self.again.capacity() * size_of::<u64>()
            + self.buffer.capacity()
    }
}

/// Bytes that the buffer for what is written keeps.
const KEEP: usize = 4 * 1024;
