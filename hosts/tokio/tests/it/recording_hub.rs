//! Servers that are recorded with their clients, and replayed. With `PAMLINK_WRITE_RECORDINGS=1` the
//! runs of the first tests are written to `tests/recordings`, where [`recording`](crate::recording)
//! replays them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pamlink::delivery::SendOptions;
use pamlink::frame::{CloseCode, DeflateConfig};
use pamlink::hub::{Auth, HubConfig};
use pamlink::link::{AuthError, Claims, CloseClass, Token, TokenError, TokenNeed, Verify};
use pamlink::routing::Table;
use pamlink::time::Wall;
use pamlink_tokio::recording::{Recorder, Replay, Step};
use pamlink_tokio::{Client, ClientConfig, Event, Request, RequestError, Server, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::common::{Running, client, config, retrying, start, within};
use crate::recording::{
    Memory, equal, halting_with, keep, proxy, replayed, welcomed_again, whole, wrong,
};

/// A server's configuration with which it is recorded.
fn recorded() -> (ServerConfig, Memory) {
    let (mut config, memory) = (config(), Memory::default());
    config.record = Some(Recorder::new(memory.clone()));
    (config, memory)
}

/// A client that speaks `pam` alone.
fn pam(url: &str, user: &str) -> Client {
    let mut config = ClientConfig::default();
    for (option, value) in [("first", 20), ("floor", 0), ("base", 20), ("cap", 100)] {
        config.engine.set(&format!("backoff_{option}_ms"), value).expect("it is within bounds");
    }
    config.v1 = false;
    Client::start(url, Token::new(format!("good-{user}")), config).expect("the URL is sound")
}

/// How many lines of what was given, said or written have all of these parts.
fn count(steps: &[Step], parts: &[&str]) -> usize {
    let lines = steps.iter().flat_map(|it| it.said.iter().chain(&it.wrote).chain([&it.input]));
    lines.filter(|line| parts.iter().all(|part| line.contains(part))).count()
}

/// No token of these is in a recording, nor eight characters of one in a row.
fn is_without(text: &str, tokens: &[&str]) {
    for run in tokens.iter().flat_map(|token| token.as_bytes().windows(8)) {
        let run = str::from_utf8(run).unwrap();
        assert!(!text.contains(run), "{run} is in {text}");
    }
}

/// Carries connections to a server, until it is told to let go of those that are there: their clients
/// see an end, and the server sees none until it is told so as well.
async fn half_open(to: SocketAddr) -> (String, Arc<Notify>, Arc<Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let url = format!("ws://{}/api/v1/pam/ws/ann", listener.local_addr().unwrap());
    let (cut, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (cutting, going) = (Arc::clone(&cut), Arc::clone(&gone));
    tokio::spawn(async move {
        loop {
            let Ok((mut near, _)) = listener.accept().await else { return };
            let Ok(mut far) = TcpStream::connect(to).await else { return };
            let (cut, gone) = (Arc::clone(&cutting), Arc::clone(&going));
            tokio::spawn(async move {
                let carried = tokio::io::copy_bidirectional(&mut near, &mut far);
                tokio::select! {
                    _ = carried => return,
                    () = cut.notified() => {}
                }
                drop(near);
                gone.notified().await;
            });
        }
    });
    (url, cut, gone)
}

#[tokio::test]
async fn an_answer_over_v1_that_was_cut_and_one_that_was_cancelled_are_replayed() {
    let (go_on, came) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (config, memory) = recorded();
    let (server, _) = halting_with(config, &go_on, &came).await;
    let (url, cut) = proxy(server.addr).await;
    let client = client(&url, "ann");
    within(client.ready()).await.unwrap();
    let mut answer = client.stream("count").unwrap();
    assert_eq!(within(answer.next_piece()).await.unwrap().unwrap().text, "one ");
    cut.notify_waiters();
    welcomed_again(&client).await;
    go_on.notify_one();
    assert_eq!(whole(answer).await, "two three");

    let mut stopped = client.stream("count again").unwrap();
    assert_eq!(within(stopped.next_piece()).await.unwrap().unwrap().text, "one ");
    stopped.cancel().unwrap();
    let ended = async {
        while stopped.next_piece().await?.is_some() {}
        Ok(())
    };
    assert_eq!(within(ended).await, Err(RequestError::Cancelled));
    let update = r#"{"type":"context_update","context":{"timezone":"Europe/Paris"}}"#;
    within(client.submit(update, SendOptions::default())).await.unwrap();
    within(client.close()).await;
    server.stop().await;

    let text = memory.text();
    is_without(&text, &["good-ann"]);
    let steps = equal(&text);
    assert_eq!((count(&steps, &["accept from"]), count(&steps, &["opened link"])), (2, 2));
    assert_eq!((count(&steps, &["request ", "count"]), count(&steps, &["cancelled "])), (2, 1));
    assert!(count(&steps, &["to link", "(ann, session ", "piece"]) > 1, "{steps:#?}");
    assert!(count(&steps, &["(ann, session ", " bytes, ", "cancel"]) == 1, "{steps:#?}");
    assert_eq!(count(&steps, &["message of link", "timezone"]), 1);
    assert_eq!((count(&steps, &["drain within"]), count(&steps, &["drained"])), (1, 1));
    keep("hub-v1-cut-and-cancel.jsonl", &text);
}

#[tokio::test]
async fn a_session_whose_link_was_taken_over_and_moved_is_replayed() {
    let (go_on, came) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (config, memory) = recorded();
    let (server, _) = halting_with(config, &go_on, &came).await;
    let (url, cut, gone) = half_open(server.addr).await;
    let client = client(&url, "ann");
    within(client.ready()).await.unwrap();
    let mut answer = client.stream("count").unwrap();
    assert_eq!(within(answer.next_piece()).await.unwrap().unwrap().text, "one ");
    cut.notify_waiters();
    welcomed_again(&client).await;
    gone.notify_waiters();
    let pushed = server.handle.push("ann", r#"{"type":"notification","n":1}"#).unwrap();
    assert!(!pushed.is_absent());
    assert!(server.handle.rotate_user("ann", Duration::from_secs(1)) > 0);
    let moved = async { while client.next_event().await != Some(Event::Welcomed) {} };
    within(moved).await;
    go_on.notify_one();
    assert_eq!(whole(answer).await, "two three");
    within(client.close()).await;
    server.stop().await;

    let steps = equal(&memory.text());
    assert_eq!((count(&steps, &["opened link"]), count(&steps, &["closed link"])), (3, 3));
    assert_eq!(count(&steps, &["request ", "count"]), 1, "{steps:#?}");
    assert_eq!(count(&steps, &["tell ann to move"]), 1);
    assert!(count(&steps, &["to link", "goodbye"]) >= 2, "{steps:#?}");
    keep("hub-v1-takeover-and-rotation.jsonl", &memory.text());
}

#[tokio::test]
async fn two_users_over_pam_with_a_repeat_and_pushes_are_replayed() {
    let (go_on, came) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (config, memory) = recorded();
    let (server, asked) = halting_with(config, &go_on, &came).await;
    let (url, cut) = proxy(server.addr).await;
    let (ann, ben) = (pam(&url, "ann"), pam(&server.url("ben"), "ben"));
    within(ann.ready()).await.unwrap();
    within(ben.ready()).await.unwrap();
    let answer = ann.stream("count").unwrap();
    within(came.notified()).await;
    cut.notify_waiters();
    welcomed_again(&ann).await;
    go_on.notify_one();
    assert_eq!(whole(answer).await, "one two three");
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1);
    let handle = &server.handle;
    let push = r#"{"type":"notification","n":1}"#;
    assert!(!handle.broadcast(push).unwrap().is_absent());
    assert!(handle.push("nobody", push).unwrap().is_absent());
    assert!(handle.push("ben", "no envelope").is_err());
    handle.replace_routes(Arc::new(Table::default()));
    assert_eq!(fetched(server.addr, "/nothing?key=good-ann").await.0, "HTTP/1.1 404 Not Found");
    assert_eq!(handle.disconnect_user("ben", CloseCode::new(4_003), "no more"), 1);
    within(retrying_or_stopped(&ben)).await;
    within(ann.close()).await;
    within(ben.close()).await;
    server.stop().await;

    let text = memory.text();
    is_without(&text, &["good-ann", "good-ben"]);
    let steps = equal(&text);
    assert_eq!(count(&steps, &["request ", " of ann for "]), 1, "{steps:#?}");
    assert_eq!(count(&steps, &["repeat over link", " of ann: "]), 1, "{steps:#?}");
    assert_eq!(count(&steps, &["http of link", "GET /nothing"]), 1);
    assert_eq!(count(&steps, &["respond 404 with"]), 1);
    assert_eq!(count(&steps, &["replace the routing table"]), 1);
    assert_eq!(count(&steps, &["refused: "]), 1, "{steps:#?}");
    keep("hub-pam-repeat-and-pushes.jsonl", &text);
}

async fn retrying_or_stopped(client: &Client) {
    while let Some(event) = client.next_event().await {
        if matches!(event, Event::Stopped { .. } | Event::Retrying { .. }) {
            return;
        }
    }
}

/// The first line, and the rest, of what a plain request gets.
async fn fetched(from: SocketAddr, target: &str) -> (String, String) {
    let mut socket = TcpStream::connect(from).await.expect("the server listens");
    let request = format!("GET {target} HTTP/1.1\r\nHost: h\r\nCookie: key=good-ann\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    within(socket.read_to_string(&mut answer)).await.expect("it answers");
    let (first, rest) = answer.split_once("\r\n").expect("it is HTTP");
    (first.to_owned(), rest.to_owned())
}

/// Takes `brief-USER` for a moment and `good-USER` for an hour.
#[derive(Debug)]
struct Brief;

impl Verify for Brief {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        let (user, life) = match token.split_once('-') {
            Some(("brief", user)) => (user, Duration::from_millis(1_500)),
            Some(("good", user)) => (user, Duration::from_secs(3_600)),
            _ => return Err(AuthError::BadSignature),
        };
        Ok(Claims::new(user, now + life))
    }
}

/// A brief token, a bad one, then good ones.
fn renewing(v1: bool, user: &'static str) -> (ClientConfig, impl pamlink_tokio::Tokens) {
    let mut config = ClientConfig::default();
    for (option, value) in [("first", 20), ("floor", 0), ("base", 20), ("cap", 100)] {
        config.engine.set(&format!("backoff_{option}_ms"), value).expect("it is within bounds");
    }
    config.v1 = v1;
    let tokens = move |need| async move {
        Ok(Token::new(match need {
            TokenNeed::Missing => format!("brief-{user}"),
            _ => format!("good-{user}"),
        }))
    };
    (config, tokens)
}

#[tokio::test]
async fn tokens_that_are_renewed_expire_and_are_refused_are_replayed() {
    let (mut config, memory) = recorded();
    config.auth = Auth::Verifier(Box::new(Brief));
    config.hub.set("token_grace_ms", 300).unwrap();
    let server = start("127.0.0.1:0", config, async |_: Request| "hello").await;
    let mut clients = Vec::new();
    for (v1, user) in [(true, "ann"), (false, "ben")] {
        let (config, tokens) = renewing(v1, user);
        let client = Client::start(&server.url(user), tokens, config).unwrap();
        assert_eq!(within(client.ask("hello?")).await.unwrap().text(), "hello");
        clients.push(client);
    }
    // One has no other token when this one has ended, and one has none that is good.
    let stale = async |need| match need {
        TokenNeed::Missing => Ok(Token::new("brief-cid")),
        _ => Err(TokenError::Unavailable),
    };
    let mut quick = ClientConfig::default();
    quick.v1 = false;
    let cid = Client::start(&server.url("cid"), stale, quick.clone()).unwrap();
    within(cid.ready()).await.unwrap();
    let dan = Client::start(&server.url("dan"), Token::new("wrong-dan"), quick).unwrap();
    assert!(within(dan.ready()).await.is_err());
    assert_eq!(within(retrying(&cid)).await, CloseClass::Authentication);
    for client in &clients {
        assert_eq!(within(client.ask("and now?")).await.unwrap().text(), "hello");
    }
    for client in clients.into_iter().chain([cid, dan]) {
        within(client.close()).await;
    }
    server.stop().await;

    let text = memory.text();
    let tokens = ["brief-ann", "good-ann", "brief-ben", "good-ben", "brief-cid", "wrong-dan"];
    is_without(&text, &tokens);
    let steps = equal(&text);
    for user in ["ann", "ben", "cid"] {
        assert!(count(&steps, &[&format!("the token is good: {user}")]) > 0, "{steps:#?}");
    }
    assert_eq!(count(&steps, &["the token is bad: bad signature"]), 1);
    assert!(count(&steps, &["closed link", " of cid", "4001"]) == 1, "{steps:#?}");
    keep("hub-tokens.jsonl", &text);
}

/// The text of a recording of one request.
async fn simple() -> String {
    let (config, memory) = recorded();
    let server = start("127.0.0.1:0", config, async |_: Request| "forty liters").await;
    let client = client(&server.url("ann"), "ann");
    assert_eq!(within(client.ask("fuel for today?")).await.unwrap().text(), "forty liters");
    within(client.close()).await;
    server.stop().await;
    memory.text()
}

#[tokio::test]
async fn a_changed_line_is_found_and_a_file_that_is_none_is_named_by_its_line() {
    let text = simple().await;
    equal(&text);
    assert!(Replay::open(text.as_bytes()).unwrap().is_of_hub());
    let first = |text: &str| {
        let differs = replayed(text).0.into_iter().find(|step| step.differs.is_some());
        let differs = differs.expect("it is another");
        (differs.line, differs.differs.unwrap())
    };
    let line_of =
        |part: &str| 1 + text.lines().position(|line| line.contains(part)).unwrap() as u64;
    // What came, and what the program said, though both are as long as before.
    let (line, differs) = first(&text.replacen("fuel for today?", "fuel for months", 1));
    assert!(line == line_of("fuel for today?") && differs.contains("events"), "{line}: {differs}");
    let (line, differs) = first(&text.replacen("forty liters", "fifty liters", 1));
    assert!(line >= line_of("forty liters") && differs.contains("written"), "{line}: {differs}");
    // A clock that goes another way, a link that was never there, another verdict.
    let bad = text.replacen("\"verdict\":{\"good\":", "\"verdict\":{\"goods\":", 1);
    assert!(wrong(&bad).contains("unknown variant `goods`"), "{}", wrong(&bad));
    let (line, _) = first(&text.replacen("{\"subject\":\"ann\"", "{\"subject\":\"bob\"", 1));
    assert_eq!(line, line_of("\"verdict\""));
    let option = text.replacen("\"options\":{}", "\"options\":{\"heartbeats\":1}", 1);
    assert_eq!(wrong(&option), "line 1: there is no option `heartbeats`");
    let client = text.replacen("\"of\":\"hub\"", "\"of\":\"client\"", 1);
    assert!(wrong(&client).starts_with("line 1: the header: "), "{}", wrong(&client));
    let shorter: Vec<_> = text.lines().collect();
    assert_eq!(replayed(&shorter[..shorter.len() - 1].join("\n")).1, None, "it was cut off");
}

#[tokio::test]
async fn a_recording_stops_at_its_bound_and_the_server_goes_on() {
    let (mut config, memory) = recorded();
    config.record = Some(Recorder::new(memory.clone()).max_bytes(30_000));
    let server = start("127.0.0.1:0", config, async |_: Request| "word ".repeat(2_000)).await;
    let client = client(&server.url("ann"), "ann");
    for _ in 0..5 {
        assert_eq!(within(client.ask("more")).await.unwrap().text().len(), 10_000);
    }
    within(client.close()).await;
    server.stop().await;
    let text = memory.text();
    assert!((15_000..=30_000).contains(&text.len()), "{}", text.len());
    let (steps, end) = replayed(&text);
    assert!(steps.iter().all(|step| step.differs.is_none()) && steps.len() > 5);
    assert_eq!(end.as_deref(), Some("it has reached its bound"));
}

#[tokio::test]
async fn what_cannot_be_recorded_serves_and_the_file_says_why() {
    for (change, why) in [
        (
            (|hub| hub.link.deflate = Some(DeflateConfig::server())) as fn(&mut HubConfig),
            "the configuration compresses",
        ),
        (
            |hub| hub.link.patience.close += Duration::from_nanos(1),
            "the configuration has a value that no option has",
        ),
    ] {
        let (mut config, memory) = recorded();
        change(&mut config.hub);
        let server: Running = start("127.0.0.1:0", config, async |_: Request| "hello").await;
        let client = client(&server.url("ann"), "ann");
        assert_eq!(within(client.ask("hello?")).await.unwrap().text(), "hello");
        within(client.close()).await;
        server.stop().await;
        assert_eq!(wrong(&memory.text()), format!("line 1: nothing was recorded: {why}"));
    }
}

#[tokio::test]
async fn a_server_says_why_it_is_not_recorded() {
    let bind = async |config| Server::bind("127.0.0.1:0", config).await.expect("a port");
    let ((config, _), (mut compressed, _)) = (recorded(), recorded());
    let mut second = crate::common::config();
    second.record.clone_from(&config.record);
    compressed.hub.link.deflate = Some(DeflateConfig::server());
    assert_eq!(bind(config).await.not_recorded(), None);
    assert_eq!(bind(crate::common::config()).await.not_recorded(), None);
    let why = bind(second).await.not_recorded();
    assert_eq!(why, Some("something else is recorded with it"));
    assert_eq!(bind(compressed).await.not_recorded(), Some("the configuration compresses"));
}
