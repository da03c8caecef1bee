//! The frames that the engine itself sends.
//!
//! Old clients take any frame with a top-level `message`, `content`, `response` or `text` for the
//! answer to their request, and any truthy `error` for a failure. Of the frames made here only
//! [`chat_response`] and [`error`] carry such members, because they are just that, and
//! [`chat_response_delta`], which goes to nobody who has not asked for it.

use core::time::Duration;

use super::field::Field;
use super::id::Id;
use super::json_string::{Text, write_text};
use super::kind::{ErrorCode, Source};
use super::object::Object;
use super::raw::Raw;
use super::{Envelope, Kind};
use crate::time::{Wall, seconds};

/// What a server says of itself in its welcome; a peer without the engine does not look.
///
/// Closed: built by a literal that ends with `..Default::default()`.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs)]
pub struct Welcome<'a> {
    /// What it can do beyond the dialect, e.g. `reply_to` and `repeat`.
    pub features: &'a [&'a str],
    /// The memory that recognises repeats.
    pub epoch: Option<&'a str>,
    /// The largest message that it takes, in bytes.
    pub max_message: Option<usize>,
    /// How large messages and their members may be, as JSON.
    pub limits: Option<&'a str>,
}

/// The welcome: the first frame after authentication.
pub fn connection(out: &mut String, now: Wall, welcome: &Welcome<'_>) {
    let Welcome { features, epoch, max_message, limits } = *welcome;
    let mut object = Object::of(&Kind::Connection, out);
    object.text("status", "connected");
    object.time(now);
    if !features.is_empty() {
        let out = object.name("features");
        for (at, feature) in features.iter().enumerate() {
            out.push(if at == 0 { '[' } else { ',' });
            write_text(out, feature);
        }
        out.push(']');
    }
    object.optional("epoch", epoch.map(Text::from).as_ref());
    if let Some(bytes) = max_message {
        object.name("max_message").push_str(&bytes.to_string());
    }
    if let Some(limits) = limits {
        object.name("limits").push_str(limits);
    }
    object.end();
}

/// `going_away`, which a server sends before it closes: when to come back, in seconds, rounded up
/// to the millisecond. Clients without the engine ignore it.
pub fn going_away(out: &mut String, retry_after: Duration) {
    let mut object = Object::of(&Kind::GoingAway, out);
    object.name("retry_after").push_str(&seconds(retry_after));
    object.end();
}

/// A `ping` of either side.
pub fn ping(out: &mut String, now: Wall) {
    let mut object = Object::of(&Kind::Ping, out);
    object.time(now);
    object.end();
}

/// A server's answer to `ping`.
pub fn pong(out: &mut String, now: Wall, reply_to: Option<&Id<'_>>) {
    let mut object = Object::of(&Kind::Pong, out);
    object.time(now);
    object.optional("reply_to", reply_to);
    object.end();
}

/// A client's answer to `ping`: gives the server its own timestamp back, as it spelled it.
pub fn pong_to(out: &mut String, ping: &Envelope<'_>) {
    let mut object = Object::of(&Kind::Pong, out);
    object.optional("timestamp", ping.field("timestamp").as_ref());
    object.optional("reply_to", ping.id().as_ref());
    object.end();
}

/// A server's answer to `context_update`, without the `message` that old clients would take for
/// the answer to a request.
pub fn context_updated(out: &mut String, now: Wall, reply_to: Option<&Id<'_>>) {
    let mut object = Object::of(&Kind::ContextUpdated, out);
    object.time(now);
    object.optional("reply_to", reply_to);
    object.end();
}

/// A client's renewed token, in band. Old servers take and ignore it; a refusal names `id`.
pub fn auth(out: &mut String, id: Option<&Id<'_>>, token: &str) {
    let mut object = Object::of(&Kind::Auth, out);
    object.optional("id", id);
    object.text("token", token);
    object.end();
}

/// What an `error` frame says.
///
/// Closed: built by a literal, which says all of it.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs)]
pub struct Failure<'a> {
    /// Why, for programs.
    pub code: &'a ErrorCode<'a>,
    /// Why, for people.
    pub message: &'a str,
    /// When to come back; written in seconds, rounded up to the millisecond.
    pub retry_after: Option<Duration>,
    /// The request that failed, if it had an id.
    pub reply_to: Option<&'a Id<'a>>,
}

/// A refusal or failure.
pub fn error(out: &mut String, now: Wall, failure: &Failure<'_>) {
    let mut object = Object::of(&Kind::Error, out);
    object.text("message", failure.message);
    object.member("error_code", failure.code);
    if let Some(after) = failure.retry_after {
        object.name("retry_after").push_str(&seconds(after));
    }
    object.time(now);
    object.optional("reply_to", failure.reply_to);
    object.end();
}

/// What a `chat_response` frame says.
///
/// Closed: built by a literal that ends with `..Default::default()`.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs)]
pub struct Answer<'a> {
    /// The text, written as both `message` and `content`.
    pub text: &'a str,
    /// Things for the page to do: an array; absent and `null` stand for none. Anything but an
    /// array is written as the only item of one.
    pub ui_actions: Option<Raw<'a>>,
    /// Who made the answer.
    pub source: Option<&'a Source<'a>>,
    /// The model behind it.
    pub model: Option<&'a str>,
    /// The agent behind it.
    pub agent: Option<&'a str>,
    /// Whether the text excuses a failure.
    pub failed: bool,
    /// The request it answers, if that had an id.
    pub reply_to: Option<&'a Id<'a>>,
}

/// An answer.
pub fn chat_response(out: &mut String, now: Wall, answer: &Answer<'_>) {
    let mut object = Object::begun(out, r#""type":"chat_response""#);
    let out = object.named(r#","message":"#);
    let start = out.len();
    write_text(out, answer.text);
    let message = start..out.len();
    object.named(r#","content":"#).extend_from_within(message);
    let out = object.named(r#","ui_actions":"#);
    match answer.ui_actions.filter(|it| !it.is_null()) {
        None => out.push_str("[]"),
        Some(actions) if actions.as_json().starts_with('[') => actions.write(out),
        Some(action) => {
            out.push('[');
            action.write(out);
            out.push(']');
        }
    }
    object.optional("source", answer.source);
    object.optional("model", answer.model.map(Text::from).as_ref());
    object.optional("agent", answer.agent.map(Text::from).as_ref());
    answer.failed.write(object.named(r#","error":"#));
    object.time(now);
    object.optional_named(r#","reply_to":"#, answer.reply_to);
    object.end();
}

/// A piece of an answer that grows: the next part of its text. The whole answer follows as a
/// [`chat_response`].
///
/// It is for peers that asked for pieces only; others take its `content` for the answer.
pub fn chat_response_delta(out: &mut String, now: Wall, text: &str, reply_to: Option<&Id<'_>>) {
    let mut object = Object::begun(out, r#""type":"chat_response_delta""#);
    write_text(object.named(r#","content":"#), text);
    object.time(now);
    object.optional_named(r#","reply_to":"#, reply_to);
    object.end();
}
