//! What a client has beside its link where it speaks `pamlink.v1`: a session, and what each item,
//! stream and cancel of it belongs to.

use super::event::RequestId;
use crate::delivery::{
    ClientSendError, ClientSession, CommandId, SendError, SendOptions, SessionConfig, SnapshotError,
};
use crate::envelope::Id;
use crate::envelope::v1::{Channel, Heartbeat, Message, Name};
use crate::link::ClientLink;
use crate::seed::Seed;
use crate::time::Now;

/// The channel of the session: a client has one.
pub(super) const CHANNEL: Channel = Channel(0);

/// How often a session is opened again over one link that had to close it.
const MOST_REOPENINGS: u8 = 3;

/// Bytes that wait in the link before more of the session is numbered: what is urgent is not to
/// wait behind more than these.
const FEW_BYTES: usize = 16 * 1024;

/// The session of a client, which outlives its links.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) session: ClientSession,
    /// The link was welcomed, and the session is to be opened over it.
    opens: bool,
    /// It was opened over this link ahead of the welcome, or is not to be.
    pub(super) ahead: bool,
    /// The welcome of this link, until the session is open over it.
    welcome: Option<Box<str>>,
    /// How often it was opened again over this link.
    reopenings: u8,
    /// The items of requests that have no outcome yet.
    pub(super) items: Vec<(CommandId, RequestId)>,
    /// The cancels of requests that have no result yet.
    pub(super) cancels: Vec<(CommandId, RequestId)>,
    /// The items of the host that have no outcome yet.
    pub(super) sent: Vec<CommandId>,
    pub(super) text: String,
}

impl Conversation {
    pub(super) fn new(seed: Seed) -> Self {
        Self {
            session: ClientSession::new(SessionConfig::default(), seed),
            opens: false,
            ahead: false,
            welcome: None,
            reopenings: 0,
            items: Vec::new(),
            cancels: Vec::new(),
            sent: Vec::new(),
            text: String::new(),
        }
    }

    /// The session is that of this snapshot.
    pub(super) fn restore(
        &mut self,
        snapshot: &[u8],
        seed: Seed,
        now: Now,
    ) -> Result<(), SnapshotError> {
        let config = SessionConfig::default();
        self.session = ClientSession::restore(config, snapshot, seed, now)?;
        Ok(())
    }

    /// Follows the stream of a request from its beginning, unless that is followed already.
    pub(super) fn follow(&mut self, now: Now, id: &Id<'_>) {
        if let Some(stream) = Name::new(id.as_str().to_owned()) {
            // As many are followed as may be: then the request expires.
            let _ = self.session.follow(now, &stream, None);
        }
    }

    /// A link was welcomed with this.
    pub(super) fn handle_welcome(&mut self, welcome: Box<str>) {
        // It may have been opened ahead of the welcome.
        (self.opens, self.reopenings) = (!self.session.session().is_attached(), 0);
        self.welcome = Some(welcome);
    }

    /// The session is open. The welcome of the link, for the first time over it.
    pub(super) fn take_welcome(&mut self) -> Option<Box<str>> {
        self.welcome.take()
    }

    /// The link is lost, perhaps because a message of this end was too large for it.
    pub(super) fn handle_link_lost(&mut self, now: Now, too_large: bool) {
        if too_large {
            self.session.handle_too_large();
        }
        (self.opens, self.ahead, self.welcome) = (false, false, None);
        self.session.detach(now);
    }

    /// The other end has closed the channel, or had to be stopped. Whether the session is opened
    /// again over this link; else another link is to come first.
    pub(super) fn reopen(&mut self) -> bool {
        self.opens = self.reopenings < MOST_REOPENINGS;
        self.reopenings = self.reopenings.saturating_add(1);
        self.opens
    }

    /// Moves what is to be said into a link that speaks the dialect, as long as little waits there.
    /// Whether a heartbeat was among it.
    pub(super) fn pump(&mut self, now: Now, link: &mut ClientLink) -> bool {
        // What was said last is that the channel is closed. A host that has not taken all events
        // yet takes them before it asks for more.
        if self.opens && self.say(link) && self.session.attach(now, CHANNEL).is_ok() {
            self.opens = false;
        }
        let says_heartbeat = link.take_heartbeat();
        if says_heartbeat {
            let channels = self.session.positions().into_iter().collect();
            self.text.clear();
            Message::Heartbeat(Heartbeat { channels, reply: false }).write(CHANNEL, &mut self.text);
            link.send_numbered(&self.text);
        }
        self.say(link);
        if self.text.capacity() > FEW_BYTES {
            self.text = String::new();
        }
        says_heartbeat
    }

    /// Whether all was said.
    fn say(&mut self, link: &mut ClientLink) -> bool {
        while link.queued() <= FEW_BYTES {
            self.text.clear();
            if !self.session.poll_message(&mut self.text) {
                return true;
            }
            link.send_numbered(&self.text);
        }
        false
    }

    /// Sends an item that asks for no stream.
    pub(super) fn send(
        &mut self,
        now: Now,
        body: &str,
        options: SendOptions<'_>,
    ) -> Result<CommandId, SendError> {
        self.session.send(now, body, options).map_err(|error| match error {
            ClientSendError::Send(error) => error,
            // Only a stream can be followed already.
            ClientSendError::Follow(_) => SendError::Full,
        })
    }

    /// The request that this item asked, which has its outcome now.
    pub(super) fn take_item(&mut self, command: CommandId) -> Option<RequestId> {
        take(&mut self.items, command)
    }

    /// The request that this was to cancel, and now has its result.
    pub(super) fn take_cancel(&mut self, command: CommandId) -> Option<RequestId> {
        take(&mut self.cancels, command)
    }

    /// Whether this is an item of the host, which has its outcome now.
    pub(super) fn take_sent(&mut self, command: CommandId) -> bool {
        let before = self.sent.len();
        self.sent.retain(|sent| *sent != command);
        self.sent.len() < before
    }
}

fn take(list: &mut Vec<(CommandId, RequestId)>, command: CommandId) -> Option<RequestId> {
    let place = list.iter().position(|(it, _)| *it == command)?;
    Some(list.swap_remove(place).1)
}
