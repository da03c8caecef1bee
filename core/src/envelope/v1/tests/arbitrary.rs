//! Any value is read as it was written.

use core::num::NonZeroU16;
use core::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::*;
use crate::envelope::{Envelope, Raw, Text};

fn epoch() -> impl Strategy<Value = Epoch> {
    any::<u64>().prop_map(Epoch::from_bits)
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..=MAX_NUMBER, Just(0), Just(MAX_NUMBER)]
}

fn position() -> impl Strategy<Value = Position> {
    (epoch(), number()).prop_map(|(epoch, sequence)| Position { epoch, sequence })
}

fn session() -> impl Strategy<Value = SessionId> {
    any::<[u8; 16]>().prop_map(SessionId::from_bytes)
}

fn name() -> impl Strategy<Value = Name<'static>> {
    r#"[^\p{Cc}]{1,32}"#.prop_map(|name| Name::new(name).expect("a name"))
}

fn code() -> impl Strategy<Value = Code<'static>> {
    "[a-z0-9_]{1,64}".prop_map(|code| Code::new(code).expect("a code"))
}

fn millis() -> impl Strategy<Value = Duration> {
    (0..=86_400_000u64).prop_map(Duration::from_millis)
}

fn answer() -> impl Strategy<Value = Answer> {
    use Answer::{Begun, Ended, Gap, Pending, Resumed, Unknown};
    prop::sample::select(vec![Begun, Resumed, Pending, Ended, Gap, Unknown])
}

fn scope() -> impl Strategy<Value = Scope> {
    prop::sample::select(vec![Scope::Stream, Scope::Agent, Scope::All])
}

/// Words that are known, and others.
fn word() -> impl Strategy<Value = Text<'static>> {
    prop_oneof![
        prop::sample::select(How::ALL).prop_map(|how| how.as_str().to_owned().into()),
        prop::sample::select(CancelOutcome::ALL).prop_map(|it| it.as_str().to_owned().into()),
        code().prop_map(Text::from),
    ]
}

fn how() -> impl Strategy<Value = How<'static>> {
    word().prop_map(How::from)
}

fn window() -> impl Strategy<Value = Window> {
    (Window::ENVELOPES, Window::BYTES).prop_map(|(envelopes, bytes)| Window { envelopes, bytes })
}

/// Any JSON, spelled in any way.
fn body() -> impl Strategy<Value = Raw<'static>> {
    prop::sample::select(vec![
        "0",
        "null",
        "-1.50e+7",
        "false",
        r#""\u00e9\ud800\/""#,
        "[ ]",
        r#"{"type":"open","at":[[[]]],"at" : null}"#,
        "[[[[[[[[[[]]]]]]]]]]",
    ])
    .prop_map(|json| Raw::parse(json, BODY_DEPTH).expect("a body"))
}

fn followed() -> impl Strategy<Value = Follow<'static>> {
    let members = (name(), position(), number());
    members.prop_map(|(stream, received, offset)| Follow { stream, received, offset })
}

fn result() -> impl Strategy<Value = StreamResult<'static>> {
    let outcome = word().prop_map(CancelOutcome::from);
    let members = (name(), outcome, option::of(number()), option::of(how()), option::of(code()));
    members.prop_map(|(stream, outcome, offset, how, code)| StreamResult {
        stream,
        outcome,
        offset,
        how,
        code,
    })
}

fn positions() -> impl Strategy<Value = ChannelPositions> {
    let members = (any::<u16>().prop_map(Channel), position(), position());
    members.prop_map(|(channel, received, sent)| ChannelPositions { channel, received, sent })
}

// Boxed, for the stack of a program on 32 bits is small and a strategy holds all its parts.

fn opening() -> BoxedStrategy<Message<'static>> {
    let follow = (vec(followed(), 0..5), option::of(window()));
    let open = (option::of(session()), option::of(position()), position(), follow).prop_map(
        |(session, received, sent, (follow, window))| {
            Message::Open(Open { session, received, sent, follow, window })
        },
    );
    let places = (position(), position(), position(), epoch());
    let rest = (window(), millis(), option::of(number()), option::of(code()), option::of(how()));
    let opened = (session(), answer(), places, rest).prop_map(|(session, answer, places, rest)| {
        let (received, from, sent, log) = places;
        let (window, keep, lost, reason, how) = rest;
        Message::Opened(Opened {
            session,
            answer,
            received,
            from,
            sent,
            log,
            window,
            keep,
            lost,
            reason,
            how,
        })
    });
    let continued = (position(), option::of(number()), code())
        .prop_map(|(from, lost, reason)| Message::Continue(Continue { from, lost, reason }));
    prop_oneof![open.boxed(), opened.boxed(), continued.boxed()].boxed()
}

fn numbered() -> BoxedStrategy<Message<'static>> {
    let places = (position(), option::of(position()), option::of(position()));
    let item = (places, option::of(name()), option::of(name()), body()).prop_map(
        |((at, of, received), stream, agent, body)| {
            Message::Item(Item { at, of, stream, agent, received, body })
        },
    );
    let reject = (position(), position(), code(), option::of(millis()), option::of(position()))
        .prop_map(|(at, of, code, retry_after, received)| {
            Message::Reject(Reject { at, of, code, retry_after, received })
        });
    let names = (option::of(name()), option::of(name()));
    let cancel = (position(), scope(), names, option::of(position())).prop_map(
        |(at, scope, (stream, agent), received)| {
            Message::Cancel(Cancel { at, scope, stream, agent, received })
        },
    );
    let outcome = (position(), position(), vec(result(), 0..5), option::of(position())).prop_map(
        |(at, of, results, received)| {
            Message::CancelResult(CancelResult { at, of, results, received })
        },
    );
    prop_oneof![item.boxed(), reject.boxed(), cancel.boxed(), outcome.boxed()].boxed()
}

fn standing() -> BoxedStrategy<Message<'static>> {
    let ack =
        (position(), position()).prop_map(|(received, sent)| Message::Ack(Ack { received, sent }));
    let caught_up = (option::of(name()), position())
        .prop_map(|(stream, at)| Message::CaughtUp(CaughtUp { stream, at }));
    let heartbeat = (vec(positions(), 0..5), any::<bool>())
        .prop_map(|(channels, reply)| Message::Heartbeat(Heartbeat { channels, reply }));
    let closed = (code(), option::of(millis()))
        .prop_map(|(code, retry_after)| Message::Closed(Closed { code, retry_after }));
    prop_oneof![ack.boxed(), caught_up.boxed(), heartbeat.boxed(), closed.boxed()].boxed()
}

fn of_stream() -> BoxedStrategy<Message<'static>> {
    let follow = followed().prop_map(Message::Follow);
    let why = (option::of(number()), option::of(code()), option::of(how()));
    let following = (name(), answer(), position(), number(), why).prop_map(
        |(stream, answer, from, offset, (lost, reason, how))| {
            Message::Following(Following { stream, answer, from, offset, lost, reason, how })
        },
    );
    let unfollow = name().prop_map(|stream| Message::Unfollow(Unfollow { stream }));
    let append = any::<char>().prop_flat_map(|first| {
        any::<String>().prop_map(move |rest| Text::from(format!("{first}{rest}")))
    });
    let piece = (name(), position(), number(), append, any::<bool>()).prop_map(
        |(stream, at, offset, append, restart)| {
            Message::Piece(Piece { stream, at, offset, append, restart })
        },
    );
    let end = (name(), position(), number(), how(), (option::of(code()), option::of(body())))
        .prop_map(|(stream, at, offset, how, (code, body))| {
            Message::End(End { stream, at, offset, how, code, body })
        });
    let read = (name(), position())
        .prop_map(|(stream, received)| Message::Read(Read { stream, received }));
    prop_oneof![
        follow.boxed(),
        following.boxed(),
        unfollow.boxed(),
        piece.boxed(),
        end.boxed(),
        read.boxed()
    ]
    .boxed()
}

fn secret() -> impl Strategy<Value = Secret<'static>> {
    any::<char>().prop_flat_map(|first| {
        any::<String>()
            .prop_map(move |rest| Secret::new(format!("{first}{rest}")).expect("a token"))
    })
}

fn of_link() -> BoxedStrategy<Message<'static>> {
    let limits = || Limits::MESSAGE.prop_map(Limits::new);
    let features = || number().prop_map(Features);
    let version = || any::<NonZeroU16>();
    let versions = (version(), version())
        .prop_map(|(a, b)| Versions::new(a.min(b)..=a.max(b)).expect("a range"));
    let heartbeat = (1_000..=3_600_000u64)
        .prop_map(|millis| HeartbeatInterval::new(Duration::from_millis(millis)));
    let hello = (versions, features(), limits(), option::of(secret())).prop_map(
        |(versions, features, limits, token)| {
            Message::Hello(Hello { versions, features, limits, token })
        },
    );
    let welcome = (version(), features(), limits(), heartbeat, option::of(millis())).prop_map(
        |(version, features, limits, heartbeat, expires)| {
            Message::Welcome(Welcome { version, features, limits, heartbeat, expires })
        },
    );
    let token = secret().prop_map(|token| Message::Token(Token { token }));
    let renewed = option::of(millis()).prop_map(|expires| Message::Renewed(Renewed { expires }));
    let wanted = millis().prop_map(|within| Message::TokenWanted(TokenWanted { within }));
    let word = prop_oneof![
        prop::sample::select(GoodbyeCode::ALL).prop_map(|it| it.as_str().to_owned().into()),
        code().prop_map(Text::from),
    ];
    let goodbye = (word, option::of(millis()), option::of(millis()), option::of(millis()))
        .prop_map(|(code, retry_after, spread, within)| {
            let code = GoodbyeCode::from(code);
            Message::Goodbye(Goodbye { code, retry_after, spread, within })
        });
    prop_oneof![
        hello.boxed(),
        welcome.boxed(),
        token.boxed(),
        renewed.boxed(),
        wanted.boxed(),
        goodbye.boxed()
    ]
    .boxed()
}

proptest! {
    #[test]
    fn what_is_written_reads_as_it_was(
        channel in any::<u16>().prop_map(Channel),
        message in prop_oneof![opening(), numbered(), standing(), of_stream(), of_link()],
    ) {
        let mut out = String::from("before ");
        message.write(channel, &mut out);
        let text = out.strip_prefix("before ").expect("what was there stays");
        let envelope = Envelope::parse(text, DEPTH).expect("an envelope");
        prop_assert_eq!(Message::read(&envelope), Ok(Some((channel, message))));
    }

    /// Members of other names, before and between those that are known.
    #[test]
    fn members_that_are_not_known_change_nothing(
        message in prop_oneof![opening(), numbered(), standing(), of_stream(), of_link()],
        name in "[A-Z]{0,3}",
        value in body(),
    ) {
        let mut out = String::new();
        message.write(Channel(1), &mut out);
        let member = format!(r#""{name}":{},"#, value.as_json());
        let text = out.replacen('{', &format!("{{{member}"), 1);
        let text = text.replacen(r#""channel":"#, &format!(r#"{member}"channel":"#), 1);
        let envelope = Envelope::parse(&text, DEPTH).expect("an envelope");
        prop_assert_eq!(Message::read(&envelope), Ok(Some((Channel(1), message))));
    }
}
