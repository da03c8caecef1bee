//! Envelopes and state tables, described in JSON: for hosts that read messages by another way,
//! and for the vectors that every language runs.

use pamlink::envelope::{Envelope, EnvelopeError, Raw, TimeForm};
use pamlink::link::StateTable;
use serde_json::{Value, json};

/// What a text is as an envelope, as a JSON object.
///
/// Of an envelope: `kind`, `known`, `id` and `reply_to` as spelled (or null), `time_form` and
/// `unix_micros` (or null), `message_text` (or null), `fields` (the top-level members as spelled,
/// the last of each name), `mismatches` (known members whose values are not of their type), `extra`
/// (names of members without a typed place) and `encoded` (the frame after typed decoding and
/// encoding). Of anything else: `error` with the name of what is wrong, `at` (a byte) and
/// `expected`, and `message` for people.
///
/// `depth` is the allowed nesting; 10 is the dialect's, more than 255 counts as 255.
#[uniffi::export]
pub fn describe_envelope(text: &str, depth: u32) -> String {
    let depth = u8::try_from(depth).unwrap_or(u8::MAX);
    match Envelope::parse(text, depth) {
        Ok(envelope) => described(&envelope),
        Err(error) => refusal(&error),
    }
    .to_string()
}

fn described(envelope: &Envelope<'_>) -> Value {
    let message = envelope.message();
    let time = envelope.timestamp();
    let form = time.as_ref().map(|time| match time.form() {
        TimeForm::IsoNaive => "iso_naive",
        TimeForm::IsoZoned => "iso_zoned",
        TimeForm::Seconds => "seconds",
        TimeForm::Millis => "millis",
        TimeForm::Uuid => "uuid",
        _ => "other",
    });
    let micros = time.and_then(|time| time.wall()).map(|wall| wall.as_unix_micros());
    let mut encoded = String::new();
    message.encode(&mut encoded);
    let whole = Raw::parse(envelope.as_str(), u8::MAX);
    let fields: serde_json::Map<String, Value> = whole
        .iter()
        .flat_map(|whole| whole.fields())
        .map(|(name, raw)| (name.as_str().to_owned(), raw.as_json().into()))
        .collect();
    let mismatches: Vec<_> = message.mismatches().iter().map(|mismatch| mismatch.field).collect();
    let extra: Vec<_> = message.extra().fields().map(|(name, _)| name.to_owned()).collect();
    json!({
        "kind": envelope.kind().as_str(),
        "known": envelope.kind().is_known(),
        "id": envelope.id().map(|id| id.to_json()),
        "reply_to": envelope.reply_to().map(|id| id.to_json()),
        "time_form": form,
        "unix_micros": micros,
        "message_text": envelope.text().as_deref(),
        "fields": fields,
        "mismatches": mismatches,
        "extra": extra,
        "encoded": encoded,
    })
}

fn refusal(error: &EnvelopeError) -> Value {
    let (name, at, expected) = match error {
        EnvelopeError::MissingType => ("missing_type", None, None),
        EnvelopeError::NotAnObject { at, .. } => ("not_an_object", Some(*at), None),
        EnvelopeError::NotJson { at, expected } => ("not_json", Some(*at), Some(*expected)),
        EnvelopeError::TooDeep { at, .. } => ("too_deep", Some(*at), None),
        EnvelopeError::TypeNotText { at, .. } => ("type_not_text", Some(*at), None),
        _ => ("too_long", None, None),
    };
    json!({ "error": name, "at": at, "expected": expected, "message": error.to_string() })
}

/// The state tables of both ends of a link as JSON: for `client` and `server` the phases, and for
/// each input by its name what it does in each phase: the name of the next phase, `stays`, `refused`
/// or `ignored`.
#[uniffi::export]
pub fn state_tables() -> String {
    json!({ "client": state_table(&StateTable::client()), "server": state_table(&StateTable::server()) })
        .to_string()
}

fn state_table(table: &StateTable) -> Value {
    let (phases, states): (Vec<_>, Vec<_>) =
        table.phases.iter().map(|(phase, state)| (phase, state.number())).unzip();
    let inputs: serde_json::Map<String, Value> =
        table.inputs.iter().map(|(name, row)| ((*name).to_owned(), row.clone().into())).collect();
    json!({ "phases": phases, "states": states, "inputs": inputs })
}
