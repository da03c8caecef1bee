//! A link, as far as it is known which sessions it carries.

use std::collections::{BTreeMap, BTreeSet};

use pamlink::envelope::v1::{Answer, Channel, Open, Opened};

use super::seen::Id;
use crate::whole::wire::Texts;

/// One link of a device.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) device: usize,
    up: Texts,
    down: Texts,
    /// The session in each channel, and whether it is open.
    channels: BTreeMap<u16, (Id, bool)>,
    /// Channels that were closed before their `opened` has come.
    left: BTreeSet<u16>,
    /// A fault has hit it, or its device.
    pub(super) is_hit: bool,
}

impl Link {
    pub(super) fn new(device: usize) -> Self {
        let (up, down) = (Texts::default(), Texts::default());
        Self { device, up, down, channels: BTreeMap::new(), left: BTreeSet::new(), is_hit: false }
    }

    /// These bytes have come: the texts that are whole with them.
    pub(super) fn take(&mut self, is_up: bool, bytes: &[u8]) -> Vec<String> {
        if is_up { self.up.take(bytes) } else { self.down.take(bytes) }
    }

    /// A session is to go on in a channel.
    pub(super) fn opens(&mut self, channel: Channel, open: &Open<'_>) {
        self.left.remove(&channel.0);
        if let Some(id) = open.session {
            self.channels.insert(channel.0, (id.to_bytes(), false));
        }
    }

    /// A session is open in a channel, or is no more.
    pub(super) fn opened(&mut self, channel: Channel, opened: &Opened<'_>) {
        let is_open = match opened.answer {
            Answer::Begun | Answer::Resumed | Answer::Gap => true,
            Answer::Pending | Answer::Ended | Answer::Unknown => false,
        };
        if !self.left.remove(&channel.0) {
            self.channels.insert(channel.0, (opened.session.to_bytes(), is_open));
        }
    }

    /// A channel is closed: where its client has done that, an `opened` may cross it.
    pub(super) fn closed(&mut self, channel: Channel, is_up: bool) {
        if self.channels.remove(&channel.0).is_none() && is_up {
            self.left.insert(channel.0);
        }
    }

    pub(super) fn session(&self, channel: Channel) -> Option<Id> {
        self.channels.get(&channel.0).map(|(id, _)| *id)
    }

    /// The sessions that are open over it.
    pub(super) fn open(&self) -> impl Iterator<Item = Id> {
        self.channels.values().filter(|(_, is_open)| *is_open).map(|(id, _)| *id)
    }
}
