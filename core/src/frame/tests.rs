//! Frames read and written.

use proptest::prelude::*;

use super::*;
use crate::seed::Seed;

mod bounds;
mod faults;
mod model;
mod peers;
mod whole;

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
    read_between(role, config, bytes, sizes, |_| ())
}

/// The same, with something done between them.
fn read_between(
    role: Role,
    config: FrameConfig,
    bytes: &[u8],
    sizes: &[usize],
    mut between: impl FnMut(&mut Reader),
) -> Vec<Owned> {
    let mut reader = Reader::new(role, config);
    let mut events = Vec::new();
    let mut rest = bytes;
    for &size in sizes.iter().cycle() {
        let (part, after) = rest.split_at(size.min(rest.len()));
        reader.handle_bytes(part).unwrap();
        drain(&mut reader, &mut events);
        between(&mut reader);
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
    let config = FrameConfig::default();
    let released = read_between(Role::Server, config, bytes, &[1], Reader::release);
    assert_eq!(one, released, "a reader that is released after each byte");
    all
}

fn client(bytes: &[u8]) -> Vec<Owned> {
    let one = read(Role::Client, FrameConfig::default(), bytes, &[1]);
    let all = read(Role::Client, FrameConfig::default(), bytes, &[usize::MAX]);
    assert_eq!(one, all);
    let config = FrameConfig::default();
    let released = read_between(Role::Client, config, bytes, &[1], Reader::release);
    assert_eq!(one, released, "a reader that is released after each byte");
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

/// Bytes of one frame as any peer might write it, right or wrong.
fn raw(first: u8, masked: bool, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let opcode = Opcode::Text;
    let header = Header::new(opcode, true, payload.len(), masked.then_some(key));
    let mut bytes = header.as_bytes().to_vec();
    bytes[0] = first;
    let key = if masked { key } else { [0; 4] };
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

const SMALL: FrameConfig =
    FrameConfig { max_message: 300, max_frame: 200, max_fragments: 4, retain: 64 };

/// Frames that are mostly right, so that random streams get far.
fn any_stream(masked: bool) -> impl Strategy<Value = Vec<u8>> {
    let wrong = prop::sample::select(vec![0x00u8, 0x01, 0x80, 0x81, 0x88, 0x09, 0x91, 0x83, 0xc1]);
    let payload = prop_oneof![
        8 => "[a-zé漢🦀]{0,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..8),
        2 => "[a-z]{120,205}".prop_map(String::into_bytes),
    ];
    let frame = (0u8..6, payload, prop::option::weighted(0.03, wrong), prop::bool::weighted(0.01));
    (prop::collection::vec(frame, 0..24), 0usize..4).prop_map(move |(frames, cut)| {
        let (mut bytes, mut open) = (Vec::new(), false);
        for (choice, payload, wrong, wrong_mask) in frames {
            let first = match (choice, open) {
                (0 | 1, false) => 0x81,
                (2, false) => 0x82,
                (3, false) => 0x01,
                (0 | 1, true) => 0x80,
                (2 | 3, true) => 0x00,
                (4, _) => 0x89,
                _ => 0x8a,
            };
            if first < 8 {
                open = true;
            } else if first == 0x80 {
                open = false;
            }
            let room = if first > 0x88 { 125 } else { usize::MAX };
            let payload = &payload[..payload.len().min(room)];
            bytes.extend(raw(wrong.unwrap_or(first), masked != wrong_mask, payload));
        }
        bytes.truncate(bytes.len().saturating_sub(cut));
        bytes
    })
}

/// The events when the bytes go through `space` and `filled`.
fn read_in_place(role: Role, config: FrameConfig, bytes: &[u8], size: usize) -> Vec<Owned> {
    let mut reader = Reader::new(role, config);
    let mut events = Vec::new();
    for part in bytes.chunks(size) {
        reader.space(part.len()).unwrap()[..part.len()].copy_from_slice(part);
        reader.filled(part.len());
        drain(&mut reader, &mut events);
    }
    events
}

#[derive(Clone, Debug)]
enum Write {
    Text(String),
    Binary(Vec<u8>),
    /// A message cut at these places, with pings between the fragments.
    Fragments(String, Vec<prop::sample::Index>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

fn any_write() -> impl Strategy<Value = Write> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    prop_oneof![
        ".{0,200}".prop_map(Write::Text),
        bytes(70_000).prop_map(Write::Binary),
        (".{0,80}", prop::collection::vec(any::<prop::sample::Index>(), 0..6))
            .prop_map(|(text, cuts)| Write::Fragments(text, cuts)),
        bytes(126).prop_map(Write::Ping),
        bytes(126).prop_map(Write::Pong),
    ]
}

/// Writes, and says which events the other side must see.
fn write(writer: &mut Writer, step: Write, out: &mut Vec<u8>, expected: &mut Vec<Owned>) {
    match step {
        Write::Text(text) => {
            writer.text(&text, out).unwrap();
            expected.push(Owned::Text(text));
        }
        Write::Binary(bytes) => {
            writer.binary(&bytes, out).unwrap();
            expected.push(Owned::Binary(bytes));
        }
        Write::Fragments(text, cuts) => {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.sort_unstable();
            let mut from = 0;
            for cut in cuts {
                let part = &text.as_bytes()[from..cut];
                writer.fragment(MessageKind::Text, false, part, out).unwrap();
                writer.ping(b"between", out).unwrap();
                expected.push(Owned::Ping(b"between".to_vec()));
                from = cut;
            }
            writer.fragment(MessageKind::Text, true, &text.as_bytes()[from..], out).unwrap();
            expected.push(Owned::Text(text));
        }
        Write::Ping(bytes) => {
            writer.ping(&bytes, out).unwrap();
            expected.push(Owned::Ping(bytes));
        }
        Write::Pong(bytes) => {
            writer.pong(&bytes, out).unwrap();
            expected.push(Owned::Pong(bytes));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn events_are_those_of_the_model_however_the_bytes_are_cut(
        (masked, stream, sizes) in any::<bool>().prop_flat_map(|masked| (
            Just(masked), any_stream(masked), prop::collection::vec(1usize..40, 1..9),
        )),
    ) {
        let role = if masked { Role::Server } else { Role::Client };
        let whole = read(role, SMALL, &stream, &[usize::MAX]);
        prop_assert_eq!(&model::read(role, SMALL, &stream), &whole);
        prop_assert_eq!(&read(role, SMALL, &stream, &[1]), &whole);
        prop_assert_eq!(&read(role, SMALL, &stream, &sizes), &whole);
        prop_assert_eq!(&read_in_place(role, SMALL, &stream, sizes[0]), &whole);
    }

    #[test]
    fn any_bytes_give_the_same_events_in_any_cut(
        bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1usize..20,
    ) {
        for role in [Role::Client, Role::Server] {
            let whole = read(role, SMALL, &bytes, &[usize::MAX]);
            prop_assert_eq!(&model::read(role, SMALL, &bytes), &whole);
            prop_assert_eq!(&read(role, SMALL, &bytes, &[size]), &whole);
        }
    }

    #[test]
    fn what_is_written_is_read(
        client in any::<bool>(),
        steps in prop::collection::vec(any_write(), 0..8),
        sizes in prop::collection::vec(1usize..5000, 1..5),
    ) {
        let (mut writer, reads) = if client {
            (Writer::client(Seed::from_number(3)), Role::Server)
        } else {
            (Writer::server(), Role::Client)
        };
        let (mut out, mut expected) = (Vec::new(), Vec::new());
        for step in steps {
            write(&mut writer, step, &mut out, &mut expected);
        }
        writer.close(CloseCode::GOING_AWAY, "bye", &mut out).unwrap();
        expected.push(Owned::Close(Some((1001, "bye".into()))));
        out.extend_from_slice(b"\x81\x00 never read");
        prop_assert_eq!(&read(reads, FrameConfig::default(), &out, &[usize::MAX]), &expected);
        prop_assert_eq!(&read(reads, FrameConfig::default(), &out, &sizes), &expected);
    }

    /// A text that cannot become UTF-8 any more fails at once, however much is still to come.
    #[test]
    fn bad_text_fails_while_it_arrives(
        start in "[a-zé漢🦀]{0,40}",
        end in prop::collection::vec(any::<u8>(), 0..5),
        fragments in any::<bool>(),
    ) {
        let payload = [start.as_bytes(), &end].concat();
        let bytes = if fragments {
            payload.iter().enumerate().flat_map(|(at, byte)| {
                raw(if at == 0 { 0x01 } else { 0x00 }, true, &[*byte])
            }).collect()
        } else {
            let mut bytes = raw(0x81, true, &[&payload[..], &[b'.'; 500]].concat());
            bytes.truncate(8 + payload.len());
            bytes
        };
        let hopeless = core::str::from_utf8(&payload).is_err_and(|e| e.error_len().is_some());
        let expected = if hopeless { vec![Owned::Failed(FrameError::TextNotUtf8)] } else { vec![] };
        prop_assert_eq!(server(&bytes), expected);
    }
}

#[test]
fn a_client_masks_each_frame_with_its_own_key() {
    let (mut out, mut writer) = (Vec::new(), Writer::client(Seed::from_number(1)));
    let keys: std::collections::HashSet<[u8; 4]> = (0..1000)
        .map(|_| {
            out.clear();
            writer.text("", &mut out).unwrap();
            out[2..6].try_into().unwrap()
        })
        .collect();
    assert_eq!(keys.len(), 1000);
}

#[test]
fn masking_is_its_own_inverse_at_every_length_and_phase() {
    for len in (0..200).chain(2040..2120) {
        let payload: Vec<u8> = (0..len).map(|at| at as u8).collect();
        let key = [1, 20, 30, 40];
        let expected: Vec<u8> =
            payload.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]).collect();
        let mut out = vec![9];
        mask::append(&payload, key, &mut out);
        assert_eq!(out[1..], expected);
        let cut = len / 3;
        mask::apply(&mut out[1..1 + cut], key);
        mask::apply(&mut out[1 + cut..], mask::advance(key, cut));
        assert_eq!(out[1..], payload);
    }
}

#[test]
fn one_head_serves_every_link() {
    for len in [0, 125, 126, 0xffff, 0x1_0000] {
        let payload = "x".repeat(len);
        let mut out = Vec::new();
        Writer::server().text(&payload, &mut out).unwrap();
        let head = server_header(Opcode::Text, true, len);
        assert_eq!(out, [head.as_bytes(), payload.as_bytes()].concat());
    }
}
