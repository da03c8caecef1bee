//! A client as bytes, to go on after its process has ended.

use super::Client;
use super::config::ClientConfig;
use super::conversation::Conversation;
use super::conversations::{CHANNELS, Conversations};
use super::error::RestoreError;
use super::event::RequestId;
use super::packing::{put, put_bytes, take, take_bytes};
use crate::delivery::{CommandId, SessionNumber, SnapshotError, seal};
use crate::envelope::v1::Channel;
use crate::link::Endpoint;
use crate::seed::Seed;
use crate::time::Now;

/// The first byte.
const VERSION: u8 = 2;
/// That of snapshots of a client with one session, which do not say its number.
const OF_ONE: u8 = 1;

impl Client {
    /// Appends a snapshot: what [`restore`](Self::restore) makes this client of again, in a later
    /// process. It has the requests that have not ended, and the sessions of `pamlink.v1`; a client
    /// that speaks `pam` alone has no session, and none of its requests is in it.
    ///
    /// A host takes what the client says ([`poll_transmit`](Self::poll_transmit)), stores a snapshot
    /// of what the client is after that, and then writes: what the server knows better than an
    /// older one ends as unknown, and where it has lost its memory as well, a request that the
    /// snapshot does not know as said is done twice. Its bytes are as confidential as what was sent,
    /// and hold no token.
    ///
    /// # Errors
    ///
    /// Events wait to be taken, which no snapshot has.
    pub fn snapshot(&self, out: &mut Vec<u8>) -> Result<(), SnapshotError> {
        let start = out.len();
        let Some(conversations) = &self.conversations else {
            out.push(VERSION);
            seal::seal(out, start);
            return Ok(());
        };
        let leaves = conversations.left().next().is_some();
        if !self.turned_down.is_empty() || !self.settled_cancels.is_empty() || leaves {
            return Err(SnapshotError::NotDrained);
        }
        let sessions: Result<Vec<_>, _> = conversations
            .iter()
            .map(|conversation| {
                let mut session = Vec::new();
                conversation.session.snapshot(&mut session).map(|()| (conversation, session))
            })
            .collect();
        out.push(VERSION);
        put_bytes(out, self.prefix.as_bytes());
        put(out, self.next);
        self.requests.pack(out);
        let (next, next_channel) = conversations.next();
        put(out, next);
        put(out, next_channel.into());
        let sessions = sessions?;
        put(out, sessions.len() as u64);
        for (conversation, session) in &sessions {
            put(out, conversation.number.as_u64());
            put(out, conversation.channel.0.into());
            conversation.pack(out);
            put_bytes(out, session);
        }
        seal::seal(out, start);
        Ok(())
    }

    /// The client of which [`snapshot`](Self::snapshot) has made these bytes, not connected. Its
    /// requests are those of the snapshot, under the same ids, and wait as long as new ones do. The
    /// pieces of an answer come again from its beginning. After a client that spoke `pam` alone, this
    /// one begins anew.
    ///
    /// `seed` is another one than that of the client before.
    ///
    /// # Errors
    ///
    /// [`RestoreError`]: there is no client.
    pub fn restore(
        config: ClientConfig,
        endpoint: Endpoint,
        bytes: &[u8],
        seed: Seed,
        now: Now,
    ) -> Result<Self, RestoreError> {
        let mut random = seed.into_random();
        let mut client = Self::new(config, endpoint, random.next_seed(), now)?;
        let version = match bytes.first() {
            Some(&version @ (OF_ONE | VERSION)) => version,
            Some(&later @ 3..) => return Err(SnapshotError::Version(later).into()),
            Some(0) | None => return Err(SnapshotError::Damaged.into()),
        };
        let content = seal::open(bytes).and_then(|content| content.get(1..));
        if content == Some(&[]) {
            return Ok(client);
        }
        let taken = content.filter(|_| client.conversations.is_some()).and_then(|mut bytes| {
            let sessions = client.unpack(&mut bytes, version)?;
            bytes.is_empty().then_some(sessions)
        });
        let (sessions, next) = taken.ok_or(SnapshotError::Damaged)?;
        let mut list = Vec::new();
        for (mut conversation, session) in sessions {
            conversation.restore(session, random.next_seed(), client.now)?;
            list.push(conversation);
        }
        let mut conversations = Conversations::of(list, next, random.next_seed());
        for (session, request) in client.requests.in_sessions() {
            let conversation = conversations.get_mut(session).ok_or(SnapshotError::Damaged)?;
            conversation.follow(client.now, &client.id(request));
        }
        client.conversations = Some(conversations.into());
        Ok(client)
    }

    /// Takes all that a snapshot has: the sessions with the bytes of each, and which number and
    /// channel the next one has. Each request is of one of them.
    fn unpack<'b>(&mut self, bytes: &mut &'b [u8], version: u8) -> Option<Unpacked<'b>> {
        let prefix = take_bytes(bytes)?;
        self.prefix = core::str::from_utf8(prefix).ok()?.into();
        self.next = take(bytes)?;
        self.requests.unpack(bytes, self.now.mono, self.next, version == VERSION)?;
        let unpack = |bytes: &mut &'b [u8], number, channel| {
            let nobodys = Seed::from_number(0);
            let mut conversation = Conversation::new(number, channel, nobodys);
            conversation.unpack(bytes)?;
            Some((conversation, take_bytes(bytes)?))
        };
        if version == OF_ONE {
            return Some((vec![unpack(bytes, SessionNumber::FIRST, Channel(0))?], (1, 1)));
        }
        let next = take(bytes)?;
        let channel = |number| u16::try_from(number).ok().filter(|it| *it < CHANNELS);
        let next_channel = channel(take(bytes)?)?;
        let mut sessions: Vec<(Conversation, &[u8])> = Vec::new();
        for _ in 0..take(bytes)? {
            let number = SessionNumber::from_u64(take(bytes)?);
            let channel = Channel(channel(take(bytes)?)?);
            let is_due = sessions.last().map_or(number == SessionNumber::FIRST, |(last, _)| {
                number > last.number && number.as_u64() < next
            });
            let is_free = sessions.iter().all(|(it, _)| it.channel != channel);
            if !is_due || !is_free || sessions.len() == self.config.max_sessions {
                return None;
            }
            sessions.push(unpack(bytes, number, channel)?);
        }
        let known = |session| sessions.iter().any(|(it, _)| it.number == session);
        let is_whole = !sessions.is_empty() && self.requests.sessions().all(known);
        is_whole.then_some((sessions, (next, next_channel)))
    }
}

/// The sessions with the bytes of each, and the number and channel of the next.
type Unpacked<'b> = (Vec<(Conversation, &'b [u8])>, (u64, u16));

impl Conversation {
    /// Appends what each of its commands belongs to.
    fn pack(&self, out: &mut Vec<u8>) {
        for list in [&self.items, &self.cancels] {
            put(out, list.len() as u64);
            for (command, request) in list {
                put(out, command.as_u64());
                put(out, request.as_u64());
            }
        }
        put(out, self.sent.len() as u64);
        self.sent.iter().for_each(|command| put(out, command.as_u64()));
    }

    /// Takes what [`pack`](Self::pack) has appended.
    fn unpack(&mut self, bytes: &mut &[u8]) -> Option<()> {
        for list in [&mut self.items, &mut self.cancels] {
            for _ in 0..take(bytes)? {
                let command = CommandId::from_u64(take(bytes)?);
                list.push((command, RequestId(take(bytes)?)));
            }
        }
        for _ in 0..take(bytes)? {
            self.sent.push(CommandId::from_u64(take(bytes)?));
        }
        Some(())
    }
}
