//! Memory and time.

use super::*;

fn feed(reader: &mut Reader, bytes: &[u8]) -> usize {
    reader.handle_bytes(bytes).unwrap();
    let mut events = Vec::new();
    drain(reader, &mut events);
    assert!(!events.iter().any(|event| matches!(event, Owned::Failed(_))), "{events:?}");
    events.len()
}

fn reader() -> Reader {
    Reader::new(Role::Server, FrameConfig::default())
}

#[test]
fn a_new_reader_holds_nothing_and_a_claimed_length_reserves_nothing() {
    let mut reader = reader();
    assert_eq!(reader.capacity(), 0);
    let frame = raw(0x82, true, &vec![0; 1 << 20]);
    feed(&mut reader, &frame[..14]);
    assert!(reader.capacity() <= 256, "{}", reader.capacity());
    assert!(reader.space(100).unwrap().len() >= 100);
    assert!(reader.capacity() <= 512, "{}", reader.capacity());
}

#[test]
fn memory_follows_the_bytes_that_arrived() {
    let mut reader = reader();
    let frame = raw(0x82, true, &vec![0; 1 << 18]);
    let mut events = 0;
    for (at, byte) in frame.iter().enumerate() {
        events += feed(&mut reader, core::slice::from_ref(byte));
        assert!(reader.capacity() <= 2 * (at + 1) + 256, "{} after {at}", reader.capacity());
    }
    assert_eq!(events, 1);
}

#[test]
fn memory_of_a_large_message_comes_back() {
    let mut reader = reader();
    feed(&mut reader, &raw(0x82, true, &vec![0; 1 << 20]));
    assert!(reader.capacity() >= 1 << 20);
    for _ in 0..8 {
        feed(&mut reader, &raw(0x81, true, b"small"));
    }
    assert!(reader.capacity() <= FrameConfig::default().retain, "{}", reader.capacity());
    reader.release();
    assert_eq!(reader.capacity(), 0);
    assert_eq!(feed(&mut reader, &raw(0x81, true, b"again")), 1);
}

#[test]
fn release_keeps_what_is_still_needed() {
    let mut reader = reader();
    let frame = raw(0x81, true, b"in two parts");
    feed(&mut reader, &frame[..9]);
    reader.release();
    assert_eq!(reader.buffered(), 3);
    assert_eq!(feed(&mut reader, &frame[9..]), 1);
    assert_eq!(reader.buffered(), 0);
}

#[test]
fn a_warm_reader_and_a_warm_writer_allocate_nothing() {
    for len in [10, 1000, 16 * 1024, 100_000] {
        let (mut reader, mut out) = (reader(), Vec::new());
        let mut writer = Writer::client(Seed::from_number(1));
        let payload = vec![1; len];
        let mut warm = None;
        for _ in 0..100 {
            out.clear();
            writer.binary(&payload, &mut out).unwrap();
            reader.handle_bytes(&out).unwrap();
            assert_eq!(reader.poll_event(), Some(FrameEvent::Binary(&payload)));
            assert_eq!(reader.poll_event(), None);
            let held = (reader.capacity(), reader.space(0).unwrap().as_ptr(), out.capacity());
            assert_eq!(*warm.get_or_insert(held), held);
        }
    }
}

/// Moving a message over what is spent must buy as much free room as was moved: else a peer that
/// sends a long message and then small frames makes every few bytes cost a move of all of it.
#[test]
fn a_message_between_pings_takes_linear_time() {
    let config = FrameConfig { max_fragments: u32::MAX, ..FrameConfig::default() };
    let mut reader = Reader::new(Role::Server, config);
    let half = 1 << 19;
    reader.handle_bytes(&raw(0x02, true, &vec![0; half])).unwrap();
    assert_eq!(reader.poll_event(), None);
    let ping = raw(0x89, true, b"");
    for _ in 0..10 {
        reader.handle_bytes(&ping).unwrap();
        assert_eq!(reader.poll_event(), Some(FrameEvent::Ping(b"")));
        assert_eq!(reader.poll_event(), None);
    }
    assert!(reader.capacity() >= half, "{}", reader.capacity());

    let round = [ping, raw(0x00, true, b"x"), raw(0x8a, true, b"pong")].concat();
    for _ in 0..half / 8 {
        for part in round.chunks(5) {
            reader.handle_bytes(part).unwrap();
            while let Some(event) = reader.poll_event() {
                assert!(matches!(event, FrameEvent::Ping(_) | FrameEvent::Pong(_)));
            }
        }
        assert!(reader.capacity() <= 3 * half + 256);
    }
    assert_eq!(reader.buffered(), half + half / 8);
}

#[test]
fn a_host_that_never_drains_gets_an_error() {
    let mut reader = Reader::new(Role::Server, SMALL);
    let bound = SMALL.max_frame + 64 * 1024;
    let pings = raw(0x89, true, b"").repeat(bound / 6 + 1);
    assert_eq!(
        reader.handle_bytes(&pings),
        Err(NotDrained { waiting: 0, more: pings.len(), bound })
    );
    reader.handle_bytes(&pings[..bound]).unwrap();
    assert_eq!(reader.handle_bytes(&[0]), Err(NotDrained { waiting: bound, more: 1, bound }));
    assert!(reader.space(1).is_err());
    assert!(reader.capacity() <= bound + 32);
    assert_eq!(reader.poll_event(), Some(FrameEvent::Ping(b"")));
    reader.handle_bytes(&[0x89]).unwrap();
}

#[test]
fn bytes_after_the_end_are_thrown_away() {
    let mut reader = Reader::new(Role::Server, SMALL);
    assert_eq!(feed(&mut reader, &raw(0x88, true, b"")), 1);
    for _ in 0..100 {
        assert_eq!(feed(&mut reader, &[0; 4096]), 0);
        let space = reader.space(4096).unwrap().len();
        reader.filled(space);
        assert_eq!(reader.poll_event(), None);
    }
    assert_eq!(reader.buffered(), 0);
    reader.release();
    assert_eq!(reader.capacity(), 0);
}

#[test]
fn a_message_is_lent_from_where_it_was_read_into() {
    for frame in [raw(0x81, true, &[b'a'; 300]), raw(0x82, true, &[0xff; 300])] {
        let mut reader = reader();
        let space = reader.space(frame.len()).unwrap();
        space[..frame.len()].copy_from_slice(&frame);
        let payload = space[8..].as_ptr();
        reader.filled(frame.len());
        let lent = match reader.poll_event().unwrap() {
            FrameEvent::Text(text) => text.as_bytes(),
            FrameEvent::Binary(bytes) => bytes,
            event => panic!("{event:?}"),
        };
        assert_eq!((lent.as_ptr(), lent.len()), (payload, 300));
    }
}
