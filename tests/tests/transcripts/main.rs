//! The transcripts of `tests/vectors/transcripts`, run against both roles of the engine in memory.

mod client;
mod server;
mod vector;

use vector::Transcript;

#[test]
fn the_server_keeps_every_transcript() {
    for transcript in Transcript::all() {
        server::play(&transcript);
    }
}

#[test]
fn the_client_keeps_every_transcript() {
    for transcript in Transcript::all() {
        client::play(&transcript);
    }
}

#[test]
fn a_frame_that_differs_is_reported() {
    let expect = serde_json::json!({"type": "pong", "message": "$absent", "b": "$same:a"});
    let differ = |text| vector::difference(text, &expect).is_some();
    assert!(!differ(r#"{"type":"pong","a":1,"b":1}"#));
    assert!(differ(r#"{"type":"ping","a":1,"b":1}"#));
    assert!(differ(r#"{"type":"pong","a":1,"b":1,"message":"x"}"#));
    assert!(differ(r#"{"type":"pong","a":1,"b":2}"#));
}
