//! Clients that are recorded against real servers, and replayed. With `PAMLINK_WRITE_RECORDINGS=1`
//! the runs of the first tests are written to `tests/recordings`, every file of which is replayed.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pamlink::delivery::SendOptions;
use pamlink::frame::DeflateConfig;
use pamlink::link::{Token, TokenNeed};
use pamlink_tokio::recording::{Recorder, Replay, Step};
use pamlink_tokio::{AnswerStream, Client, ClientConfig, Event, Request, ServerConfig, Tokens};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::common::{Running, config, start, within};

/// What is recorded, in memory.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<std::sync::Mutex<Vec<u8>>>);

impl Memory {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).expect("a recording is text")
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A client that is recorded, and whose attempts follow each other quickly.
pub(crate) fn recorded(url: &str, tokens: impl Tokens, v1: bool) -> (Client, Memory) {
    restored(url, tokens, v1, None)
}

/// The same, which goes on with a snapshot.
fn restored(
    url: &str,
    tokens: impl Tokens,
    v1: bool,
    snapshot: Option<Vec<u8>>,
) -> (Client, Memory) {
    let memory = Memory::default();
    let mut config = ClientConfig::default();
    for (option, value) in [("first", 20), ("floor", 0), ("base", 20), ("cap", 100)] {
        config.engine.set(&format!("backoff_{option}_ms"), value).expect("it is within bounds");
    }
    config.v1 = v1;
    config.snapshot = snapshot;
    config.record = Some(Recorder::new(memory.clone()));
    (Client::start(url, tokens, config).expect("the URL is sound"), memory)
}

/// All steps of a recording, and how it ends.
pub(crate) fn replayed(text: &str) -> (Vec<Step>, Option<String>) {
    let mut replay = Replay::open(text.as_bytes()).expect("it is a recording");
    let mut steps = Vec::new();
    while let Some(step) = replay.next_step().expect("it is a recording") {
        steps.push(step);
    }
    (steps, replay.end().map(str::to_owned))
}

/// The steps of a recording that ends with its client or server, each as it was.
pub(crate) fn equal(text: &str) -> Vec<Step> {
    let (steps, end) = replayed(text);
    for step in &steps {
        assert_eq!(step.differs, None, "{step:?}");
    }
    let end = end.expect("it was not cut off");
    assert!(["the client has ended", "the server has ended"].contains(&&*end), "{end}");
    steps
}

pub(crate) fn count(steps: &[Step], begins: &str) -> usize {
    let said = steps.iter().flat_map(|step| step.said.iter().chain(&step.wrote));
    said.filter(|line| line.starts_with(begins)).count()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/recordings")
}

/// Keeps a recording, where that is asked for.
pub(crate) fn keep(name: &str, text: &str) {
    if std::env::var_os("PAMLINK_WRITE_RECORDINGS").is_some() {
        std::fs::write(folder().join(name), text).expect("the folder can be written");
    }
}

/// Carries connections to a server, until it is told to cut what is there.
pub(crate) async fn proxy(to: SocketAddr) -> (String, Arc<Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let url = format!("ws://{}/api/v1/pam/ws/ann", listener.local_addr().unwrap());
    let cut = Arc::new(Notify::new());
    let cutting = Arc::clone(&cut);
    tokio::spawn(async move {
        loop {
            let Ok((mut near, _)) = listener.accept().await else { return };
            let Ok(mut far) = TcpStream::connect(to).await else { return };
            let cut = Arc::clone(&cutting);
            tokio::spawn(async move {
                tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far) => {}
                    () = cut.notified() => {}
                }
            });
        }
    });
    (url, cut)
}

/// A server whose answer waits in the middle, for the first; and how often it was asked.
pub(crate) async fn halting(
    go_on: &Arc<Notify>,
    came: &Arc<Notify>,
) -> (Running, Arc<AtomicUsize>) {
    halting_with(config(), go_on, came).await
}

/// The same of another configuration.
pub(crate) async fn halting_with(
    config: ServerConfig,
    go_on: &Arc<Notify>,
    came: &Arc<Notify>,
) -> (Running, Arc<AtomicUsize>) {
    let (go_on, came) = (Arc::clone(go_on), Arc::clone(came));
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let server = start("127.0.0.1:0", config, move |request: Request| {
        let (go_on, came) = (Arc::clone(&go_on), Arc::clone(&came));
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            request.piece("one ");
            came.notify_one();
            go_on.notified().await;
            request.piece("two ");
            "one two three"
        }
    });
    (server.await, asked)
}

pub(crate) async fn welcomed_again(client: &Client) {
    let again = async {
        let mut lost = false;
        while let Some(event) = client.next_event().await {
            lost |= matches!(event, Event::Retrying { .. });
            if lost && event == Event::Welcomed {
                return;
            }
        }
    };
    within(again).await;
}

pub(crate) async fn whole(mut answer: AnswerStream) -> String {
    let mut text = String::new();
    while let Some(piece) = within(answer.next_piece()).await.expect("it is answered") {
        if piece.restart {
            text.clear();
        }
        text += &piece.text;
    }
    text
}

#[tokio::test]
async fn an_answer_over_v1_that_was_cut_in_the_middle_is_replayed() {
    let (go_on, came) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (server, asked) = halting(&go_on, &came).await;
    let (url, cut) = proxy(server.addr).await;
    let (client, memory) = recorded(&url, Token::new("good-ann"), true);
    within(client.ready()).await.unwrap();
    let mut answer = client.stream("count").unwrap();
    assert_eq!(within(answer.next_piece()).await.unwrap().unwrap().text, "one ");
    cut.notify_waiters();
    welcomed_again(&client).await;
    go_on.notify_one();
    assert_eq!(whole(answer).await, "two three");
    let update = r#"{"type":"context_update","context":{"timezone":"Europe/Paris"}}"#;
    within(client.submit(update, SendOptions::default())).await.unwrap();
    within(client.close()).await;
    server.stop().await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);

    let steps = equal(&memory.text());
    assert_eq!((count(&steps, "dial,"), count(&steps, "opening request")), (2, 2));
    assert_eq!((count(&steps, "CONNECTING to OPEN"), count(&steps, "answer of 0")), (2, 1));
    assert_eq!(count(&steps, "command 1: acknowledged"), 1, "{steps:#?}");
    keep("v1-cut-in-an-answer.jsonl", &memory.text());
}

#[tokio::test]
async fn a_request_over_pam_that_was_repeated_after_a_cut_is_replayed() {
    let (go_on, came) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (server, asked) = halting(&go_on, &came).await;
    let (url, cut) = proxy(server.addr).await;
    let (client, memory) = recorded(&url, Token::new("good-ann"), false);
    within(client.ready()).await.unwrap();
    let answer = client.stream("count").unwrap();
    within(came.notified()).await;
    cut.notify_waiters();
    welcomed_again(&client).await;
    go_on.notify_one();
    assert_eq!(whole(answer).await, "one two three");
    within(client.close()).await;
    server.stop().await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);

    let steps = equal(&memory.text());
    assert_eq!((count(&steps, "chat"), count(&steps, "answer of 0")), (2, 1), "{steps:#?}");
    keep("pam-repeat-after-a-cut.jsonl", &memory.text());
}

#[tokio::test]
async fn a_planned_change_over_two_links_is_replayed() {
    let (go_on, came) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (server, asked) = halting(&go_on, &came).await;
    let (client, memory) = recorded(&server.url("ann"), Token::new("good-ann"), true);
    within(client.ready()).await.unwrap();
    let mut answer = client.stream("count").unwrap();
    assert_eq!(within(answer.next_piece()).await.unwrap().unwrap().text, "one ");
    assert_eq!(server.handle.rotate_user("ann", Duration::from_secs(1)), 1);
    let changed = async {
        let mut welcomes = 0;
        while welcomes < 2 {
            welcomes += usize::from(client.next_event().await.unwrap() == Event::Welcomed);
        }
    };
    within(changed).await;
    go_on.notify_one();
    assert_eq!(whole(answer).await, "two three");
    within(client.close()).await;
    server.stop().await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);

    let steps = equal(&memory.text());
    assert_eq!((count(&steps, "changed places"), count(&steps, "retrying")), (1, 0), "{steps:#?}");
    for handshake in ["opening request", "second link: opening request"] {
        assert_eq!(count(&steps, handshake), 1, "{handshake}: {steps:#?}");
    }
    // The new link is the first when the session is opened there, and the one that is left the
    // second.
    let opens = steps.iter().flat_map(|step| &step.wrote).filter(|it| *it == "open").count();
    assert_eq!((opens, count(&steps, "second link: goodbye")), (2, 1), "{steps:#?}");
    keep("v1-planned-change.jsonl", &memory.text());
}

/// The next event of this kind.
async fn event_of<T>(client: &Client, of: impl Fn(Event) -> Option<T>) -> T {
    let next = async {
        loop {
            if let Some(found) = of(client.next_event().await.expect("the client goes on")) {
                return found;
            }
        }
    };
    within(next).await
}

#[tokio::test]
async fn a_client_that_goes_on_with_a_snapshot_is_replayed() {
    let (go_on, came) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (server, asked) = halting(&go_on, &came).await;
    let (url, cut) = proxy(server.addr).await;
    let (first, of_first) = recorded(&url, Token::new("good-ann"), true);
    within(first.ready()).await.unwrap();
    let session = first.open_session().unwrap();
    let mut answer = first.stream("count").unwrap();
    assert_eq!(within(answer.next_piece()).await.unwrap().unwrap().text, "one ");
    let snapshot = within(first.snapshot()).await.unwrap();
    // Its process dies, as far as the server can tell.
    cut.notify_waiters();
    within(first.close()).await;
    drop((answer, session));

    let (second, of_second) = restored(&url, Token::new("good-ann"), true, Some(snapshot));
    within(second.ready()).await.unwrap();
    let sessions = second.restored_sessions();
    assert_eq!(sessions.iter().map(|it| it.number().as_u64()).collect::<Vec<_>>(), [1]);
    assert!(second.restored_sessions().is_empty(), "they are given once");
    go_on.notify_one();
    let ended = |event| match event {
        Event::Ended { request, outcome } => Some((request.as_u64(), outcome)),
        _ => None,
    };
    let (request, outcome) = event_of(&second, ended).await;
    assert_eq!((request, outcome.unwrap().text().into_owned()), (0, "one two three".to_owned()));
    within(second.snapshot()).await.unwrap();
    within(second.close()).await;
    server.stop().await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);

    let steps = equal(&of_first.text());
    assert!(steps.iter().any(|step| step.input == "snapshot"), "{steps:#?}");
    let text = of_second.text();
    assert_eq!(count(&equal(&text), "answer of 0"), 1);
    keep("v1-restored.jsonl", &text);
    // Another snapshot than the one that was taken is noticed.
    let (_, rest) = text.split_once(r#""snapshot":["#).expect("a snapshot was taken");
    let digest = rest.split('"').nth(1).expect("it has a hash");
    let steps = replayed(&text.replace(digest, "0000000000000000")).0;
    let differs = steps.into_iter().find(|step| step.differs.is_some()).expect("it is another");
    assert_eq!(differs.input, "snapshot");
}

#[tokio::test]
async fn no_token_is_in_a_snapshot_that_is_recorded() {
    let (go_on, came) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (server, _) = halting(&go_on, &came).await;
    let (first, of_first) = recorded(&server.url("ann"), Token::new("good-ann"), true);
    let answer = first.stream("who is good-ann?").unwrap();
    within(came.notified()).await;
    let snapshot = within(first.snapshot()).await.unwrap();
    within(first.close()).await;
    drop(answer);
    // Of what has a token in it the length alone is compared.
    let text = of_first.text();
    assert!(text.contains(&format!(r#"{{"snapshot":[{},null]}}"#, snapshot.len())), "{text}");
    equal(&text);

    let (second, of_second) =
        restored(&server.url("ann"), Token::new("good-ann"), true, Some(snapshot));
    within(second.ready()).await.unwrap();
    within(second.close()).await;
    go_on.notify_one();
    server.stop().await;
    let text = of_second.text();
    assert!(!text.contains("good-ann"), "{text}");
    let error = Replay::open(text.as_bytes()).unwrap_err();
    assert!(error.to_string().ends_with("the snapshot has a part of a token in it"), "{error}");
}

/// Refused at first, by a server that takes [`Good`](crate::common::Good) ones.
const REFUSED: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.bm90aGluZyBpcyBzaWduZWQ";

/// The refused one, and a good one in its place.
fn renewing() -> impl Tokens {
    |need| async move { Ok(Token::new(if need == TokenNeed::Rejected { "good-ann" } else { REFUSED })) }
}

#[tokio::test]
async fn a_token_that_was_refused_and_renewed_is_replayed() {
    let server = start("127.0.0.1:0", config(), async |_: Request| "hello").await;
    for v1 in [true, false] {
        let (client, memory) = recorded(&server.url("ann"), renewing(), v1);
        assert_eq!(within(client.ask("hello?")).await.unwrap().text(), "hello");
        within(client.close()).await;
        let steps = equal(&memory.text());
        let needs = ["need token (Missing)", "need token (Rejected)"];
        assert_eq!(needs.map(|need| count(&steps, need)), [1, 1], "{steps:#?}");
        keep(&format!("token-renewed-{}.jsonl", if v1 { "v1" } else { "pam" }), &memory.text());
    }
    server.stop().await;
}

/// Refuses everybody, and says the token that it was shown, in parts of so many bytes.
async fn tattling(part: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let url = format!("ws://{}/api/v1/pam/ws/ann", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let Ok((mut socket, _)) = listener.accept().await else { return };
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let answer = format!("HTTP/1.1 403 No\r\n\r\nnot with {REFUSED}, and not {REFUSED}");
            for part in answer.as_bytes().chunks(part) {
                let _ = socket.write_all(part).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    });
    url
}

/// All bytes of a recording, one after the other.
fn bytes(text: &str) -> String {
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON"));
    let parts =
        lines.filter_map(|line: serde_json::Value| line["in"]["bytes"].as_str().map(str::to_owned));
    parts.collect()
}

#[tokio::test]
async fn no_part_of_a_token_is_in_a_recording_though_the_server_repeats_it() {
    for part in [1000, 5] {
        let (client, memory) = recorded(&tattling(part).await, Token::new(REFUSED), false);
        let said = within(client.ready()).await.unwrap_err().to_string();
        assert!(said.contains("not with ***"), "{said}");
        let asked = client.ask(format!("is {REFUSED} good?"));
        assert!(within(asked).await.is_err(), "it has stopped");
        within(client.close()).await;
        let text = memory.text();
        let joined = bytes(&text);
        assert!(joined.contains("not with eyJdentokenhidden"), "{joined}");
        for run in REFUSED.as_bytes().windows(8) {
            let run = str::from_utf8(run).unwrap();
            assert!(!text.contains(run) && !joined.contains(run), "{run} is in {text}");
        }
        let steps = equal(&text);
        let stopped = "stopped (authentication): answered: HTTP 403: not with ***";
        assert_eq!(count(&steps, stopped), 1, "{steps:#?}");
        let reads = steps.iter().filter(|step| step.input.ends_with(" bytes")).count();
        assert!(if part == 5 { reads > 5 } else { reads == 1 }, "{reads}");
    }
}

#[tokio::test]
async fn a_token_is_hidden_where_it_stood_before_the_client_had_it() {
    let server = start("127.0.0.1:0", config(), async |_: Request| "hello").await;
    let tokens = async |_| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(Token::new("good-ann"))
    };
    let url = format!("{}?key=good-ann", server.url("ann"));
    let (client, memory) = recorded(&url, tokens, true);
    assert_eq!(within(client.ask("is good-ann good?")).await.unwrap().text(), "hello");
    within(client.close()).await;
    server.stop().await;
    let text = memory.text();
    assert!(!text.contains("good-ann"), "{text}");
    assert!(text.contains("?key=hiddento") && text.contains("is hiddento good?"), "{text}");
    let steps = equal(&text);
    let first = |input: &str| steps.iter().position(|step| step.input.starts_with(input));
    assert!(first("ask ") < first("token of 8"), "{steps:#?}");
}

#[tokio::test]
async fn a_changed_line_is_found_and_a_file_that_is_none_is_named_by_its_line() {
    let server = start("127.0.0.1:0", config(), async |_: Request| "forty liters").await;
    let (client, memory) = recorded(&server.url("ann"), Token::new("good-ann"), true);
    assert_eq!(within(client.ask("fuel?")).await.unwrap().text(), "forty liters");
    within(client.close()).await;
    server.stop().await;
    let text = memory.text();
    equal(&text);

    let at = 1 + text.lines().position(|line| line.contains("forty liters")).unwrap();
    let changed = text.replacen("forty liters", "fifty liters", 1);
    let differs = replayed(&changed).0.into_iter().find(|step| step.differs.is_some()).unwrap();
    assert_eq!(differs.line, at as u64);
    // What is asked shows in the length of what is written alone.
    let shorter = text.replacen("fuel?", "fuel", 1);
    let differs = replayed(&shorter).0.into_iter().find_map(|step| step.differs).unwrap();
    assert!(differs.contains("bytes written"), "{differs}");

    let lines: Vec<_> = text.lines().collect();
    assert_eq!(wrong(&lines[..lines.len() - 1].join("\n")), "None", "it was cut off");
    assert!(wrong("").starts_with("line 1: it is no recording"));
    assert!(wrong(r#"{"pamlink_recording":9}"#).starts_with("line 1: it has format 9"));
    let broken = lines[2].replace("\"at\"", "\"when\"");
    let broken = [lines[0], lines[1], &broken].join("\n");
    assert!(wrong(&broken).starts_with("line 3: unknown field `when`"), "{}", wrong(&broken));
    let after = format!("{text}{}", lines[1]);
    assert!(wrong(&after).ends_with("something comes after the end"), "{}", wrong(&after));
}

/// What is wrong with a recording, or how it ends.
pub(crate) fn wrong(text: &str) -> String {
    let mut replay = match Replay::open(text.as_bytes()) {
        Ok(replay) => replay,
        Err(error) => return error.to_string(),
    };
    loop {
        match replay.next_step() {
            Ok(Some(_)) => {}
            Ok(None) => return format!("{:?}", replay.end()),
            Err(error) => return error.to_string(),
        }
    }
}

#[tokio::test]
async fn a_recording_stops_at_its_bound_and_says_so() {
    let server = start("127.0.0.1:0", config(), async |_: Request| "word ".repeat(2_000)).await;
    let memory = Memory::default();
    let mut config = ClientConfig::default();
    config.record = Some(Recorder::new(memory.clone()).max_bytes(30_000));
    let client = Client::start(&server.url("ann"), Token::new("good-ann"), config).unwrap();
    for _ in 0..5 {
        assert_eq!(within(client.ask("more")).await.unwrap().text().len(), 10_000);
    }
    within(client.close()).await;
    server.stop().await;
    let text = memory.text();
    assert!((15_000..=30_000).contains(&text.len()), "{}", text.len());
    let (steps, end) = replayed(&text);
    assert!(steps.iter().all(|step| step.differs.is_none()) && count(&steps, "answer of 0") == 1);
    assert_eq!(end.as_deref(), Some("it has reached its bound"));
}

#[tokio::test]
async fn what_cannot_be_recorded_runs_and_the_file_says_why() {
    let server = start("127.0.0.1:0", config(), async |_: Request| "hello").await;
    let (client, memory) = recorded(&server.url("ann"), Token::new("short"), true);
    assert!(within(client.ready()).await.is_err());
    let why = |memory: &Memory| Replay::open(memory.text().as_bytes()).unwrap_err().to_string();
    let nothing = "line 1: nothing was recorded: ";
    assert_eq!(
        why(&memory),
        format!("{nothing}a token of fewer than 8 characters cannot be hidden")
    );
    let memory = Memory::default();
    let mut config = ClientConfig::default();
    config.engine.link.link.deflate = Some(DeflateConfig::client());
    config.record = Some(Recorder::new(memory.clone()));
    let client = Client::start(&server.url("ann"), Token::new("good-ann"), config).unwrap();
    assert_eq!(within(client.ask("hello?")).await.unwrap().text(), "hello");
    assert!(why(&memory).starts_with(&format!("{nothing}the configuration compresses")));
    server.stop().await;
}

#[test]
fn every_recording_of_the_repository_is_replayed() {
    let mut files: Vec<_> = std::fs::read_dir(folder())
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|it| it == "jsonl"))
        .collect();
    files.sort();
    assert!(files.len() >= 4, "{files:?}");
    for path in files {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        assert!(equal(&text).len() > 5, "{}", path.display());
    }
}
