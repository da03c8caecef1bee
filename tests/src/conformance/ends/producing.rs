//! What producers want of streams, and what they are told.

use pamlink::delivery::stream::{
    ClaimError, End as StreamEnd, Ended, Event, Generation, ProducerError, StreamKey, Streams,
};
use pamlink::envelope::v1::{Code, How, Name, Position};
use pamlink::time::Now;
use serde_json::{Value, json};

use super::values::{Members, shown, shown_result};
use crate::conformance::file::Output;

/// Does what a producer of a stream of this owner's wants: what that has returned, if anything.
pub(super) fn produce(
    streams: &mut Streams,
    now: Now,
    owner: &str,
    word: &str,
    its: &mut Members<'_>,
) -> Result<Option<Output>, String> {
    let stream = its.take("stream");
    let key = |its: &Members<'_>| {
        let name = stream.as_ref().and_then(Value::as_str);
        let name = its.need("stream", name.and_then(Name::new))?;
        Ok::<_, String>(StreamKey::new(owner, &name))
    };
    let result = match word {
        "claim" => streams.claim(now, &key(its)?).map_err(|why| match why {
            ClaimError::Busy => "busy",
            ClaimError::TooMany => "too_many",
            other => panic!("{other}"),
        }),
        "append" | "restart" | "renew" | "finish" => {
            let key = key(its)?;
            let by = its.number("generation").map(Generation::from_number);
            let by = its.need("generation", by)?;
            let done = match word {
                "append" => {
                    let text = its.text("text");
                    streams.append(now, &key, by, &its.need("text", text)?)
                }
                "restart" => {
                    let offset = its.number("offset");
                    streams.restart_from(now, &key, by, its.need("offset", offset)?)
                }
                "renew" => streams.renew(now, &key, by),
                _ => {
                    let how = its.text("how");
                    let how = How::from(its.need("how", how)?.as_str()).into_owned();
                    let mut end = StreamEnd::new(how);
                    end.code = its.code("code");
                    end.body = its.take("body").map(|body| body.to_string().into());
                    streams.finish(now, &key, by, end)
                }
            };
            done.map_err(|why| match why {
                ProducerError::Fenced => "fenced",
                ProducerError::Full => "full",
                ProducerError::Misplaced => "misplaced",
                ProducerError::TooLarge { .. } => "too_large",
                other => panic!("{other}"),
            })
        }
        "protect" => {
            let code = its.code("code");
            streams.protect(now, &key(its)?, code);
            Ok(())
        }
        _ => return Err(format!("streams have no {word}")),
    };
    Ok(result.err().map(|word| Output::Result(json!({ "error": word }))))
}

/// Whose stream an event is about.
pub(super) fn owner_of(event: &Event) -> Option<&str> {
    match event {
        Event::Begun { key, .. }
        | Event::Repeated { key, .. }
        | Event::NotBegun { key, .. }
        | Event::Claimed { key, .. }
        | Event::NotClaimed { key, .. }
        | Event::Fenced { key, .. }
        | Event::Ended { key, .. }
        | Event::ReaderLapsed { key, .. } => Some(&key.owner),
        _ => None,
    }
}

pub(super) fn not_begun(key: &StreamKey, of: Position, code: Option<&Code<'_>>) -> Value {
    let code = code.map(Code::as_str);
    json!({"not_begun": {"stream": &*key.name, "of": shown(of), "code": code}})
}

pub(super) fn shown_event(event: &Event) -> Value {
    match event {
        Event::Begun { key, of } => json!({"begun": {"stream": &*key.name, "of": shown(*of)}}),
        Event::Repeated { key, of } => {
            json!({"repeated": {"stream": &*key.name, "of": shown(*of)}})
        }
        Event::NotBegun { key, of, code } => not_begun(key, *of, Some(code)),
        Event::Claimed { key, generation, offset } => json!({"claimed": {
            "stream": &*key.name,
            "generation": generation.number(),
            "offset": offset,
        }}),
        Event::NotClaimed { key, ended } => json!({"not_claimed": {
            "stream": &*key.name,
            "how": ended.as_ref().map(|ended| ended.end.how.as_str()),
        }}),
        Event::Fenced { key, generation, why: _ } => json!({"fenced": {
            "stream": &*key.name,
            "generation": generation.number(),
        }}),
        Event::Ended { key, ended: Ended { offset, end, .. } } => json!({"ended": {
            "stream": &*key.name,
            "offset": offset,
            "how": end.how.as_str(),
            "code": end.code.as_ref().map(Code::as_str),
        }}),
        Event::Cancelled { cancel: _, results } => {
            let results: Option<Vec<_>> =
                results.iter().map(|it| Some(shown_result(&it.to_result()?))).collect();
            json!({"cancelled": {"results": results}})
        }
        Event::ReaderLapsed { key, reader: _ } => {
            json!({"reader_lapsed": {"stream": &*key.name}})
        }
        other => json!({"other": format!("{other:?}")}),
    }
}
