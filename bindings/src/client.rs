//! One outgoing link and its requests, across the border.

pub(crate) mod events;

use core::time::Duration;
use std::sync::Arc;

use pamlink::client::{Client as Core, Event, RequestId};
use pamlink::envelope::{Chat, Envelope, Raw, Shape, Text};
use pamlink::frame::{CloseCode, Incoming};
use pamlink::link::{ClientLinkEvent, CloseClass, DialFailed, Token, TokenError};
use pamlink::metrics::prometheus;
use pamlink::time::{Now, Wall};

use crate::engine::{Engine, Handle, Machine, now};
use crate::fault::{Code, Failure, Fault};
use crate::inputs::{Take, take};
use crate::options::ClientOptions;
use crate::packed::{self, View, schema};
use crate::port::{Port, Speaks};
use crate::process::Process;
use crate::said;
use crate::seed::seed;

/// One outgoing link with its requests: what an app holds. See `step`.
#[derive(Debug, uniffi::Object)]
pub struct Client {
    engine: Arc<Engine<ClientMachine>>,
    handle: Handle,
}

#[uniffi::export]
impl Client {
    /// A client that is not connected. `seed` is 32 bytes from the operating system's source of
    /// entropy; the clocks are as for `step`.
    ///
    /// # Errors
    ///
    /// `bad_url`, `bad_option`, `bad_seed`.
    #[uniffi::constructor]
    pub fn new(
        options: ClientOptions,
        seed: &[u8],
        mono_nanos: u64,
        wall_micros: i64,
    ) -> Result<Arc<Self>, Failure> {
        let random = self::seed(seed)?;
        let (config, endpoint) = options.build()?;
        let core = Core::new(config, endpoint, random, now(mono_nanos, wall_micros))
            .map_err(|error| Fault::new(Code::BadOption, error.to_string()))?;
        let machine = ClientMachine {
            core,
            port: Port::default(),
            dialing: false,
            buffer: Vec::new(),
            made_in: Process::current(),
        };
        let engine = Arc::new(Engine::new(machine));
        let handle = Handle::new(Arc::clone(&engine) as _);
        Ok(Arc::new(Self { engine, handle }))
    }

    /// Gives the client what happened, in the packed layout, and returns all that follows: what
    /// became of commands, events, what is to be written, and at the end `next` with the next
    /// deadline. An empty input says that time has passed.
    ///
    /// `mono_nanos` is a monotonic clock that counts sleep, from any origin; `wall_micros` is the
    /// time since 1970.
    ///
    /// # Errors
    ///
    /// `poisoned`. What is wrong with a record is a `fault` in the output.
    pub fn step(
        &self,
        mono_nanos: u64,
        wall_micros: i64,
        input: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        Ok(self.engine.step(now(mono_nanos, wall_micros), input)?)
    }

    /// The number by which the C entry knows this client. It means nothing once the client is
    /// gone.
    pub fn handle(&self) -> u64 {
        self.handle.number()
    }

    /// The state of the link: 0 connecting, 1 open, 2 closing, 3 closed.
    ///
    /// # Errors
    ///
    /// `poisoned`.
    pub fn state(&self) -> Result<u32, Failure> {
        Ok(self.engine.with(|machine| machine.core.state().number().into())?)
    }

    /// All that was counted, as text for Prometheus.
    ///
    /// # Errors
    ///
    /// `poisoned`.
    pub fn metrics(&self) -> Result<String, Failure> {
        Ok(self.engine.with(|machine| {
            let mut text = String::new();
            prometheus::write(&machine.core.metrics(), &mut text);
            text
        })?)
    }
}

/// A client and the host's end of its transport.
#[derive(Debug)]
pub(crate) struct ClientMachine {
    core: Core,
    port: Port,
    /// The host makes a transport, or should.
    dialing: bool,
    /// Bytes on their way from the client to the output.
    buffer: Vec<u8>,
    made_in: Process,
}

/// The word for the one link of a client.
const LINK: u64 = 0;

impl Machine for ClientMachine {
    fn step(&mut self, now: Now, input: &[u8], out: &mut Vec<u8>) {
        take(self, now, input, out);
        self.core.handle_timeout(now);
        self.drain(out);
        self.transmit(out);
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
            schema::BYTES => {
                let taken = core.handle_bytes(now, record.bytes(0).unwrap_or_default());
                taken.map_err(not_drained)?;
            }
            schema::TEXT => {
                core.handle_message(now, Incoming::Text(record.text(0))).map_err(not_drained)?;
            }
            schema::BINARY => {
                let message = Incoming::Binary(record.bytes(0).unwrap_or_default());
                core.handle_message(now, message).map_err(not_drained)?;
            }
            schema::CLOSE => {
                core.handle_message(now, close(record)).map_err(not_drained)?;
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
            _ => return Err(Fault::new(Code::WrongMachine, "this is a command for a hub")),
        }
        Ok(())
    }

    fn drain(&mut self, out: &mut Vec<u8>) {
        while let Some(event) = self.core.poll_event() {
            match event {
                // What waits to be written goes first.
                Event::Link(ClientLinkEvent::CloseTransport) => self.port.close_transport = true,
                event => {
                    if matches!(event, Event::Link(ClientLinkEvent::Dial(_))) {
                        // One transport after the other.
                        if self.port.close_transport {
                            packed::push(out, schema::CLOSE_TRANSPORT, &[LINK], &[]);
                        }
                        (self.port, self.dialing) = (Port::default(), true);
                    }
                    events::push(out, &event);
                }
            }
        }
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
        let transmit = self.core.poll_transmit(&mut self.buffer);
        if transmit.written > 0 {
            self.port.bytes(out, LINK, &self.buffer);
        }
        self.buffer.shrink_to(KEEP);
        transmit.more
    }
}

/// Bytes that the buffer for what is written keeps.
const KEEP: usize = 4 * 1024;

/// The peer's close frame.
pub(crate) fn close<'a>(record: &View<'a>) -> Incoming<'a> {
    let code = record.some(1).map(|code| CloseCode::new(u16::try_from(code).unwrap_or(u16::MAX)));
    Incoming::Close(code, record.text(0))
}

/// A point of the wall clock from its word.
pub(crate) fn wall(word: u64) -> Wall {
    Wall::from_unix_micros(i64::try_from(word).unwrap_or(i64::MAX))
}

/// More than a link takes: the events are always polled, so it is one input that is too long.
pub(crate) fn not_drained(error: pamlink::frame::NotDrained) -> Fault {
    Fault::new(Code::NotDrained, error.to_string())
}

/// Why there is no transport: by the HTTP status where there was one, else by its name.
fn dial_failed<'a>(record: &View<'a>) -> DialFailed<'a> {
    let said = record.text(1);
    if let Some(status) = record.some(0) {
        let status = u16::try_from(status).unwrap_or(0);
        let retry_after = record.some(1).map(Duration::from_nanos);
        return DialFailed::Answered { status, retry_after, body: said };
    }
    let named = |name: &str| CloseClass::ALL.into_iter().find(|class| class.as_str() == name);
    let class = record.optional(0).and_then(named).unwrap_or(CloseClass::Network);
    DialFailed::Unanswered { class, said }
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
pub(crate) mod tests;
