//! A hub behind the packed step, and the host's ends of its transports.

mod events;
mod ports;

use std::sync::Arc;

use pamlink::envelope::write::Answer;
use pamlink::envelope::{Envelope, ErrorCode, Raw, Source};
use pamlink::frame::{CloseCode, Incoming};
use pamlink::hub::{Auth, Delivered, Event, Hub, HubConfig, LinkId, Proof, Push, Reply, RequestId};
use pamlink::link::{Claims, Token};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::Now;

use self::ports::Ports;
use crate::client::{close, wall};
use crate::fault::{Code, Fault, auth_error};
use crate::inputs::{Take, take};
use crate::packed::{self, View, schema};
use crate::port::Speaks;
use crate::process::Process;
use crate::{Machine, said};

/// A hub and the host's ends of its transports.
#[derive(Debug)]
pub struct HubMachine {
    core: Hub,
    ports: Ports,
    made_in: Process,
}

impl HubMachine {
    /// A hub without links, made in this process.
    pub fn new(config: HubConfig, auth: Auth, routes: Arc<Table>, seed: Seed) -> Self {
        let core = Hub::new(config, auth, routes, seed);
        Self { core, ports: Ports::default(), made_in: Process::current() }
    }

    /// Begins again with another seed, in the process that this is called in.
    ///
    /// # Errors
    ///
    /// `forked`: there were links already, which know the epoch.
    pub fn reseed(&mut self, seed: Seed) -> Result<(), Fault> {
        if !self.core.reseed(seed) {
            let what = "the hub has served before the fork: make one in each process";
            return Err(Fault::new(Code::Forked, what));
        }
        self.made_in = Process::current();
        Ok(())
    }

    /// The hub, to be looked at.
    pub const fn hub(&self) -> &Hub {
        &self.core
    }

    /// The hub, to have its routes or its keys replaced.
    pub const fn hub_mut(&mut self) -> &mut Hub {
        &mut self.core
    }

    /// Bytes held by the hub, its links and the ends of their transports.
    pub fn memory(&self) -> usize {
        self.core.memory() + self.ports.memory()
    }
}

impl Machine for HubMachine {
    fn step(&mut self, now: Now, input: &[u8], out: &mut Vec<u8>) {
        take(self, now, input, out);
        self.core.handle_timeout(now);
        self.drain(out);
        self.ports.transmit(&mut self.core, out);
        // A transport that is to be dropped may have been the last of its hub.
        self.drain(out);
        said::next(out, self.core.poll_timeout());
    }
}

impl Take for HubMachine {
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
                core.handle_bytes(now, link(record), record.bytes(0).unwrap_or_default())?;
            }
            schema::TEXT => {
                let text = Incoming::Text(record.text(0));
                if let Some(event) = core.lend_message(now, link(record), text)? {
                    tell(&mut self.ports, &event, out);
                }
            }
            schema::BINARY => {
                let message = Incoming::Binary(record.bytes(0).unwrap_or_default());
                core.handle_message(now, link(record), message)?;
            }
            schema::CLOSE => core.handle_message(now, link(record), close(record))?,
            schema::CLOSED => {
                self.ports.remove(record.word(0));
                core.handle_closed(now, link(record));
            }
            schema::WRITTEN => self.ports.written(record.word(0)),
            schema::ACCEPT => {
                self.made_in.begins()?;
                let link = core.accept(now)?;
                self.accepted(of, link, Speaks::Bytes, out);
            }
            schema::ACCEPT_OPENED => {
                self.made_in.begins()?;
                let (user, proof) = (record.text(0), proof(record));
                let link = if record.flag(2) {
                    core.accept_opened_v1(now, user, proof)?
                } else {
                    let most = record.some(1).map(|it| usize::try_from(it).unwrap_or(usize::MAX));
                    core.accept_opened(now, user, proof, most)?
                };
                self.accepted(of, link, Speaks::Messages, out);
            }
            schema::AUTHORIZE => {
                let verdict = match record.optional(0) {
                    Some(subject) => Ok(claims(subject, record.some(1))),
                    None => Err(auth_error(record.optional(1).unwrap_or_default())),
                };
                core.authorize(now, link(record), verdict)?;
            }
            schema::REPLY..=schema::DISMISS => return self.reply(now, of, record, out),
            schema::SEND_TO => pushed(out, of, core.send(now, link(record), record.text(0))?),
            schema::PUSH => {
                let options = said::send_options(record, 2)?;
                pushed(out, of, core.push_with(now, record.text(0), record.text(1), options)?);
            }
            schema::BROADCAST => pushed(out, of, core.broadcast(now, record.text(0))?),
            schema::DISCONNECT_LINK => {
                let closed = core.disconnect(now, link(record), code(record, 1), record.text(0));
                packed::push(out, schema::DISCONNECTED, &[of, closed.into()], &[]);
            }
            schema::DISCONNECT_USER => {
                let (user, reason) = (record.text(0), record.text(1));
                let closed = core.disconnect_user(now, user, code(record, 0), reason);
                packed::push(out, schema::DISCONNECTED, &[of, closed.into()], &[]);
            }
            schema::DRAIN => core.drain(now, core::time::Duration::from_nanos(record.word(0))),
            schema::RESPOND => {
                let status = u16::try_from(record.word(1)).unwrap_or(0);
                let body = record.bytes(1).unwrap_or_default();
                let headers = [("Content-Type", record.text(0))];
                core.respond(now, link(record), status, &headers, body)?;
            }
            _ => return Err(Fault::new(Code::WrongMachine, "this is a command for a client")),
        }
        Ok(())
    }

    fn drain(&mut self, out: &mut Vec<u8>) {
        while let Some(event) = self.core.poll_event() {
            tell(&mut self.ports, &event, out);
        }
    }
}

impl HubMachine {
    /// What a host says to a request.
    fn reply(
        &mut self,
        now: Now,
        of: u64,
        record: &View<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let core = &mut self.core;
        let request = RequestId::from_u64(record.word(0));
        let delivered = match record.kind {
            schema::REPLY => {
                let source = record.optional(2).map(Source::from);
                let answer = Answer {
                    text: record.text(0),
                    ui_actions: record.optional(1).map(json).transpose()?,
                    source: source.as_ref(),
                    model: record.optional(3),
                    agent: record.optional(4),
                    failed: record.flag(1),
                    ..Answer::default()
                };
                core.reply(now, request, &Reply::Answer(answer))?
            }
            schema::REPLY_ERROR => {
                let code = ErrorCode::from(record.text(0));
                let retry_after = record.some(1).map(core::time::Duration::from_nanos);
                let error = Reply::Error { code: &code, message: record.text(1), retry_after };
                core.reply(now, request, &error)?
            }
            schema::REPLY_RAW => core.reply(now, request, &Reply::Raw(record.text(0)))?,
            schema::REPLY_PIECE => {
                core.piece_wtf8(now, request, record.bytes(0).unwrap_or_default())?
            }
            _ => return Ok(core.dismiss(now, request)?),
        };
        let (outcome, link): (&str, Option<LinkId>) = match delivered {
            Delivered::Queued(link) => ("queued", Some(link)),
            Delivered::InOrder(link) => ("in_order", Some(link)),
            Delivered::Kept => ("kept", None),
            Delivered::Refused(link) => ("refused", Some(link)),
            Delivered::Whole => ("whole", None),
            Delivered::Cancelled => ("cancelled", None),
            Delivered::TooLarge => ("too_large", None),
            _ => ("absent", None),
        };
        let words = [of, packed::word(link.map(LinkId::as_u64))];
        packed::push(out, schema::DELIVERED, &words, &[Some(outcome.as_bytes())]);
        Ok(())
    }

    fn accepted(&mut self, of: u64, link: LinkId, speaks: Speaks, out: &mut Vec<u8>) {
        self.ports.insert(link.as_u64(), speaks);
        packed::push(out, schema::ACCEPTED, &[of, link.as_u64()], &[]);
    }
}

/// Appends an event.
fn tell(ports: &mut Ports, event: &Event<'_>, out: &mut Vec<u8>) {
    if let Event::Closed { link, .. } = event {
        ports.ended(link.as_u64());
    }
    events::push(out, event);
}

fn link(record: &View<'_>) -> LinkId {
    LinkId::from_u64(record.word(0))
}

fn code(record: &View<'_>, at: usize) -> CloseCode {
    CloseCode::new(u16::try_from(record.word(at)).unwrap_or(0))
}

fn json(text: &str) -> Result<Raw<'_>, Fault> {
    Raw::parse(text, Envelope::DEPTH - 1)
        .map_err(|error| Fault::new(Code::NotAnEnvelope, format!("ui_actions: {error}")))
}

/// Claims that end when the host says, or never within reason.
fn claims(subject: &str, expires: Option<u64>) -> Claims {
    Claims::new(subject, wall(expires.unwrap_or(packed::NONE)))
}

fn proof(record: &View<'_>) -> Proof {
    match (record.optional(2), record.optional(1)) {
        (Some(subject), _) => Proof::Claims(claims(subject, record.some(0))),
        (None, Some(token)) => Proof::Token(Token::new(token)),
        (None, None) => Proof::None,
    }
}

fn pushed(out: &mut Vec<u8>, of: u64, push: Push) {
    let words = [of, push.queued.into(), push.refused.into(), push.id.as_u64()];
    packed::push(out, schema::PUSHED, &words, &[]);
}

#[cfg(test)]
mod tests {
    use crate::testing::variants;

    #[test]
    fn every_event_of_a_hub_has_a_record() {
        let events = variants(include_str!("../../../../core/src/hub/event.rs"), "Event");
        assert!(events.len() >= 11, "{events:?}");
        let border = include_str!("events.rs");
        let missing: Vec<_> =
            events.iter().filter(|it| !border.contains(&format!("Event::{it}"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
