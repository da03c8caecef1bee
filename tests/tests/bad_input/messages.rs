//! Whole frames whose text is no message: an `error` that says why, and in the end a close frame.

use crate::house::{House, config};
use crate::peer::{Heard, Peer};

const REFUSED: &str = "pamlink_refusals_total";

/// What is said, and the code of the error that comes.
fn cases() -> Vec<(&'static str, String, &'static str)> {
    let text = |len: usize| "x".repeat(len);
    vec![
        ("nothing", String::new(), "FORMAT_ERROR"),
        ("a word", "hello".to_owned(), "FORMAT_ERROR"),
        ("half an object", r#"{"type":"chat","message":"#.to_owned(), "FORMAT_ERROR"),
        ("two objects", r#"{"type":"chat"}{"type":"chat"}"#.to_owned(), "FORMAT_ERROR"),
        ("a list", r#"[{"type":"chat"}]"#.to_owned(), "FORMAT_ERROR"),
        ("a number", "17".to_owned(), "FORMAT_ERROR"),
        ("a comma too many", r#"{"type":"chat",}"#.to_owned(), "FORMAT_ERROR"),
        ("a control character", "{\"type\":\"a\u{1}b\"}".to_owned(), "FORMAT_ERROR"),
        ("a bad escape", r#"{"type":"\x"}"#.to_owned(), "FORMAT_ERROR"),
        ("no type", "{}".to_owned(), "VALIDATION_ERROR"),
        ("a type that is no text", r#"{"type":{}}"#.to_owned(), "VALIDATION_ERROR"),
        ("brackets without end", "[".repeat(900_000), "MESSAGE_TOO_LARGE"),
        (
            "brackets in a member",
            format!(r#"{{"type":"chat","a":{}"#, "[".repeat(900_000)),
            "MESSAGE_TOO_LARGE",
        ),
        (
            "a deep member, closed",
            format!(r#"{{"type":"chat","a":{}{}}}"#, "[".repeat(500), "]".repeat(500)),
            "MESSAGE_TOO_LARGE",
        ),
        (
            "objects without end",
            format!(r#"{{"type":"chat","a":{}"#, r#"{"a":"#.repeat(100_000)),
            "MESSAGE_TOO_LARGE",
        ),
        (
            "a long request",
            format!(r#"{{"type":"chat","message":"{}"}}"#, text(500_000)),
            "MESSAGE_TOO_LARGE",
        ),
        (
            "a long id",
            format!(r#"{{"type":"chat","id":"{}","message":"x"}}"#, text(1_000)),
            "VALIDATION_ERROR",
        ),
        ("a type that nobody knows", r#"{"type":"launch_missiles"}"#.to_owned(), "UNKNOWN_TYPE"),
        (
            "an agent that nobody knows",
            r#"{"type":"chat","agent":"root","message":"x"}"#.to_owned(),
            "UNKNOWN_AGENT",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bad_message_gets_an_error_and_the_link_lives_on() {
    let mut config = config();
    config.hub.max_violations = 1_000;
    let house = House::with(config).await;
    let mut peer = Peer::welcomed(&house, "ann").await;
    for (name, text, code) in cases() {
        let before = house.count(REFUSED, code);
        peer.text(&text).await.unwrap();
        let error = peer.reply().await;
        let expected = format!(r#""error_code":"{code}""#);
        assert!(error.contains(&expected), "{name}: {error}");
        assert!(error.len() < 1_000, "{name}: an error repeats what came");
        house.counted(REFUSED, code, before + 1).await;
        peer.text(r#"{"type":"chat","id":"after","message":"well"}"#).await.unwrap();
        let answer = peer.reply().await;
        assert!(answer.contains("echo well"), "{name}: {answer}");
    }
    drop(peer);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_of_them_end_the_link() {
    for (text, code) in [("hello".to_owned(), 4003), ("x".repeat(400), 4003)] {
        let house = House::open().await;
        let mut peer = Peer::welcomed(&house, "ann").await;
        for _ in 0..10 {
            let _ = peer.text(&text).await;
        }
        let (errors, end) = peer.until_close().await;
        assert_eq!(errors.len(), 6, "five are forgiven: {errors:?}");
        assert!(matches!(end, Heard::Close(found, _) if found == code), "{end:?}");
        house.counted("pamlink_violations_closed_total", "", 1).await;
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn binary_messages_are_refused() {
    let house = House::open().await;
    let mut peer = Peer::welcomed(&house, "ann").await;
    let mut frame = Vec::new();
    peer.writer.binary(&[0xff; 1_000], &mut frame).unwrap();
    peer.say(&frame).await.unwrap();
    assert!(peer.reply().await.contains("FORMAT_ERROR"));
    house.counted(REFUSED, "FORMAT_ERROR", 1).await;
    drop(peer);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_too_fast_learns_how_long_to_wait_and_is_then_closed() {
    use pamlink::limits::{Rate, RateClass};
    let mut config = config();
    // The witness keeps to this; the flood does not.
    let rate = Rate::new(600_000, std::time::Duration::from_secs(60)).with_burst(50);
    config.hub.rates = config.hub.rates.with(RateClass::Message, rate);
    let house = House::with(config).await;
    let mut peer = Peer::welcomed(&house, "ann").await;
    let mut flood = Vec::new();
    for at in 0..2_000 {
        let chat = format!(r#"{{"type":"chat","id":{at},"message":"now"}}"#);
        peer.writer.text(&chat, &mut flood).unwrap();
    }
    let _ = peer.say(&flood).await;
    let (texts, end) = peer.until_close().await;
    let refused: Vec<_> =
        texts.iter().filter(|text| text.contains("RATE_LIMIT_EXCEEDED")).collect();
    assert!(!refused.is_empty(), "{} texts", texts.len());
    assert!(refused.iter().all(|text| text.contains("retry_after")), "{refused:?}");
    assert!(matches!(end, Heard::Close(4008, _)), "{end:?}");
    house.counted("pamlink_rate_limited_total", "message", 1).await;
    house.counted("pamlink_violations_closed_total", "", 1).await;
    house.close().await;
}
