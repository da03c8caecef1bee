//! Clients and hubs, record by record.

use std::collections::HashMap;
use std::sync::Arc;

use pamlink_ffi::{AuthOptions, Client, ClientOptions, Failure, Hub, HubOptions};
use serde_json::{Map, Value};

use super::{items, number, seed, text};
use crate::record::{Record, bytes, hex};

pub(super) fn run(file: &Value) -> usize {
    let first = &items(&file["steps"])[0];
    let machines: HashMap<&str, Engine> = file["machines"]
        .as_object()
        .expect("machines")
        .iter()
        .map(|(name, machine)| {
            let made = Engine::make(machine, number(&first["at_ms"]), number(&first["wall_ms"]));
            (name.as_str(), made.unwrap_or_else(|error| panic!("{name}: {error}")))
        })
        .collect();
    for (at, step) in items(&file["steps"]).iter().enumerate() {
        let machine = &machines[text(&step["machine"])];
        let input: Vec<u8> = items(&step["input"]).iter().flat_map(packed).collect();
        let output = machine.step(number(&step["at_ms"]), number(&step["wall_ms"]), &input);
        let expected: Vec<_> = items(&step["output"]).iter().map(Record::from_json).collect();
        assert_eq!(output, expected, "step {at}: {step}");
    }
    items(&file["steps"]).len()
}

/// A record, or bytes that are none.
fn packed(input: &Value) -> Vec<u8> {
    if input["record"].is_null() {
        return bytes(text(&input["hex"]));
    }
    Record::from_json(input).pack()
}

/// An input as [`packed`] reads it.
pub(crate) fn input_line(input: &Input) -> String {
    match input {
        Ok(record) => record.line(""),
        Err(bytes) => format!("{{\"record\": null, \"hex\": \"{}\"}}", hex(bytes)),
    }
}

/// A record for a machine, or bytes that are none.
pub(crate) type Input = Result<Record, Vec<u8>>;

/// One step of a machine, as it was.
pub(crate) struct Step {
    pub(crate) machine: String,
    pub(crate) at_ms: u64,
    pub(crate) wall_ms: u64,
    pub(crate) input: Vec<Input>,
    pub(crate) output: Vec<Record>,
}

/// A client or a hub.
pub(crate) enum Engine {
    Client(Arc<Client>),
    Hub(Arc<Hub>),
}

impl Engine {
    /// The machine that a file describes.
    pub(crate) fn make(machine: &Value, at_ms: u64, wall_ms: u64) -> Result<Self, Failure> {
        let seed = seed(number(&machine["seed"]));
        let options = machine["options"].as_object().expect("options");
        match text(&machine["kind"]) {
            "client" => {
                let (mono, wall) = (at_ms * 1_000_000, wall_ms as i64 * 1_000);
                let options = client_options(options);
                Ok(Self::Client(match machine["snapshot"].as_str() {
                    None => Client::new(options, &seed, mono, wall)?,
                    Some(hex) => Client::restore(options, &bytes(hex), &seed, mono, wall)?,
                }))
            }
            "hub" => Ok(Self::Hub(Hub::new(hub_options(options), &seed)?)),
            other => panic!("no machine is a {other}"),
        }
    }

    pub(crate) fn step(&self, at_ms: u64, wall_ms: u64, input: &[u8]) -> Vec<Record> {
        let (mono, wall) = (at_ms * 1_000_000, wall_ms as i64 * 1_000);
        let output = match self {
            Self::Client(client) => client.step(mono, wall, input),
            Self::Hub(hub) => hub.step(mono, wall, input),
        };
        Record::read(&output.expect("an engine that is whole"))
    }
}

fn client_options(members: &Map<String, Value>) -> ClientOptions {
    let mut options = ClientOptions { url: String::new(), ..CLIENT };
    for (name, value) in members {
        match name.as_str() {
            "url" => options.url = text(value).to_owned(),
            "anonymous" => options.anonymous = *value == true,
            "request_timeout_ms" => options.request_timeout_ms = value.as_u64(),
            "max_requests" => options.max_requests = small(value),
            "max_request_bytes" => options.max_request_bytes = value.as_u64(),
            "heartbeat_interval_ms" => options.heartbeat_interval_ms = value.as_u64(),
            "heartbeat_deadline_ms" => options.heartbeat_deadline_ms = value.as_u64(),
            "backoff_cap_ms" => options.backoff_cap_ms = value.as_u64(),
            "dial_timeout_ms" => options.dial_timeout_ms = value.as_u64(),
            "welcome_timeout_ms" => options.welcome_timeout_ms = value.as_u64(),
            "max_message_bytes" => options.max_message_bytes = value.as_u64(),
            "origin" => options.origin = value.as_str().map(str::to_owned),
            "subprotocols" => options.subprotocols = texts(value),
            "v1" => options.v1 = *value == true,
            "compression" => options.compression = *value == true,
            other => panic!("a client has no option `{other}`"),
        }
    }
    options
}

const CLIENT: ClientOptions = ClientOptions {
    url: String::new(),
    anonymous: false,
    request_timeout_ms: None,
    max_requests: None,
    max_request_bytes: None,
    heartbeat_interval_ms: None,
    heartbeat_deadline_ms: None,
    backoff_cap_ms: None,
    dial_timeout_ms: None,
    welcome_timeout_ms: None,
    max_message_bytes: None,
    origin: None,
    subprotocols: Vec::new(),
    v1: true,
    compression: false,
};

fn hub_options(members: &Map<String, Value>) -> HubOptions {
    let mut options = HubOptions::default();
    for (name, value) in members {
        match name.as_str() {
            "auth" => options.auth = auth_options(value.as_object().expect("options")),
            "routes" => options.routes = value.as_str().map(str::to_owned),
            "origins" => options.origins = Some(texts(value)),
            "subprotocols" => options.subprotocols = texts(value),
            "max_links" => options.max_links = small(value),
            "max_links_per_user" => options.max_links_per_user = small(value),
            "refuse_newest" => options.refuse_newest = *value == true,
            "max_requests" => options.max_requests = small(value),
            "max_requests_per_link" => options.max_requests_per_link = small(value),
            "request_timeout_ms" => options.request_timeout_ms = value.as_u64(),
            "auth_timeout_ms" => options.auth_timeout_ms = value.as_u64(),
            "token_grace_ms" => options.token_grace_ms = value.as_u64(),
            "messages_per_minute" => options.messages_per_minute = small(value),
            "connects_per_minute" => options.connects_per_minute = small(value),
            "repeats_per_minute" => options.repeats_per_minute = small(value),
            "max_violations" => options.max_violations = small(value),
            "window_entries" => options.window_entries = value.as_u64(),
            "window_age_ms" => options.window_age_ms = value.as_u64(),
            "window_result_bytes" => options.window_result_bytes = value.as_u64(),
            "heartbeat_interval_ms" => options.heartbeat_interval_ms = value.as_u64(),
            "heartbeat_deadline_ms" => options.heartbeat_deadline_ms = value.as_u64(),
            "max_message_bytes" => options.max_message_bytes = value.as_u64(),
            "outbox_bytes" => options.outbox_bytes = value.as_u64(),
            "accepts" => options.accepts = texts(value),
            "characters" => {
                let limits = serde_json::from_value(value.clone());
                options.characters = Some(limits.expect("numbers by name"));
            }
            "while_answering" => options.while_answering = value.as_str().map(str::to_owned),
            "route_unknown_agents" => options.route_unknown_agents = *value == true,
            "compression" => options.compression = *value == true,
            "max_compressors" => options.max_compressors = small(value),
            other => panic!("a hub has no option `{other}`"),
        }
    }
    options
}

fn auth_options(members: &Map<String, Value>) -> AuthOptions {
    let mut options = AuthOptions::default();
    for (name, value) in members {
        match name.as_str() {
            "hs256_secret" => options.hs256_secret = value.as_str().map(bytes),
            "jwks" => options.jwks = value.as_str().map(str::to_owned),
            "audience" => options.audience = value.as_str().map(str::to_owned),
            "leeway_ms" => options.leeway_ms = value.as_u64(),
            other => panic!("there is no option `{other}`"),
        }
    }
    options
}

fn small(value: &Value) -> Option<u32> {
    value.as_u64().map(|value| value as u32)
}

fn texts(value: &Value) -> Vec<String> {
    items(value).iter().map(|it| text(it).to_owned()).collect()
}
