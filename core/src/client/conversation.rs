//! A session of a client over `pamlink.v1`, and what each item, stream and cancel of it belongs to.

use core::time::Duration;

use super::event::RequestId;
use super::joining::Joining;
use crate::delivery::{
    AttachError, ClientSendError, ClientSession, CommandId, SendError, SendOptions, SessionConfig,
    SessionNumber, Share, SnapshotError,
};
use crate::envelope::Id;
use crate::envelope::v1::{Channel, Name};
use crate::link::ClientLink;
use crate::seed::Seed;
use crate::time::{Deadline, Mono, Now, TimerReason};

/// How often a session is opened again over one link that had to close it.
const MOST_REOPENINGS: u8 = 3;

/// How long it then waits, where other sessions keep the link: doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A session of a client, which outlives its links.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) number: SessionNumber,
    /// In every link.
    pub(super) channel: Channel,
    pub(super) session: ClientSession,
    /// Its part of what was said over the link.
    pub(super) share: Share,
    /// The link was welcomed, and the session is to be opened over it.
    opens: bool,
    /// It was opened over this link ahead of the welcome, or is not to be.
    pub(super) ahead: bool,
    /// The welcome of this link, until the session is open over it.
    welcome: Option<Box<str>>,
    /// How often it was opened again over this link.
    reopenings: u8,
    /// It is not opened again before this, as the other end has said.
    not_before: Option<Mono>,
    /// And over this link not before this.
    paused_until: Option<Mono>,
    /// The host has left it, and what follows from that is yet to be told.
    left: bool,
    /// The items of requests that have no outcome yet.
    pub(super) items: Vec<(CommandId, RequestId)>,
    /// The cancels of requests that have no result yet.
    pub(super) cancels: Vec<(CommandId, RequestId)>,
    /// The items of the host that have no outcome yet.
    pub(super) sent: Vec<CommandId>,
}

impl Conversation {
    pub(super) fn new(number: SessionNumber, channel: Channel, seed: Seed) -> Self {
        Self {
            number,
            channel,
            session: ClientSession::new(SessionConfig::default(), seed),
            share: Share::NEW,
            opens: false,
            ahead: false,
            welcome: None,
            reopenings: 0,
            not_before: None,
            paused_until: None,
            left: false,
            items: Vec::new(),
            cancels: Vec::new(),
            sent: Vec::new(),
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

    /// A link was welcomed, with this where the session is to tell of it.
    pub(super) fn handle_welcome(&mut self, welcome: Option<Box<str>>) {
        // It may have been opened ahead of the welcome.
        let is_opened = self.ahead && self.session.session().is_attached();
        self.opens = !self.left && !is_opened;
        (self.reopenings, self.paused_until) = (0, None);
        self.welcome = welcome;
    }

    /// The session is open. The welcome of the link, for the first time over it.
    pub(super) fn take_welcome(&mut self) -> Option<Box<str>> {
        self.welcome.take()
    }

    /// The link is lost, perhaps because a message of this end was too large for it.
    pub(super) fn handle_link_lost(&mut self, now: Now, too_large: bool) {
        // One that was not carried has sent nothing that could be.
        if too_large && self.session.session().is_attached() {
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

    /// The same, where the others of this link are not to be harmed: it is opened again after a
    /// while, which is that of the other end, none, or longer each time.
    pub(super) fn reopen_later(&mut self, now: Mono, retry_after: Option<Duration>) {
        let longer = self.reopenings.checked_sub(MOST_REOPENINGS).map(|more| {
            let doubled = 2_u32.saturating_pow(more.into());
            (FIRST_PAUSE * doubled).min(LONGEST_PAUSE)
        });
        self.not_before = retry_after.map(|pause| now + pause);
        self.paused_until = longer.map(|pause| now + pause);
        self.opens = true;
        self.reopenings = self.reopenings.saturating_add(1);
    }

    /// Opens the session over a link that was welcomed, once the host has taken all events.
    pub(super) fn open(&mut self, now: Now, joining: &mut Joining<'_>) {
        if !self.opens || self.opens_at().is_some_and(|at| at > now.mono) {
            return;
        }
        // What was said last is that the channel is closed.
        self.say_all(|text| joining.say(text));
        (self.not_before, self.paused_until) = (None, None);
        self.opens = self.attach(now).is_err();
    }

    /// A link carries the session from here on.
    pub(super) fn attach(&mut self, now: Now) -> Result<(), AttachError> {
        self.session.attach(now, self.channel)
    }

    /// Whether it is not to be opened now.
    pub(super) fn is_held_back(&self, now: Mono) -> bool {
        self.left || self.opens_at().is_some_and(|at| at > now)
    }

    /// The host leaves the session.
    pub(super) fn leave(&mut self, now: Now, link: &mut ClientLink) {
        (self.left, self.opens) = (true, false);
        self.session.leave(now);
        // Of a session that has ended this is that its channel is closed: it waits for no other.
        if link.is_welcomed_v1() {
            self.say_all(|text| link.send_numbered(text));
        } else if link.awaits_welcome_v1() {
            // It was opened ahead of the welcome.
            self.say_all(|text| {
                link.send_ahead(text);
            });
        }
    }

    /// Whether it is to be opened, or something of it may not have arrived yet.
    pub(super) fn is_on_its_way(&self, now: Mono) -> bool {
        let is_due = self.opens && self.opens_at().is_none_or(|at| at <= now);
        is_due || self.is_under_way()
    }

    /// Whether a link carries it, and something of it may not have arrived yet.
    pub(super) fn is_under_way(&self) -> bool {
        self.session.session().is_attached() && !self.session.has_arrived()
    }

    /// Whether the host has left it.
    pub(super) const fn is_left(&self) -> bool {
        self.left
    }

    /// When something is due, and why. `may_open`: nothing but time keeps it from being opened.
    pub(super) fn poll_timeout(&self, may_open: bool) -> Option<Deadline> {
        let reopening = self.opens_at().filter(|_| self.opens && may_open);
        let reopening = reopening.map(|at| Deadline::new(at, TimerReason::Backoff));
        Deadline::earlier(self.session.poll_timeout(), reopening)
    }

    /// Before when it is not opened.
    fn opens_at(&self) -> Option<Mono> {
        self.not_before.max(self.paused_until)
    }

    /// Says what little an unopened session has to say.
    fn say_all(&mut self, mut say: impl FnMut(&str)) {
        let mut text = String::new();
        while self.session.poll_message(&mut text) {
            say(&text);
            text.clear();
        }
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
