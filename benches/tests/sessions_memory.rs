//! What the machines of sessions say that they hold is what they have allocated.

use std::time::Duration;

use pamlink::delivery::stream::{Event, LogConfig, MemoryLog, ReaderId, StreamKey};
use pamlink::delivery::{
    LinkNumber, SendOptions, Session, SessionConfig, Sessions, SessionsConfig,
};
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{DEPTH, Epoch, Name, Position};
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};
use pamlink_benches::alloc::{Counting, counted};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SESSIONS: u64 = 200;
const BODY: &str = r#"{"type":"chat","message":"log 40 liters of fuel for the silver van"}"#;

/// What is said of something, where that is more than a tenth beside what is allocated.
fn off(what: &str, said: usize, live: i64) -> Option<String> {
    let off = (i64::try_from(said).unwrap() - live).abs();
    (off * 10 > live).then(|| format!("{what}: {said} bytes are said, {live} are allocated"))
}

// One test: the allocator counts what all threads do.
#[test]
fn what_machines_say_that_they_hold_is_allocated() {
    let now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000));
    let later = Now::new(now.mono + Duration::from_secs(1), now.wall);

    let mut wrong = Vec::new();
    for items in [0, 1, 20, 400] {
        let (session, memory) = counted(|| {
            let mut session = Session::client(SessionConfig::default(), Seed::from_number(1));
            for _ in 0..items {
                session.send(now, BODY, SendOptions::default()).unwrap();
            }
            Box::new(session)
        });
        // Its configuration, which those of a server share, is not its own.
        let said = session.memory() + size_of::<SessionConfig>() + 2 * size_of::<usize>();
        wrong.extend(off(&format!("a session with {items} items"), said, memory.live));
    }

    for items in [0, 4, 40] {
        let (sessions, memory) = counted(|| {
            let epoch = Epoch::from_bits(7);
            let config = SessionsConfig::default();
            let mut sessions = Sessions::new(config, epoch, Seed::from_number(1));
            let mut text = String::new();
            for number in 0..SESSIONS {
                let (link, user) = (LinkNumber(number), format!("user {number}"));
                let open = r#"{"type":"open","sent":["c1a5e00000000001",0]}"#;
                let open = Envelope::parse(open, DEPTH).unwrap();
                sessions.handle_envelope(now, link, &user, &open);
                while sessions.poll_event().is_some() {}
                let session = sessions.of_user(&user).next().unwrap();
                for _ in 0..items {
                    sessions.send(now, session, BODY, SendOptions::default()).unwrap();
                }
                while sessions.poll_message(link, &mut text) {}
                text.clear();
            }
            while sessions.poll_ready().is_some() {}
            Box::new(sessions)
        });
        let said = size_of::<Sessions>() + sessions.memory();
        wrong.extend(off(&format!("sessions with {items} items each"), said, memory.live));
    }

    let (held, memory) = counted(|| {
        let mut log = MemoryLog::new(LogConfig::default(), Epoch::from_bits(7));
        let config = SessionsConfig::default();
        let mut sessions = Sessions::new(config, log.epoch(), Seed::from_number(1));
        let streams = sessions.streams();
        for number in 0..SESSIONS {
            let name = Name::new(format!("stream {number}")).unwrap();
            let key = StreamKey::new(format!("user {}", number / 16), &name);
            let item = Position::new(Epoch::from_bits(9), number + 1);
            let reader = Some(ReaderId::from_number(number));
            streams.begin(now, &key, None, item, reader).unwrap();
            streams.settle(now, &mut log);
            streams.claim(now, &key).unwrap();
            streams.settle(now, &mut log);
            while let Some(event) = streams.poll_event() {
                if let Event::Claimed { generation, .. } = event {
                    streams.append(now, &key, generation, &"forty liters ".repeat(40)).unwrap();
                }
            }
            streams.settle(later, &mut log);
        }
        Box::new((sessions, log))
    });
    let said = size_of_val(&*held) + held.0.memory() + held.1.allocated();
    wrong.extend(off("streams and their log", said, memory.live));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
