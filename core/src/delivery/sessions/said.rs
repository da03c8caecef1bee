//! What sessions tell their host, until it is lent, and what is said in the name of none.

use std::sync::Arc;

use super::config::SessionsBound;
use super::event::SessionsEvent;
use super::numbers::{LinkNumber, SessionNumber};
use crate::delivery::config::SessionConfig;
use crate::delivery::events::Unlent;
use crate::delivery::stream;
use crate::envelope::v1::{
    Answer, ChannelPositions, Epoch, Follow, Heartbeat, Message, Open, Opened, Position, SessionId,
};

/// A [`SessionsEvent`] that borrows nothing.
#[derive(Clone, Debug)]
pub(crate) enum Lent {
    Session(SessionNumber, Arc<str>, Unlent),
    Stream(stream::Event),
    Refused(LinkNumber, Arc<str>, SessionsBound),
    Evicted(SessionNumber, Arc<str>),
    Overrun(LinkNumber),
}

impl Lent {
    /// The event for the host.
    pub(super) fn lend(&self) -> SessionsEvent<'_> {
        match self {
            Self::Session(session, user, event) => {
                SessionsEvent::Session { session: *session, user, event: event.lend() }
            }
            Self::Stream(event) => SessionsEvent::Stream(event.clone()),
            Self::Refused(link, user, bound) => {
                SessionsEvent::Refused { link: *link, user, bound: *bound }
            }
            Self::Evicted(session, user) => SessionsEvent::Evicted { session: *session, user },
            Self::Overrun(link) => SessionsEvent::Overrun { link: *link },
        }
    }
}

/// An `open` without its tie to the envelope.
pub(super) fn owned_open(open: Open<'_>) -> Open<'static> {
    let follow = open.follow.into_iter().map(|Follow { stream, received, offset }| Follow {
        stream: stream.into_owned(),
        received,
        offset,
    });
    Open {
        session: open.session,
        received: open.received,
        sent: open.sent,
        follow: follow.collect(),
        window: open.window,
    }
}

/// A heartbeat of a link.
pub(super) fn heartbeat(channels: Vec<ChannelPositions>, reply: bool) -> Message<'static> {
    Message::Heartbeat(Heartbeat { channels, reply })
}

/// The answer to an `open` of a session that there is not, or that is another user's: nothing in it
/// tells which (V-9.2).
pub(super) fn unknown(
    open: &Open<'_>,
    session: SessionId,
    log: Epoch,
    config: &SessionConfig,
) -> Message<'static> {
    let from = open.received.unwrap_or_else(|| Position::start(open.sent.epoch));
    Message::Opened(Opened {
        session,
        answer: Answer::Unknown,
        received: Position::start(open.sent.epoch),
        from,
        sent: from,
        log,
        window: config.window(),
        keep: config.keep,
        lost: None,
        reason: None,
        how: None,
    })
}
