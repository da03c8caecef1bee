//! Frames read and written.

use super::*;

/// An event that owns what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owned {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
    Failed(FrameError),
}

impl From<FrameEvent<'_>> for Owned {
    fn from(event: FrameEvent<'_>) -> Self {
        match event {
            FrameEvent::Text(text) => Self::Text(text.to_owned()),
            FrameEvent::Binary(bytes) => Self::Binary(bytes.to_vec()),
            FrameEvent::Ping(bytes) => Self::Ping(bytes.to_vec()),
            FrameEvent::Pong(bytes) => Self::Pong(bytes.to_vec()),
            FrameEvent::Close(close) => {
                Self::Close(close.map(|close| (close.code.as_u16(), close.reason.to_owned())))
            }
            FrameEvent::Failed(error) => Self::Failed(error),
        }
    }
}

fn drain(reader: &mut Reader, into: &mut Vec<Owned>) {
    while let Some(event) = reader.poll_event() {
        into.push(event.into());
    }
}

/// The events of chunks of these sizes, over and over.
fn read(role: Role, config: FrameConfig, bytes: &[u8], sizes: &[usize]) -> Vec<Owned> {
    let mut reader = Reader::new(role, config);
    let mut events = Vec::new();
    let mut rest = bytes;
    for &size in sizes.iter().cycle() {
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        reader.handle_bytes(chunk).unwrap();
        drain(&mut reader, &mut events);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    events
}

fn server(bytes: &[u8]) -> Vec<Owned> {
    let one = read(Role::Server, FrameConfig::default(), bytes, &[1]);
    let all = read(Role::Server, FrameConfig::default(), bytes, &[usize::MAX]);
    assert_eq!(one, all);
    all
}

fn client(bytes: &[u8]) -> Vec<Owned> {
    let one = read(Role::Client, FrameConfig::default(), bytes, &[1]);
    let all = read(Role::Client, FrameConfig::default(), bytes, &[usize::MAX]);
    assert_eq!(one, all);
    all
}

/// RFC 6455 section 5.7.
#[test]
fn the_examples_of_the_rfc() {
    let hello = || vec![Owned::Text("Hello".into())];
    assert_eq!(client(&[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]), hello());
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(server(&masked), hello());
    let fragments = [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f];
    assert_eq!(client(&fragments), hello());
    assert_eq!(
        client(&[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]),
        [Owned::Ping(b"Hello".to_vec())]
    );
    let pong = [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(server(&pong), [Owned::Pong(b"Hello".to_vec())]);
    for (length, head) in
        [(256, &[0x82, 0x7e, 0x01, 0x00][..]), (65536, &[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0])]
    {
        let payload = vec![7; length];
        assert_eq!(server_header(Opcode::Binary, true, length).as_bytes(), head);
        assert_eq!(client(&[head, &payload].concat()), [Owned::Binary(payload)]);
    }
}
