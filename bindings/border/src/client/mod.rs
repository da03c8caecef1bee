//! A client behind the packed step, and the host's end of its transport.

mod events;

use core::time::Duration;

use pamlink::client::{Client, ClientConfig, Event, RequestId};
use pamlink::delivery::SendOptions;
use pamlink::envelope::{Chat, Envelope, Raw, Shape, Text};
use pamlink::frame::{CloseCode, Incoming};
use pamlink::link::{ClientLinkEvent, CloseClass, DialFailed, Endpoint, Token, TokenError};
use pamlink::seed::Seed;
use pamlink::time::{Now, Wall};

pub use self::events::push_failed;

use crate::fault::{Code, Fault};
use crate::inputs::{Take, push_fault, take};
use crate::packed::{self, View, schema};
use crate::port::{Port, Speaks};
use crate::process::Process;
use crate::{Machine, said};

/// A client and the host's end of its transport.
#[derive(Debug)]
pub struct ClientMachine {
    core: Client,
    port: Port,
    /// The host makes a transport, or should.
    dialing: bool,
    /// Bytes on their way from the client to the output.
    buffer: Vec<u8>,
    /// The commands that want a snapshot at the end of this step.
    snapshots: Vec<u64>,
    /// What a link has left to say whose transport is to be dropped: it is there no more once there is
    /// another link.
    last_words: Vec<u8>,
    /// It goes on with requests that its host has still to be told of.
    restored: bool,
    made_in: Process,
}

/// The word for the one link of a client.
const LINK: u64 = 0;

impl ClientMachine {
    /// A client that is not connected, made in this process.
    ///
    /// # Errors
    ///
    /// `bad_option` if the opening request would break HTTP.
    pub fn new(
        config: ClientConfig,
        endpoint: Endpoint,
        seed: Seed,
        now: Now,
    ) -> Result<Self, Fault> {
        let core = Client::new(answering(config), endpoint, seed, now)
            .map_err(|error| Fault::new(Code::BadOption, error.to_string()))?;
        Ok(Self::of(core))
    }

    /// The client of which `snapshot` has made these bytes, not connected: its requests go on, and
    /// the first step tells which there are.
    ///
    /// # Errors
    ///
    /// `bad_snapshot`, and as [`new`](Self::new).
    pub fn restore(
        config: ClientConfig,
        endpoint: Endpoint,
        snapshot: &[u8],
        seed: Seed,
        now: Now,
    ) -> Result<Self, Fault> {
        let core = Client::restore(answering(config), endpoint, snapshot, seed, now)?;
        Ok(Self { restored: true, ..Self::of(core) })
    }

    fn of(core: Client) -> Self {
        Self {
            core,
            port: Port::default(),
            dialing: false,
            buffer: Vec::new(),
            snapshots: Vec::new(),
            last_words: Vec::new(),
            restored: false,
            made_in: Process::current(),
        }
    }

    /// The client, to be looked at.
    pub const fn client(&self) -> &Client {
        &self.core
    }
}

impl Machine for ClientMachine {
    fn step(&mut self, now: Now, input: &[u8], out: &mut Vec<u8>) {
        if core::mem::take(&mut self.restored) {
            for (request, envelope) in self.core.requests() {
                let texts = [Some(envelope.as_bytes())];
                packed::push(out, schema::RESTORED, &[request.as_u64()], &texts);
            }
        }
        take(self, now, input, out);
        self.core.handle_timeout(now);
        self.drain(out);
        self.transmit(out);
        self.take_snapshots(out);
        said::next(out, self.core.poll_timeout());
    }
}

impl Take for ClientMachine {
    fn apply(
        &mut self,
        now: Now,
        of: u64,
        record: &View<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let core = &mut self.core;
        match record.kind {
            #[cfg(feature = "bytes")]
            schema::BYTES => {
                core.handle_bytes(now, record.bytes(0).unwrap_or_default())?;
            }
            schema::TEXT => match core.lend_message(now, Incoming::Text(record.text(0)))? {
                Some(Event::Link(ClientLinkEvent::CloseTransport)) => self.take_last_words(),
                Some(event) => {
                    tell((&mut self.port, &mut self.dialing, &mut self.last_words), &event, out);
                }
                None => {}
            },
            schema::BINARY => {
                let message = Incoming::Binary(record.bytes(0).unwrap_or_default());
                core.handle_message(now, message)?;
            }
            schema::CLOSE => {
                core.handle_message(now, close(record))?;
            }
            schema::CLOSED => {
                self.dialing = false;
                self.port = Port::default();
                core.handle_closed(now);
            }
            schema::WRITTEN => {
                let _ = self.port.written();
            }
            schema::CONNECT => {
                self.made_in.begins()?;
                core.connect(now);
            }
            schema::DISCONNECT => core.disconnect(now),
            // A transport that nobody waits for changes nothing, least of all the one there is.
            #[cfg(feature = "bytes")]
            schema::DIALED if core::mem::take(&mut self.dialing) => {
                self.made_in.begins()?;
                self.port = Port::new(Speaks::Bytes);
                core.handle_dialed(now);
            }
            schema::OPENED if core::mem::take(&mut self.dialing) => {
                self.made_in.begins()?;
                self.port = Port::new(Speaks::Messages);
                core.handle_opened(now, record.optional(0));
            }
            schema::DIAL_FAILED if core::mem::take(&mut self.dialing) => {
                core.handle_dial_failed(now, dial_failed(record));
            }
            schema::DIALED | schema::OPENED | schema::DIAL_FAILED => {}
            schema::TOKEN => {
                let text = record.text(0);
                let token = match record.some(0) {
                    Some(expires) => Token::with_dates(text, None, wall(expires)),
                    None => Token::new(text),
                };
                core.provide_token(now, token)?;
            }
            schema::TOKEN_FAILED => {
                let denied = record.flag(0);
                let error = if denied { TokenError::Denied } else { TokenError::Unavailable };
                core.token_failed(now, error);
            }
            schema::WAKE => core.wake(now),
            schema::NETWORK_CHANGED => core.network_changed(now),
            schema::ASK => {
                let request = core.ask(now, &request(record)?)?;
                packed::push(out, schema::ASKED, &[of, request.as_u64()], &[]);
            }
            schema::FORGET => core.forget(now, RequestId::from_u64(record.word(0))),
            schema::SEND => core.send(now, record.text(0))?,
            schema::CANCEL => core.cancel(now, RequestId::from_u64(record.word(0)))?,
            schema::ABANDON => core.abandon(now, RequestId::from_u64(record.word(0))),
            schema::SUBMIT => {
                let command = core.submit(now, record.text(0), send_options(record)?)?;
                packed::push(out, schema::SUBMITTED, &[of, command.as_u64()], &[]);
            }
            schema::SNAPSHOT => self.snapshots.push(of),
            _ => return Err(Fault::new(Code::WrongMachine, "this is a command for a hub")),
        }
        Ok(())
    }

    fn drain(&mut self, out: &mut Vec<u8>) {
        while let Some(event) = self.core.poll_event() {
            match event {
                Event::Link(ClientLinkEvent::CloseTransport) => self.take_last_words(),
                event => {
                    tell((&mut self.port, &mut self.dialing, &mut self.last_words), &event, out);
                }
            }
        }
        out.append(&mut self.last_words);
    }
}

impl ClientMachine {
    /// Hands out what there is to write, as far as the host has room.
    fn transmit(&mut self, out: &mut Vec<u8>) {
        loop {
            let more = self.port.speaks != Speaks::Nothing && self.hand_out(out);
            if !more {
                break;
            }
        }
        if self.port.close_transport {
            (self.port, self.dialing) = (Port::default(), false);
            packed::push(out, schema::CLOSE_TRANSPORT, &[LINK], &[]);
        }
    }

    /// The transport is to be dropped: takes what waits to be written before that.
    fn take_last_words(&mut self) {
        self.port.close_transport = true;
        let mut last_words = core::mem::take(&mut self.last_words);
        self.transmit(&mut last_words);
        self.last_words = last_words;
    }

    /// Hands out the snapshots that were asked for: of what the client is once all is written that
    /// stands before them in the output. So a host stores one before it writes.
    fn take_snapshots(&mut self, out: &mut Vec<u8>) {
        for of in core::mem::take(&mut self.snapshots) {
            // What has come of writing is in no snapshot.
            self.drain(out);
            self.buffer.clear();
            match self.core.snapshot(&mut self.buffer) {
                Ok(()) => {
                    packed::push(out, schema::SNAPSHOT_TAKEN, &[of], &[Some(&self.buffer)]);
                }
                Err(error) => push_fault(out, of, &error.into()),
            }
            self.buffer.clear();
            self.buffer.shrink_to(KEEP);
        }
    }

    /// One thing to write. Whether there may be another.
    fn hand_out(&mut self, out: &mut Vec<u8>) -> bool {
        if !self.port.has_room() {
            return false;
        }
        self.buffer.clear();
        if self.port.speaks == Speaks::Messages {
            let Some(outgoing) = self.core.poll_message(&mut self.buffer) else { return false };
            return !self.port.message(out, LINK, outgoing, &self.buffer);
        }
        self.hand_out_bytes(out)
    }

    #[cfg(feature = "bytes")]
    fn hand_out_bytes(&mut self, out: &mut Vec<u8>) -> bool {
        let transmit = self.core.poll_transmit(&mut self.buffer);
        if transmit.written > 0 {
            self.port.bytes(out, LINK, &self.buffer);
        }
        self.buffer.shrink_to(KEEP);
        transmit.more
    }

    #[cfg(not(feature = "bytes"))]
    const fn hand_out_bytes(&self, _out: &[u8]) -> bool {
        false
    }
}

/// Appends an event, before it what the link before had left to say, and notes whether a transport is
/// to be made.
fn tell(
    (port, dialing, last_words): (&mut Port, &mut bool, &mut Vec<u8>),
    event: &Event<'_>,
    out: &mut Vec<u8>,
) {
    if matches!(event, Event::Link(ClientLinkEvent::Dial(_))) {
        // One transport after the other.
        out.append(last_words);
        (*port, *dialing) = (Port::default(), true);
    }
    events::push(out, event);
}

/// Bytes that the buffer for what is written keeps.
const KEEP: usize = 4 * 1024;

/// The config with room for every answer that a message can hold: none is longer.
const fn answering(mut config: ClientConfig) -> ClientConfig {
    config.max_answer_bytes = config.link.link.frames.max_message;
    config
}

/// The peer's close frame.
pub(crate) fn close<'a>(record: &View<'a>) -> Incoming<'a> {
    let code = record.some(1).map(|code| CloseCode::new(u16::try_from(code).unwrap_or(u16::MAX)));
    Incoming::Close(code, record.text(0))
}

/// A point of the wall clock from its word.
pub(crate) fn wall(word: u64) -> Wall {
    Wall::from_unix_micros(i64::try_from(word).unwrap_or(i64::MAX))
}

/// Why there is no transport: by the HTTP status where there was one, else by the name of its class,
/// or `unexplained`.
fn dial_failed<'a>(record: &View<'a>) -> DialFailed<'a> {
    let said = record.text(1);
    if let Some(status) = record.some(0) {
        let status = u16::try_from(status).unwrap_or(0);
        let retry_after = record.some(1).map(Duration::from_nanos);
        return DialFailed::Answered { status, retry_after, body: said };
    }
    if record.optional(0) == Some("unexplained") {
        return DialFailed::Unexplained { said };
    }
    let named = |name: &str| CloseClass::ALL.into_iter().find(|class| class.as_str() == name);
    let class = record.optional(0).and_then(named).unwrap_or(CloseClass::Network);
    DialFailed::Unanswered { class, said }
}

/// How what is submitted waits.
fn send_options<'a>(record: &View<'a>) -> Result<SendOptions<'a>, Fault> {
    let agent = said::name(record, 3, "the agent")?;
    Ok(SendOptions { agent, ..said::send_options(record, 1)? })
}

fn request<'a>(record: &View<'a>) -> Result<Chat<'a>, Fault> {
    let context = match record.optional(4) {
        None => None,
        Some(json) => match Raw::parse(json, Envelope::DEPTH - 1) {
            Ok(context) if context.shape() == Shape::Object => Some(context),
            Ok(_) => return Err(Fault::new(Code::BadContext, "the context is no JSON object")),
            Err(error) => return Err(Fault::new(Code::BadContext, format!("context: {error}"))),
        },
    };
    Ok(Chat {
        message: Some(Text::from(record.text(0))),
        stream: record.flag(0).then_some(true),
        agent: record.optional(1).map(Text::from),
        intent: record.optional(2).map(Text::from),
        session_id: record.optional(3).map(Text::from),
        context,
        ..Chat::default()
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::variants;

    #[test]
    fn every_event_of_a_client_has_a_record() {
        let own = variants(include_str!("../../../../core/src/client/event.rs"), "Event");
        let link =
            variants(include_str!("../../../../core/src/link/client/event.rs"), "ClientLinkEvent");
        assert!(own.len() >= 12 && link.len() >= 11, "{own:?}, {link:?}");
        let border = concat!(include_str!("events.rs"), include_str!("mod.rs"));
        let own = own.iter().map(|it| format!(" Event::{it}"));
        let link = link.iter().map(|it| format!("ClientLinkEvent::{it}"));
        let missing: Vec<_> = own.chain(link).filter(|it| !border.contains(it)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
