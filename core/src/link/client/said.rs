//! What an envelope of `pamlink.v1` says about a client's link.

use core::time::Duration;

use crate::envelope::Envelope;
use crate::envelope::v1::{DEPTH, Goodbye, GoodbyeCode, Message, Welcome};

/// What a server says about a link.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Welcome(Welcome),
    /// The last token is good, for so long yet.
    Renewed(Option<Duration>),
    TokenWanted,
    Goodbye(Goodbye<'static>),
    /// What it must not say now.
    Wrong(GoodbyeCode<'static>),
    /// What is not of the dialect, before anything was said in it.
    Foreign,
}

impl Said {
    /// The end of the link that it plans, and after which time: the server goes on until then, and
    /// the client may come back as it is (V-10.6).
    pub(crate) fn planned_end(&self) -> Option<(&Goodbye<'static>, Duration)> {
        let Self::Goodbye(goodbye) = self else { return None };
        let may_come_back = match goodbye.code {
            GoodbyeCode::GoingAway
            | GoodbyeCode::Rotate
            | GoodbyeCode::Overloaded
            | GoodbyeCode::Idle
            | GoodbyeCode::Unknown(_) => true,
            GoodbyeCode::Malformed
            | GoodbyeCode::NotOpen
            | GoodbyeCode::TooLarge
            | GoodbyeCode::TokenExpired
            | GoodbyeCode::Unauthorized
            | GoodbyeCode::Forbidden
            | GoodbyeCode::Version
            | GoodbyeCode::Left => false,
        };
        goodbye.within.filter(|_| may_come_back).map(|within| (goodbye, within))
    }

    /// Whether nothing that comes behind it over the link is taken.
    pub(crate) const fn ends_link(&self) -> bool {
        match self {
            Self::Goodbye(goodbye) => goodbye.within.is_none(),
            Self::Wrong(_) | Self::Foreign => true,
            Self::Welcome(_) | Self::Renewed(_) | Self::TokenWanted => false,
        }
    }

    /// What a server says first: a welcome or a goodbye, or what it must not say (V-10.3), where it
    /// speaks the dialect at all (V-10.1).
    pub(crate) fn first(text: &str) -> Self {
        let envelope = Envelope::parse(text, DEPTH);
        let message = match envelope.as_ref().map(Message::read) {
            Ok(Err(malformed)) if malformed.is_of_link() => {
                return Self::Wrong(GoodbyeCode::Malformed);
            }
            Ok(Ok(Some((_, message)))) => message,
            Ok(Err(_)) => return Self::Wrong(GoodbyeCode::NotOpen),
            Err(_) | Ok(Ok(None)) => return Self::Foreign,
        };
        match message {
            Message::Goodbye(it) => Self::goodbye(it),
            Message::Welcome(it) => Self::Welcome(it),
            _ => Self::Wrong(GoodbyeCode::NotOpen),
        }
    }

    /// What an envelope says about a link that was welcomed; nothing if it is about a session.
    pub(crate) fn of(message: &Message<'_>) -> Option<Self> {
        Some(match message {
            Message::Goodbye(it) => Self::goodbye(it.clone()),
            Message::Renewed(it) => Self::Renewed(it.expires),
            Message::TokenWanted(_) => Self::TokenWanted,
            Message::Welcome(_) | Message::Hello(_) | Message::Token(_) => {
                Self::Wrong(GoodbyeCode::NotOpen)
            }
            _ => return None,
        })
    }

    fn goodbye(goodbye: Goodbye<'_>) -> Self {
        let Goodbye { code, retry_after, spread, within } = goodbye;
        Self::Goodbye(Goodbye { code: code.into_owned(), retry_after, spread, within })
    }
}
