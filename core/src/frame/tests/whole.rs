//! Messages that come whole are read as those that come as frames.

use super::*;

/// What a transport may bring.
#[derive(Clone, Debug)]
enum Message {
    Text(String),
    Binary(Vec<u8>),
    Close(Option<u16>, String),
}

impl Message {
    fn incoming(&self) -> Incoming<'_> {
        match self {
            Self::Text(text) => Incoming::Text(text),
            Self::Binary(bytes) => Incoming::Binary(bytes),
            Self::Close(code, reason) => Incoming::Close(code.map(CloseCode::new), reason),
        }
    }

    /// The one frame of it.
    fn frame(&self, role: Role) -> Vec<u8> {
        let (opcode, payload) = match self {
            Self::Text(text) => (Opcode::Text, text.as_bytes().to_vec()),
            Self::Binary(bytes) => (Opcode::Binary, bytes.clone()),
            Self::Close(None, _) => (Opcode::Close, Vec::new()),
            Self::Close(Some(code), reason) => {
                let reason = cut_reason(reason).as_bytes();
                (Opcode::Close, [&code.to_be_bytes()[..], reason].concat())
            }
        };
        let key = (role == Role::Server).then_some([0; 4]);
        let head = Header::new(opcode, true, payload.len(), key);
        [head.as_bytes(), &payload].concat()
    }
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        6 => "\\PC{0,40}".prop_map(Message::Text),
        2 => (0usize..80).prop_map(|n| Message::Text("é".repeat(n))),
        3 => prop::collection::vec(any::<u8>(), 0..150).prop_map(Message::Binary),
        1 => (prop::option::of(990u16..1020), "\\PC{0,60}")
            .prop_map(|(code, reason)| Message::Close(code, reason)),
    ]
}

proptest! {
    #[test]
    fn whole_messages_are_read_and_bounded_as_frames_are(
        messages in prop::collection::vec((message(), any::<bool>()), 0..40),
        server in any::<bool>(),
        max in 60usize..200,
    ) {
        let role = if server { Role::Server } else { Role::Client };
        let config =
            FrameConfig { max_message: max, max_frame: max + 20, ..FrameConfig::default() };
        let (mut bytes, mut whole) = (Reader::new(role, config), Reader::new(role, config));
        let (mut of_bytes, mut of_whole) = (Vec::new(), Vec::new());
        for (message, read) in &messages {
            bytes.handle_bytes(&message.frame(role)).unwrap();
            whole.handle_message(message.incoming()).unwrap();
            if *read {
                drain(&mut bytes, &mut of_bytes);
                drain(&mut whole, &mut of_whole);
                prop_assert_eq!(whole.buffered(), bytes.buffered());
            }
        }
        drain(&mut bytes, &mut of_bytes);
        drain(&mut whole, &mut of_whole);
        prop_assert_eq!(of_whole, of_bytes);
    }
}

#[test]
fn as_much_may_wait_as_of_bytes() {
    for role in [Role::Server, Role::Client] {
        for length in [0, 125, 126, 65_536] {
            let config = FrameConfig { max_frame: 70_000, ..FrameConfig::default() };
            let message = Message::Text("x".repeat(length));
            let frame = message.frame(role);
            let (mut bytes, mut whole) = (Reader::new(role, config), Reader::new(role, config));
            let refused = loop {
                let taken = bytes.handle_bytes(&frame);
                assert_eq!(whole.handle_message(message.incoming()), taken);
                if let Err(refused) = taken {
                    break refused;
                }
            };
            assert_eq!(whole.buffered(), refused.waiting);
            assert!(whole.poll_event().is_some() && bytes.poll_event().is_some());
            assert_eq!(whole.handle_message(message.incoming()), Ok(()));
        }
    }
}

#[test]
fn a_message_that_is_too_long_is_not_copied() {
    let mut reader = Reader::new(Role::Server, FrameConfig::default());
    let long = "x".repeat((1 << 20) + 1);
    reader.handle_message(Incoming::Text(&long)).unwrap();
    assert!(reader.capacity() < 1_024, "{}", reader.capacity());
    let failed = FrameError::FrameTooBig { length: (1 << 20) + 1, limit: 1 << 20 };
    assert_eq!(reader.poll_event(), Some(FrameEvent::Failed(failed)));
    assert_eq!(reader.handle_message(Incoming::Text("late")), Ok(()));
    assert_eq!(reader.poll_event(), None);
}

#[test]
fn memory_of_a_large_one_comes_back_and_a_full_line_does_not_grow() {
    let mut reader = Reader::new(Role::Server, FrameConfig::default());
    let read = |reader: &mut Reader, text: &str| {
        reader.handle_message(Incoming::Text(text)).unwrap();
        assert_eq!(reader.poll_event(), Some(FrameEvent::Text(text)));
    };
    read(&mut reader, &"x".repeat(1 << 20));
    assert_eq!(reader.poll_event(), None);
    assert!(reader.capacity() >= 1 << 20);
    for _ in 0..8 {
        read(&mut reader, "small");
        assert_eq!(reader.poll_event(), None);
    }
    assert!(reader.capacity() <= 2 * FrameConfig::default().retain, "{}", reader.capacity());
    // One always waits, so the line is never empty.
    reader.handle_message(Incoming::Text("abcdefgh")).unwrap();
    for _ in 0..10_000 {
        read(&mut reader, "abcdefgh");
    }
    assert!(reader.capacity() <= 2 * FrameConfig::default().retain, "{}", reader.capacity());
    assert!(reader.poll_event().is_some() && reader.poll_event().is_none());
    reader.release();
    assert_eq!(reader.capacity(), 0);
}
