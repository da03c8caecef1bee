//! Payloads of other protocols pass byte for byte: the examples of
//! `docs/recipes/foreign-payloads.md`, in both directions and over both dialects.

use std::path::Path;

use pamlink::delivery::SendOptions;
use pamlink::hub::HubConfig;
use pamlink::link::Endpoint;

use crate::world::World;

/// The types of the document's envelopes.
const TYPES: [&str; 4] = ["ag_ui", "a2a", "mcp", "openai"];

#[test]
fn a_client_sends_them_and_its_user_is_pushed_them() {
    for (endpoint, is_v1) in [
        (Endpoint::v1("ws://hub.test", "ada").unwrap(), true),
        (Endpoint::pam("ws://hub.test", "ada").unwrap(), false),
    ] {
        let mut config = HubConfig::default();
        config.accepts = TYPES.map(str::to_owned).to_vec();
        let mut world = World::with(config, endpoint);
        for envelope in examples() {
            if is_v1 {
                world.client.submit(world.now, &envelope, SendOptions::default()).unwrap();
            } else {
                world.client.send(world.now, &envelope).unwrap();
            }
            world.settle();
            assert_eq!(world.hub.push(world.now, "ada", &envelope).unwrap().queued, 1);
            world.settle();
            assert_eq!(std::mem::take(&mut world.messages), [envelope.clone(), envelope]);
        }
    }
}

/// The envelopes of the document: one of each type.
fn examples() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/recipes/foreign-payloads.md");
    let document = std::fs::read_to_string(path).unwrap();
    let blocks = document.split("```json\n").skip(1);
    let examples: Vec<_> =
        blocks.map(|rest| rest.split("\n```").next().unwrap().to_owned()).collect();
    for (kind, example) in TYPES.iter().zip(&examples) {
        assert!(example.starts_with(&format!("{{\"type\": \"{kind}\"")), "{example}");
    }
    assert_eq!(examples.len(), TYPES.len());
    examples
}
