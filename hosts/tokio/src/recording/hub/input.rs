//! What a hub is given, as it stands in a recording, and how a hub is given it again.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use pamlink::delivery::SendOptions;
use pamlink::envelope::v1::Name;
use pamlink::frame::CloseCode;
use pamlink::hub::{Hub, LinkId, RequestId};
use pamlink::link::{AuthError, Claims};
use pamlink::routing::Table;
use pamlink::time::{Now, Wall};
use serde::{Deserialize, Serialize};

use super::said;
use super::then::Then;
use crate::handler::Reply;
use crate::recording::characters;
use crate::recording::sheet::Given;
use crate::recording::urgency::Urgency;

/// One input or command of a hub. Closed: a recording of another version has another header. Links
/// and requests are numbers, as [`LinkId::as_u64`] has them; a span is in nanoseconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Input {
    Accept(IpAddr),
    Bytes {
        link: u64,
        /// Every byte is the character of its number, so that what is text can be read.
        #[serde(with = "characters")]
        bytes: Vec<u8>,
    },
    Closed(u64),
    Timeout,
    /// No descriptor is left.
    Exhausted,
    Verdict {
        link: u64,
        /// Whoever gave it has held the token against the clock.
        in_time: bool,
        verdict: Verdict,
    },
    /// An answer to a plain request, as long as it was; of status 0 it was refused.
    Respond {
        link: u64,
        status: u16,
        headers: Vec<(String, usize)>,
        body: usize,
    },
    Reply {
        request: u64,
        reply: Answer,
    },
    Piece {
        request: u64,
        text: String,
    },
    Push {
        user: String,
        text: String,
        priority: Urgency,
        key: Option<String>,
        time_to_live: Option<u64>,
    },
    Broadcast(String),
    DisconnectUser {
        user: String,
        code: u16,
        reason: String,
    },
    RotateUser {
        user: String,
        within: u64,
    },
    Drain(u64),
    Routes(String),
}

/// What a token is worth.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Verdict {
    Good { subject: String, expires: i64, issued: Option<i64>, role: Option<String> },
    Bad(String),
}

/// A [`Reply`].
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Answer {
    Text { text: String, ui_actions: Option<String> },
    Error { code: String, message: String, retry_after: Option<u64> },
    Raw(String),
}

impl Input {
    pub(crate) fn verdict(
        link: LinkId,
        in_time: bool,
        verdict: &Result<Claims, AuthError>,
    ) -> Self {
        let verdict = match verdict {
            Ok(claims) => Verdict::Good {
                subject: claims.subject.clone(),
                expires: claims.expires.as_unix_micros(),
                issued: claims.issued.map(Wall::as_unix_micros),
                role: claims.role.clone(),
            },
            Err(error) => Verdict::Bad(error.to_string()),
        };
        Self::Verdict { link: link.as_u64(), in_time, verdict }
    }

    pub(crate) fn reply(request: RequestId, reply: &Reply) -> Self {
        let reply = match reply.clone() {
            Reply::Answer { text, ui_actions } => Answer::Text { text, ui_actions },
            Reply::Error { code, message, retry_after } => {
                Answer::Error { code, message, retry_after: retry_after.map(nanos) }
            }
            Reply::Raw(text) => Answer::Raw(text),
        };
        Self::Reply { request: request.as_u64(), reply }
    }

    pub(crate) fn push(user: &str, text: &str, options: &SendOptions<'_>) -> Self {
        Self::Push {
            user: user.to_owned(),
            text: text.to_owned(),
            priority: options.priority.into(),
            key: options.key.as_ref().map(|key| key.as_str().to_owned()),
            time_to_live: options.time_to_live.map(nanos),
        }
    }

    /// What the program says to peers: a token may be in it that it has made for one of them.
    pub(super) fn said(&self) -> Vec<&str> {
        match self {
            Self::Reply { reply: Answer::Text { text, ui_actions }, .. } => {
                std::iter::once(text).chain(ui_actions).map(String::as_str).collect()
            }
            Self::Reply { reply: Answer::Error { message, .. }, .. } => vec![message],
            Self::Reply { reply: Answer::Raw(text), .. }
            | Self::Piece { text, .. }
            | Self::Push { text, .. }
            | Self::Broadcast(text) => vec![text],
            _ => Vec::new(),
        }
    }

    /// What kind of input it is, for people, and of which link.
    pub(super) fn name(&self) -> (String, Option<u64>) {
        let name = match self {
            Self::Accept(from) => format!("accept from {from}"),
            Self::Bytes { link, bytes } => return (format!("{} bytes", bytes.len()), Some(*link)),
            Self::Closed(link) => return ("transport closed".to_owned(), Some(*link)),
            Self::Timeout => "timeout".to_owned(),
            Self::Exhausted => "no descriptor is left".to_owned(),
            Self::Verdict { link, verdict, .. } => {
                let name = match verdict {
                    Verdict::Good { subject, .. } => format!("the token is good: {subject}"),
                    Verdict::Bad(why) => format!("the token is bad: {why}"),
                };
                return (name, Some(*link));
            }
            Self::Respond { link, status, body, .. } => {
                return (format!("respond {status} with {body} bytes"), Some(*link));
            }
            Self::Reply { request, reply } => {
                let reply = match reply {
                    Answer::Text { text, .. } => format!("{text:?}"),
                    Answer::Error { code, message, .. } => format!("error {code} {message:?}"),
                    Answer::Raw(text) => text.clone(),
                };
                format!("reply to {}: {reply}", RequestId::from_u64(*request))
            }
            Self::Piece { request, text } => {
                format!("piece for {}: {text:?}", RequestId::from_u64(*request))
            }
            Self::Push { user, text, .. } => format!("push to {user}: {text}"),
            Self::Broadcast(text) => format!("broadcast: {text}"),
            Self::DisconnectUser { user, code, reason } => {
                format!("disconnect {user} with {code} {reason:?}")
            }
            Self::RotateUser { user, within } => {
                format!("tell {user} to move within {:?}", Duration::from_nanos(*within))
            }
            Self::Drain(spread) => format!("drain within {:?}", Duration::from_nanos(*spread)),
            Self::Routes(_) => "replace the routing table".to_owned(),
        };
        (name, None)
    }

    /// Gives it to a hub, and says what came of it where that is more than nothing.
    ///
    /// # Errors
    ///
    /// It is no input that a hub can be given.
    pub(super) fn give(&self, hub: &mut Hub, now: Now) -> Result<Option<String>, String> {
        match self {
            Self::Accept(from) => return Ok(said::accepted(&hub.accept_from(now, *from))),
            Self::Bytes { link, bytes } => {
                let result = hub.handle_bytes(now, LinkId::from_u64(*link), bytes);
                return Ok(said::done(&result));
            }
            Self::Closed(link) => hub.handle_closed(now, LinkId::from_u64(*link)),
            Self::Timeout => hub.handle_timeout(now),
            Self::Exhausted => return Ok(said::flag(hub.handle_exhausted(now))),
            Self::Verdict { link, in_time, verdict } => {
                let (link, verdict) = (LinkId::from_u64(*link), verdict.given()?);
                return Ok(said::done(&match in_time {
                    true => hub.verified(now, link, verdict),
                    false => hub.authorize(now, link, verdict),
                }));
            }
            Self::Respond { link, status, headers, body } => {
                let stand_in = |length: usize| "x".repeat(length.min(LONGEST));
                let values = headers.iter().map(|(_, length)| stand_in(*length));
                let values: Vec<_> = values.collect();
                let names = headers.iter().map(|(name, _)| NAMES.get(..name.len()));
                let names = names.collect::<Option<Vec<_>>>().ok_or("a header has no such name")?;
                let headers: Vec<_> =
                    names.into_iter().zip(&values).map(|(name, it)| (name, &**it)).collect();
                let (link, body) = (LinkId::from_u64(*link), stand_in(*body));
                let result = hub.respond(now, link, *status, &headers, body.as_bytes());
                return Ok(said::done(&result).filter(|_| *status != 0));
            }
            Self::Reply { request, reply } => {
                let request = RequestId::from_u64(*request);
                let result = reply.given().with(|reply| hub.reply(now, request, reply));
                return Ok(said::delivered(&result));
            }
            Self::Piece { request, text } => {
                return Ok(said::delivered(&hub.piece(now, RequestId::from_u64(*request), text)));
            }
            Self::Push { user, text, priority, key, time_to_live } => {
                let key = key.as_deref();
                let read = |key| Name::new(key).ok_or_else(|| format!("`{key}` is no name"));
                let options = SendOptions {
                    priority: (*priority).into(),
                    key: key.map(read).transpose()?,
                    time_to_live: time_to_live.map(Duration::from_nanos),
                    ..SendOptions::default()
                };
                return Ok(said::pushed(&hub.push_with(now, user, text, options)));
            }
            Self::Broadcast(text) => return Ok(said::pushed(&hub.broadcast(now, text))),
            Self::DisconnectUser { user, code, reason } => {
                let code = CloseCode::new(*code);
                return Ok(said::links(hub.disconnect_user(now, user, code, reason)));
            }
            Self::RotateUser { user, within } => {
                let within = Duration::from_nanos(*within);
                return Ok(said::links(hub.rotate_user(now, user, within)));
            }
            Self::Drain(spread) => hub.drain(now, Duration::from_nanos(*spread)),
            Self::Routes(table) => {
                let table = Table::from_json(table).map_err(|error| error.to_string())?;
                let _ = hub.replace_routes(Arc::new(table));
            }
        }
        Ok(None)
    }
}

/// The longest stand-in for a value: what a host says to a plain request is no larger.
const LONGEST: usize = 64 << 20;

/// As many of these as a name has stand for it.
const NAMES: &str = match str::from_utf8(&[b'x'; 4_096]) {
    Ok(names) => names,
    Err(_) => "",
};

/// Why a token is bad.
const BAD: [AuthError; 15] = [
    AuthError::BadSignature,
    AuthError::Busy,
    AuthError::Expired,
    AuthError::Malformed,
    AuthError::MissingClaim("aud"),
    AuthError::MissingClaim("claim"),
    AuthError::MissingClaim("exp"),
    AuthError::MissingClaim("sub"),
    AuthError::MissingToken,
    AuthError::NotYetValid,
    AuthError::Unavailable,
    AuthError::UnknownKey,
    AuthError::UnsupportedAlgorithm,
    AuthError::WrongAudience,
    AuthError::WrongSubject,
];

impl Verdict {
    fn given(&self) -> Result<Result<Claims, AuthError>, String> {
        Ok(match self {
            Self::Good { subject, expires, issued, role } => {
                let mut claims = Claims::new(subject, Wall::from_unix_micros(*expires));
                claims.issued = issued.map(Wall::from_unix_micros);
                claims.role.clone_from(role);
                Ok(claims)
            }
            Self::Bad(why) => {
                let error = BAD.into_iter().find(|error| error.to_string() == *why);
                Err(error.ok_or_else(|| format!("no token is bad for `{why}`"))?)
            }
        })
    }
}

impl Answer {
    fn given(&self) -> Reply {
        match self.clone() {
            Self::Text { text, ui_actions } => Reply::Answer { text, ui_actions },
            Self::Error { code, message, retry_after } => {
                let retry_after = retry_after.map(Duration::from_nanos);
                Reply::Error { code, message, retry_after }
            }
            Self::Raw(text) => Reply::Raw(text),
        }
    }
}

impl Given for Input {
    type Then = Then;

    /// Not who a user is: the hub compares that with what is in the request, where a part of a token
    /// may stand as well. Nor the role, by which it routes.
    fn texts(&mut self) -> Vec<&mut String> {
        match self {
            Self::Reply { reply, .. } => match reply {
                Answer::Text { text, ui_actions } => {
                    std::iter::once(text).chain(ui_actions).collect()
                }
                Answer::Error { code, message, .. } => vec![code, message],
                Answer::Raw(text) => vec![text],
            },
            Self::Push { text, key, .. } => std::iter::once(text).chain(key).collect(),
            Self::DisconnectUser { reason, .. } => vec![reason],
            Self::Piece { text, .. } | Self::Broadcast(text) | Self::Routes(text) => vec![text],
            Self::Accept(_)
            | Self::Bytes { .. }
            | Self::Closed(_)
            | Self::Timeout
            | Self::Exhausted
            | Self::Verdict { .. }
            | Self::Respond { .. }
            | Self::RotateUser { .. }
            | Self::Drain(_) => Vec::new(),
        }
    }

    fn bytes(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::Bytes { bytes, .. } => Some(bytes),
            _ => None,
        }
    }
}

/// A span of time, as far as a recording has it.
pub(crate) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
