//! A client as bytes, to go on after its process has ended.

use core::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use super::Client;
use super::config::ClientConfig;
use super::conversation::Conversation;
use super::error::RestoreError;
use super::event::RequestId;
use super::packing::{put, put_bytes, take, take_bytes};
use crate::delivery::{CommandId, SnapshotError};
use crate::link::Endpoint;
use crate::seed::Seed;
use crate::time::Now;

/// The first byte.
const VERSION: u8 = 1;
/// The bytes at the end, which tell a whole snapshot from one that was cut or changed by accident.
const CHECK: usize = 16;

impl Client {
    /// Appends a snapshot: what [`restore`](Self::restore) makes this client of again, in a later
    /// process. It has the requests that have not ended, and the session of `pamlink.v1`; a client
    /// that speaks `pam` alone has none, and appends nothing.
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
        let Some(conversation) = &self.conversation else { return Ok(()) };
        if !self.turned_down.is_empty() || !self.dropped.is_empty() {
            return Err(SnapshotError::NotDrained);
        }
        let mut session = Vec::new();
        conversation.session.snapshot(&mut session)?;
        let start = out.len();
        out.push(VERSION);
        put_bytes(out, self.prefix.as_bytes());
        put(out, self.next);
        self.requests.pack(out);
        for list in [&conversation.items, &conversation.cancels] {
            put(out, list.len() as u64);
            for (command, request) in list {
                put(out, command.as_u64());
                put(out, request.as_u64());
            }
        }
        put(out, conversation.sent.len() as u64);
        conversation.sent.iter().for_each(|command| put(out, command.as_u64()));
        put_bytes(out, &session);
        let check = check(&out[start..]);
        out.extend_from_slice(&check);
        Ok(())
    }

    /// The client of which [`snapshot`](Self::snapshot) has made these bytes, not connected. Its
    /// requests are those of the snapshot, under the same ids, and wait as long as new ones do. The
    /// pieces of an answer come again from its beginning.
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
        match bytes.first() {
            Some(&VERSION) => {}
            Some(&later @ 2..) => return Err(SnapshotError::Version(later).into()),
            Some(0) | None => return Err(SnapshotError::Damaged.into()),
        }
        let content = bytes
            .split_last_chunk::<CHECK>()
            .filter(|(content, end)| check(content) == **end)
            .and_then(|(content, _)| content.get(1..));
        let taken = content.filter(|_| client.conversation.is_some()).and_then(|mut bytes| {
            let session = client.unpack(&mut bytes)?;
            bytes.is_empty().then_some(session)
        });
        let (mut conversation, session) = taken.ok_or(SnapshotError::Damaged)?;
        conversation.restore(session, random.next_seed(), client.now)?;
        for request in client.requests.in_session() {
            conversation.follow(client.now, &client.id(request));
        }
        client.conversation = Some(conversation.into());
        Ok(client)
    }

    /// Takes what stands before the session, and hands that over.
    fn unpack<'b>(&mut self, bytes: &mut &'b [u8]) -> Option<(Conversation, &'b [u8])> {
        let prefix = take_bytes(bytes)?;
        self.prefix = core::str::from_utf8(prefix).ok()?.into();
        self.next = take(bytes)?;
        self.requests.unpack(bytes, self.now.mono, self.next)?;
        let mut conversation = Conversation::new(Seed::from_number(0));
        for list in [&mut conversation.items, &mut conversation.cancels] {
            for _ in 0..take(bytes)? {
                let command = CommandId::from_u64(take(bytes)?);
                list.push((command, RequestId(take(bytes)?)));
            }
        }
        for _ in 0..take(bytes)? {
            conversation.sent.push(CommandId::from_u64(take(bytes)?));
        }
        Some((conversation, take_bytes(bytes)?))
    }
}

fn check(content: &[u8]) -> [u8; CHECK] {
    let mut hasher = SipHasher13::new();
    hasher.write(content);
    hasher.finish128().as_bytes()
}
