//! What the codec takes, refuses and writes.

use super::*;
use crate::envelope::Envelope;

/// The envelopes that the document shows.
const SHOWN: [&str; 13] = [
    r#"{"type":"open","sent":["c1a5e00000000001",0]}"#,
    r#"{"type":"opened","session":"9f2c4e6a8b0d1f3557799bbddff01234","answer":"begun","received":["c1a5e00000000001",0],"from":["5e7f00000000000a",0],"sent":["5e7f00000000000a",0],"log":"109e000000000001","window":{"envelopes":512,"bytes":262144},"keep":120000}"#,
    r#"{"type":"item","at":["c1a5e00000000001",1],"stream":"q-1","body":{"type":"chat","message":"fuel so far?"}}"#,
    r#"{"type":"piece","stream":"q-1","at":["109e000000000001",1],"offset":0,"append":"40 liters"}"#,
    r#"{"type":"open","session":"9f2c4e6a8b0d1f3557799bbddff01234","received":["5e7f00000000000a",0],"sent":["c1a5e00000000001",1],"follow":[{"stream":"q-1","received":["109e000000000001",1],"offset":9}]}"#,
    r#"{"type":"opened","session":"9f2c4e6a8b0d1f3557799bbddff01234","answer":"resumed","received":["c1a5e00000000001",1],"from":["5e7f00000000000a",0],"sent":["5e7f00000000000a",0],"log":"109e000000000001","window":{"envelopes":512,"bytes":262144},"keep":120000}"#,
    r#"{"type":"caught_up","at":["5e7f00000000000a",0]}"#,
    r#"{"type":"following","stream":"q-1","answer":"resumed","from":["109e000000000001",1],"offset":9}"#,
    r#"{"type":"piece","stream":"q-1","at":["109e000000000001",4],"offset":9,"append":" since Monday"}"#,
    r#"{"type":"caught_up","stream":"q-1","at":["109e000000000001",4]}"#,
    r#"{"type":"end","stream":"q-1","at":["109e000000000001",5],"offset":22,"how":"done"}"#,
    r#"{"type":"read","stream":"q-1","received":["109e000000000001",5]}"#,
    r#"{"type":"closed","channel":7,"code":"superseded","retry_after":500}"#,
];

#[test]
fn every_envelope_of_the_document_is_read_and_written_byte_for_byte() {
    for text in SHOWN {
        let envelope = Envelope::parse(text, DEPTH).unwrap();
        let (channel, message) = Message::read(&envelope).unwrap().unwrap();
        let mut out = String::new();
        message.write(channel, &mut out);
        assert_eq!(out, text);
    }
}
