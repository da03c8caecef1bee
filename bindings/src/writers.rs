//! The frames of the dialect that the engine itself writes, for hosts that send them by another
//! way, and for the vectors that every language runs.

use core::time::Duration;

use pamlink::envelope::write::{self, Welcome};
use pamlink::envelope::{Envelope, ErrorCode, Id, Raw, Source};
use pamlink::time::Wall;
use serde_json::{Map, Value};

use crate::fault::Failure;
use pamlink_border::{Code, Fault};

/// Writes a frame of the engine: `connection`, `ping`, `pong`, `pong_to`, `context_updated`,
/// `auth`, `error`, `going_away`, `chat_response` or `chat_response_delta`.
///
/// `args` is a JSON object of what it says: `features` (a list of texts), `epoch`, `token`,
/// `code`, `message`, `text`, `source`, `model`, `agent` (texts), `failed` (a boolean),
/// `retry_after_nanos` (decimal digits), and `reply_to`, `ui_actions`, `ping` (JSON, as texts, so
/// that their spelling counts).
///
/// # Errors
///
/// `bad_option`: no such frame, or an argument that is none.
#[uniffi::export]
pub fn write_frame(frame: &str, wall_micros: i64, args: &str) -> Result<String, Failure> {
    let args: Map<String, Value> =
        serde_json::from_str(args).map_err(|error| bad(format!("args: {error}")))?;
    let args = Args(&args);
    let now = Wall::from_unix_micros(wall_micros);
    let reply_to = args.json("reply_to")?.and_then(Id::from_raw);
    let reply_to = reply_to.as_ref();
    let mut out = String::new();
    match frame {
        "connection" => {
            let features = args.texts("features")?;
            let epoch = args.text("epoch")?;
            let max_message = args.count("max_message")?;
            let limits = args.json("limits")?.map(|limits| limits.as_json());
            let welcome = Welcome { features: &features, epoch, max_message, limits };
            write::connection(&mut out, now, &welcome);
        }
        "ping" => write::ping(&mut out, now),
        "pong" => write::pong(&mut out, now, reply_to),
        "pong_to" => {
            let ping = Envelope::parse(args.needed("ping")?, u8::MAX).map_err(Fault::from)?;
            write::pong_to(&mut out, &ping);
        }
        "context_updated" => write::context_updated(&mut out, now, reply_to),
        "auth" => write::auth(&mut out, None, args.needed("token")?),
        "going_away" => {
            let after = args.nanos("retry_after_nanos")?;
            let after = after.ok_or_else(|| bad("retry_after_nanos is missing"))?;
            write::going_away(&mut out, after);
        }
        "error" => {
            let code = ErrorCode::from(args.needed("code")?);
            let failure = write::Failure {
                code: &code,
                message: args.needed("message")?,
                retry_after: args.nanos("retry_after_nanos")?,
                reply_to,
            };
            write::error(&mut out, now, &failure);
        }
        "chat_response" => {
            let source = args.text("source")?.map(Source::from);
            let answer = write::Answer {
                text: args.text("text")?.unwrap_or_default(),
                ui_actions: args.json("ui_actions")?,
                source: source.as_ref(),
                model: args.text("model")?,
                agent: args.text("agent")?,
                failed: args.flag("failed"),
                reply_to,
            };
            write::chat_response(&mut out, now, &answer);
        }
        "chat_response_delta" => {
            write::chat_response_delta(
                &mut out,
                now,
                args.text("text")?.unwrap_or_default(),
                reply_to,
            );
        }
        unknown => return Err(bad(format!("the engine writes no frame `{unknown}`")).into()),
    }
    Ok(out)
}

struct Args<'a>(&'a Map<String, Value>);

impl<'a> Args<'a> {
    fn text(&self, name: &str) -> Result<Option<&'a str>, Fault> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                value.as_str().map(Some).ok_or_else(|| bad(format!("{name} is no text")))
            }
        }
    }

    fn needed(&self, name: &str) -> Result<&'a str, Fault> {
        self.text(name)?.ok_or_else(|| bad(format!("{name} is missing")))
    }

    fn texts(&self, name: &str) -> Result<Vec<&'a str>, Fault> {
        let Some(list) = self.0.get(name) else { return Ok(Vec::new()) };
        let texts = list.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
        texts.ok_or_else(|| bad(format!("{name} is no list of texts")))
    }

    fn json(&self, name: &str) -> Result<Option<Raw<'a>>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        Raw::parse(text, u8::MAX).map(Some).map_err(|error| bad(format!("{name}: {error}")))
    }

    fn nanos(&self, name: &str) -> Result<Option<Duration>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let nanos = text.parse().map_err(|_| bad(format!("{name} is no number")))?;
        Ok(Some(Duration::from_nanos(nanos)))
    }

    fn count(&self, name: &str) -> Result<Option<usize>, Fault> {
        let Some(number) = self.0.get(name) else { return Ok(None) };
        let count = number.as_u64().and_then(|number| usize::try_from(number).ok());
        count.map(Some).ok_or_else(|| bad(format!("{name} is no count")))
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }
}

fn bad(what: impl Into<String>) -> Fault {
    Fault::new(Code::BadOption, what)
}
