//! A client and a server of this crate over real sockets.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use pamlink::frame::{CloseCode, DeflateConfig};
use pamlink::hub::Auth;
use pamlink::link::{AuthError, Claims, CloseClass, State, Token, TokenError};
use pamlink::metrics::SampleValue;
use pamlink::time::Wall;
use pamlink_tokio::{
    Client, ClientConfig, ConnectError, Event, Handler, Reply, Request, RequestError,
};
use tokio::sync::{Mutex, Notify, mpsc};

use crate::common::{client, config, retrying, start, within};

#[tokio::test]
async fn an_answer_names_its_agent_and_reason() {
    let heard = async |request: Request| {
        format!("{}/{}: {}", request.agent().name, request.because(), request.text())
    };
    let server = start("127.0.0.1:0", config(), heard).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    assert_eq!(client.state(), State::Open);
    let answer = within(client.ask("plan a trip to Broome")).await.unwrap();
    assert!(answer.text().starts_with("Trip Planner/keyword"), "{}", answer.text());
    let metrics = client.metrics();
    let requests = &metrics.family("pamlink_requests_total").unwrap().samples;
    assert_eq!(requests[0].value, SampleValue::Counter(1), "answered");
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_request_without_a_message_is_read_from_its_content() {
    let heard = async |request: Request| format!("{}: {}", request.agent().name, request.text());
    let server = start("127.0.0.1:0", config(), heard).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    for message in [r#""""#, "null", "7"] {
        let chat = format!(r#"{{"type":"chat","message":{message},"content":"plan a trip"}}"#);
        client.send(&chat).unwrap();
        let answer = loop {
            // It belongs to no request of the client's own.
            if let Event::Late { answer, .. } = within(client.next_event()).await.unwrap() {
                break answer;
            }
        };
        assert_eq!(answer.text(), "Trip Planner: plan a trip", "{message}");
    }
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_handler_that_panics_or_waits_keeps_no_other_from_its_answer() {
    let (go, waiting) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (gone, waits) = (Arc::clone(&go), Arc::clone(&waiting));
    let answer = move |request: Request| {
        let (go, waiting) = (Arc::clone(&gone), Arc::clone(&waits));
        async move {
            match request.text().as_ref() {
                "panic" => panic!("as the test has it"),
                "wait" => {
                    waiting.notify_one();
                    go.notified().await;
                }
                _ => {}
            }
            request.text().into_owned()
        }
    };
    let server = start("127.0.0.1:0", config(), answer).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let panics = client.stream("panic").unwrap();
    let waits = async { client.ask("wait").await.unwrap() };
    let others = async {
        waiting.notified().await;
        let first = client.ask("first").await.unwrap();
        go.notify_one();
        first
    };
    let (late, first) = within(async { tokio::join!(waits, others) }).await;
    assert_eq!((late.text().as_ref(), first.text().as_ref()), ("wait", "first"));
    drop(panics);
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_long_answer_and_a_short_one_beside_it_come() {
    let echo = async |request: Request| match request.text().as_ref() {
        "long" => "x".repeat(131_100),
        other => other.to_owned(),
    };
    let server = start("127.0.0.1:0", config(), echo).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    for _ in 0..3 {
        let (long, short) =
            within(async { tokio::join!(client.ask("long"), client.ask("short")) }).await;
        assert_eq!(
            (long.unwrap().text().len(), short.unwrap().text().as_ref()),
            (131_100, "short")
        );
    }
    let closes = server.handle.metrics();
    let closes = &closes.family("pamlink_closes_total").unwrap().samples;
    assert!(closes.iter().all(|close| close.value == SampleValue::Counter(0)), "{closes:?}");
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_an_event_and_ends_its_request() {
    let deep = format!("{}{}", "[".repeat(12), "]".repeat(12));
    let actions = deep.clone();
    let answer = move |request: Request| {
        let actions = actions.clone();
        async move {
            match request.text().as_ref() {
                "deep" => Reply::Answer { text: "t".into(), ui_actions: Some(actions) },
                "none" => Reply::Answer { text: "t".into(), ui_actions: Some("{".into()) },
                _ => Reply::Raw(format!(r#"{{"type":"chat_response","ui_actions":{actions}}}"#)),
            }
        }
    };
    let server = start("127.0.0.1:0", config(), answer).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    for request in ["deep", "none", "raw"] {
        let refused = within(client.ask(request)).await.unwrap_err();
        let RequestError::Rejected { code, message, .. } = refused else { panic!("{refused:?}") };
        assert_eq!(code, "PROCESSING_ERROR", "{request}");
        assert!(message.contains("cannot be sent"), "{message}");
    }
    within(client.close()).await;
    server.stop().await;
}

/// Bytes that a server sends for the same talk.
async fn talk(server_deflates: bool, client_deflates: bool) -> u64 {
    let mut settings = config();
    settings.hub.link.deflate = server_deflates.then(DeflateConfig::server);
    let server = start("127.0.0.1:0", settings, async |request: Request| {
        format!("you said: {}", request.text())
    })
    .await;
    let mut settings = ClientConfig::default();
    settings.engine.link.link.deflate = client_deflates.then(DeflateConfig::client);
    let client = Client::start(&server.url("ann"), Token::new("good-ann"), settings).unwrap();
    for words in [1, 40, 200, 600] {
        let request = (0..words).map(|at| format!("{at} km ")).collect::<String>();
        let answer = within(client.ask(request.as_str())).await.unwrap();
        assert_eq!(answer.text(), format!("you said: {request}"));
    }
    let metrics = server.handle.metrics();
    let bytes = metrics.family("pamlink_bytes_total").unwrap().samples.iter();
    let sent = bytes.filter(|sample| sample.labels.iter().any(|(_, value)| *value == "outbound"));
    let sent = sent.map(|sample| match sample.value {
        SampleValue::Counter(count) => count,
        _ => 0,
    });
    let sent = sent.sum();
    within(client.close()).await;
    server.stop().await;
    sent
}

#[tokio::test]
async fn messages_are_compressed_where_both_ends_want_it() {
    let plain = talk(false, false).await;
    let compressed = talk(true, true).await;
    assert!(compressed < plain / 2, "{compressed} of {plain} bytes");
    for (server, client) in [(true, false), (false, true)] {
        // Less the header of the handshake that is not there.
        let one = talk(server, client).await;
        assert!(one.abs_diff(plain) < 100, "{one} and {plain} bytes");
    }
}

#[tokio::test]
async fn two_requests_in_flight_get_their_own_answers() {
    // The first request is answered only after the second.
    let second_done = Arc::new(Notify::new());
    let handler = {
        let second_done = Arc::clone(&second_done);
        move |request: Request| {
            let second_done = Arc::clone(&second_done);
            async move {
                if request.text() == "first" {
                    second_done.notified().await;
                }
                request.text().into_owned()
            }
        }
    };
    let server = start("127.0.0.1:0", config(), handler).await;
    let client = client(&server.url("ann"), "ann");
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.ask("first").await }
    });
    assert_eq!(within(client.ask("second")).await.unwrap().text(), "second");
    second_done.notify_one();
    assert_eq!(within(first).await.unwrap().unwrap().text(), "first");
    server.stop().await;
}

/// Counts what each request did, and answers late enough for a server to be stopped meanwhile.
#[derive(Clone, Default)]
struct Counting {
    effects: Arc<Mutex<HashMap<String, u32>>>,
}

impl Handler for Counting {
    async fn handle(&self, request: Request) -> Reply {
        *self.effects.lock().await.entry(request.text().into_owned()).or_default() += 1;
        Reply::from("done")
    }
}

#[tokio::test]
async fn requests_outlive_a_restart_of_the_server() {
    let handler = Counting::default();
    let server = start("127.0.0.1:0", config(), handler.clone()).await;
    let (addr, url) = (server.addr.to_string(), server.url("ann"));
    let client = client(&url, "ann");
    within(client.ask("before")).await.unwrap();
    server.stop().await;
    let asked = tokio::spawn({
        let client = client.clone();
        async move { client.ask("while it was down").await }
    });
    let server = start(&addr, config(), handler.clone()).await;
    assert_eq!(within(asked).await.unwrap().unwrap().text(), "done");
    assert_eq!(handler.effects.lock().await.get("while it was down"), Some(&1));
    server.stop().await;
}

#[tokio::test]
async fn a_push_reaches_every_device_and_tells_of_an_absent_user() {
    let server = start("127.0.0.1:0", config(), async |_: Request| "ok").await;
    let devices = [client(&server.url("ann"), "ann"), client(&server.url("ann"), "ann")];
    for device in &devices {
        within(device.ready()).await.unwrap();
    }
    let push = server.handle.push("ann", r#"{"type":"timer_expired","timer_id":"t"}"#).unwrap();
    assert_eq!(push.queued, 2);
    for device in &devices {
        let message = within(async {
            loop {
                if let Some(Event::Message { message, .. }) = device.next_event().await {
                    return message;
                }
            }
        });
        assert!(message.await.as_str().contains("timer_expired"));
    }
    let push = server.handle.push("bob", r#"{"type":"timer_expired"}"#).unwrap();
    assert_eq!(push.queued, 0);
    server.stop().await;
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_then_the_client_stops() {
    let server = start("127.0.0.1:0", config(), async |_: Request| "ok").await;
    let asked = Arc::new(AtomicU32::new(0));
    let tokens = {
        let asked = Arc::clone(&asked);
        move |_| {
            asked.fetch_add(1, Ordering::Relaxed);
            async { Ok(Token::new("forged")) }
        }
    };
    let refused = within(Client::connect(&server.url("ann"), tokens)).await.unwrap_err();
    let ConnectError::Stopped { class, .. } = refused else { panic!("{refused}") };
    assert_eq!(class, CloseClass::Authentication);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    server.stop().await;
}

#[tokio::test]
async fn an_error_reply_is_an_error_of_the_request() {
    let handler = async |_: Request| Reply::error("OUT_OF_FUEL", "no tools today");
    let server = start("127.0.0.1:0", config(), handler).await;
    let client = client(&server.url("ann"), "ann");
    let error = within(client.ask("anything")).await.unwrap_err();
    let RequestError::Rejected { code, message, .. } = error else { panic!("{error}") };
    assert_eq!((code.as_str(), message.as_str()), ("OUT_OF_FUEL", "no tools today"));
    server.stop().await;
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_link() {
    let (codes, mut closes) = mpsc::unbounded_channel();
    let server = start("127.0.0.1:0", config(), Watching(codes)).await;
    let client = client(&server.url("ann"), "ann");
    within(client.ready()).await.unwrap();
    drop(client);
    assert_eq!(within(closes.recv()).await, Some(1000));
    server.stop().await;
}

/// Sends the code of every close.
struct Watching(mpsc::UnboundedSender<u16>);

impl Handler for Watching {
    async fn handle(&self, _: Request) -> Reply {
        Reply::from("ok")
    }

    fn observe(&self, event: &pamlink::hub::Event<'_>) {
        if let pamlink::hub::Event::Closed { closed, .. } = event {
            let _ = self.0.send(closed.code.as_u16());
        }
    }
}

/// Decides on tokens itself, in its own time.
struct Doorkeeper;

impl Handler for Doorkeeper {
    async fn handle(&self, request: Request) -> Reply {
        Reply::from(request.user())
    }

    async fn authorize(&self, user: String, token: Token) -> Result<Claims, AuthError> {
        tokio::task::yield_now().await;
        match token.expose() {
            "good-ann" => Ok(Claims::new(user, Wall::from_unix_secs(i64::MAX / 2_000_000))),
            _ => Err(AuthError::BadSignature),
        }
    }
}

#[tokio::test]
async fn a_host_may_decide_on_tokens_itself() {
    let mut config = config();
    config.auth = Auth::Host;
    let server = start("127.0.0.1:0", config, Doorkeeper).await;
    let ann = client(&server.url("ann"), "ann");
    assert_eq!(within(ann.ask("who am I?")).await.unwrap().text(), "ann");
    let bob = client(&server.url("bob"), "bob");
    assert!(matches!(within(bob.ready()).await, Err(ConnectError::Stopped { .. })));
    server.stop().await;
}

#[tokio::test]
async fn a_server_under_shutdown_says_1012() {
    let (codes, mut closes) = mpsc::unbounded_channel();
    let server = start("127.0.0.1:0", config(), Watching(codes)).await;
    let client = client(&server.url("ann"), "ann");
    within(client.ready()).await.unwrap();
    server.stop().await;
    assert_eq!(within(closes.recv()).await, Some(1012));
    assert_eq!(within(retrying(&client)).await, CloseClass::ServerUnavailable);
    within(client.close()).await;
}

#[tokio::test]
async fn an_answer_is_read_as_it_grows() {
    let go_on = Arc::new(Notify::new());
    let went = Arc::clone(&go_on);
    let grows = move |request: Request| {
        let go_on = Arc::clone(&go_on);
        async move {
            assert!(request.wants_pieces() && request.piece("once "));
            go_on.notified().await;
            assert!(request.piece("upon"));
            "once upon a time"
        }
    };
    let server = start("127.0.0.1:0", config(), grows).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let mut asking = client.stream("a story").unwrap();
    let first = within(asking.next_piece()).await.unwrap().unwrap();
    assert_eq!((first.text.as_str(), first.restart), ("once ", false));
    went.notify_one();
    let mut rest = String::new();
    while let Some(piece) = within(asking.next_piece()).await.unwrap() {
        assert!(!piece.restart);
        rest += &piece.text;
    }
    assert_eq!(rest, "upon a time");
    assert_eq!(within(asking.answer()).await.unwrap().text(), "once upon a time");
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn what_comes_for_a_caller_who_has_left_is_late() {
    let go_on = Arc::new(Notify::new());
    let goes = Arc::clone(&go_on);
    let answer = move |request: Request| {
        let go_on = Arc::clone(&go_on);
        async move {
            request.piece("a ");
            go_on.notified().await;
            request.piece("b");
            "a b"
        }
    };
    let server = start("127.0.0.1:0", config(), answer).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let mut asking = client.stream("never mind").unwrap();
    assert_eq!(within(asking.next_piece()).await.unwrap().unwrap().text, "a ");
    drop(asking);
    goes.notify_one();
    let mut late = Vec::new();
    while late.len() < 2 {
        if let Event::Late { answer, .. } = within(client.next_event()).await.unwrap() {
            late.push(answer.text().into_owned());
        }
    }
    assert_eq!(late, ["b", "a b"]);
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_has_stopped_ends_its_requests_and_starts_again() {
    let answer = async |request: Request| {
        if request.text() == "never" {
            std::future::pending::<()>().await;
        }
        request.text().into_owned()
    };
    let server = start("127.0.0.1:0", config(), answer).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let asking = client.stream("never").unwrap();
    // The request has been sent when another one is answered.
    within(client.ask("hi")).await.unwrap();
    server.handle.disconnect_user("ann", CloseCode::new(4003), "enough");
    assert_eq!(within(asking.answer()).await, Err(RequestError::Unknown));
    assert_eq!(within(client.ask("while stopped")).await, Err(RequestError::Stopped));
    client.reconnect();
    assert_eq!(within(client.ask("again")).await.unwrap().text(), "again");
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn what_was_never_sent_ends_as_unsent_or_is_not_sent() {
    let denied = async |_| Err::<Token, _>(TokenError::Denied);
    let client = Client::start("ws://127.0.0.1:1/ws/ann", denied, ClientConfig::default()).unwrap();
    assert_eq!(within(client.ask("hi")).await, Err(RequestError::Unsent));
    assert_eq!(within(client.ask("hi")).await, Err(RequestError::Stopped));

    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let answer = move |request: Request| {
        let heard = Arc::clone(&hears);
        async move {
            heard.lock().await.push(request.text().into_owned());
            "ok"
        }
    };
    let server = start("127.0.0.1:0", config(), answer).await;
    let give = Arc::new(Notify::new());
    let gives = Arc::clone(&give);
    let tokens = move |_| {
        let give = Arc::clone(&gives);
        async move {
            give.notified().await;
            Ok(Token::new("good-ann"))
        }
    };
    let client = Client::start(&server.url("ann"), tokens, ClientConfig::default()).unwrap();
    drop(client.stream("never mind").unwrap());
    give.notify_one();
    within(client.ask("hi")).await.unwrap();
    assert_eq!(*heard.lock().await, ["hi"]);
    within(client.close()).await;
    server.stop().await;
}
