//! `serve --log` whose process is killed, and what is left of its answers.

mod support;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pamlink_tokio::pamlink::link::Token;
use pamlink_tokio::{AnswerStream, Client, ClientConfig, Event, RequestError};
use serde_json::Value;
use support::served::Served;
use support::{file, one_line};

const LEASE: Duration = Duration::from_secs(3);

/// What the agent says, a word each 100 ms.
const WORDS: &str = "one two three four five six seven eight nine ten";
const WHOLE: &str =
    "Chat Assistant (Chat Module): one two three four five six seven eight nine ten";

/// A server with a file, which is killed and begins again.
struct Logged {
    file: PathBuf,
    config: String,
    served: Served,
}

impl Logged {
    fn start(name: &str) -> Self {
        let lease = LEASE.as_millis();
        let config = format!(r#"{{"streams": {{"producer_lease_ms": {lease}}}}}"#);
        let config = file(&format!("{name}.json"), &config);
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.log"));
        for behind in ["", "-wal"] {
            let _ = std::fs::remove_file(format!("{}{behind}", file.display()));
        }
        let served = Self::serve("127.0.0.1:0", &config, &file);
        Self { file, config, served }
    }

    /// SIGKILL, and another process in its place.
    fn kill_and_start(self) -> Self {
        self.end_and_start("-KILL")
    }

    fn end_and_start(self, signal: &str) -> Self {
        let Self { file, config, mut served } = self;
        let address = served.address.to_string();
        served.signal(signal);
        served.child.wait().expect("it has ended");
        let served = Self::serve(&address, &config, &file);
        Self { file, config, served }
    }

    fn serve(listen: &str, config: &str, file: &Path) -> Served {
        let file = file.to_str().expect("the path is text");
        let args = ["--dev", "--pace", "100ms", "--config", config, "--log", file];
        Served::start_at(listen, &args)
    }

    fn client(&self, snapshot: Option<Vec<u8>>) -> Client {
        let url = format!("ws://{}/api/v1/pam/ws/ada", self.served.address);
        let token = token(&self.served);
        let mut config = ClientConfig::default();
        config.snapshot = snapshot;
        Client::start(&url, token, config).expect("the URL is sound")
    }

    /// How many requests an agent of this process has replied to.
    fn replies(&self) -> u64 {
        let (_, metrics) = self.served.get("/metrics");
        let count = "pamlink_request_latency_seconds_count ";
        let count = metrics.lines().find_map(|line| line.strip_prefix(count));
        count.and_then(|count| count.parse().ok()).expect("there is such a number")
    }
}

fn token(served: &Served) -> Token {
    let token: Value = serde_json::from_str(&served.get("/dev/token?user=ada").1).expect("JSON");
    Token::new(token["token"].as_str().expect("a token"))
}

/// The pieces of an answer up to a word.
async fn up_to(answer: &mut AnswerStream, word: &str) -> String {
    let mut text = String::new();
    while !text.contains(word) {
        let piece = answer.next_piece().await.expect("it goes on").expect("there is more");
        assert!(!piece.restart);
        text += &piece.text;
    }
    text
}

/// The pieces that are left, and how it ends.
async fn rest(answer: &mut AnswerStream) -> (String, Option<RequestError>) {
    let mut text = String::new();
    loop {
        match answer.next_piece().await {
            Ok(Some(piece)) => {
                assert!(!piece.restart, "it goes on where it was");
                text += &piece.text;
            }
            Ok(None) => return (text, None),
            Err(error) => return (text, Some(error)),
        }
    }
}

fn is_orphaned(end: Option<&RequestError>) -> bool {
    matches!(end, Some(RequestError::Rejected { code, .. }) if code == "ORPHANED")
}

#[tokio::test]
async fn a_running_answer_keeps_its_text_and_ends_orphaned() {
    let server = Logged::start("log-running");
    let client = server.client(None);
    let mut answer = client.stream(WORDS).expect("there is room");
    let before = up_to(&mut answer, "three").await;
    let snapshot = client.snapshot().await.expect("it is taken");
    let killed = Instant::now();
    let server = server.kill_and_start();
    // A client whose process has ended as well has nothing but what is in the file.
    let other = server.client(Some(snapshot));
    let mut restored = other.restored().remove(0);
    let (text, end) = rest(&mut restored).await;
    assert!(is_orphaned(end.as_ref()), "{end:?}");
    assert!(killed.elapsed() < LEASE + Duration::from_secs(2), "{:?}", killed.elapsed());
    assert!(text.starts_with(&before) && WHOLE.starts_with(&text), "{text:?} after {before:?}");
    // The one that was there all the time goes on where it was.
    let (more, end) = rest(&mut answer).await;
    assert!(is_orphaned(end.as_ref()), "{end:?}");
    assert_eq!(before + &more, text);
    assert_eq!(server.replies(), 0, "it was not begun again");
}

#[tokio::test]
async fn a_server_that_is_stopped_in_mid_answer_loses_no_more() {
    let server = Logged::start("log-stopped");
    let client = server.client(None);
    let mut answer = client.stream(WORDS).expect("there is room");
    let before = up_to(&mut answer, "three").await;
    let server =
        tokio::task::spawn_blocking(|| server.end_and_start("-TERM")).await.expect("it does");
    let (more, end) = rest(&mut answer).await;
    let text = before + &more;
    assert!(WHOLE.starts_with(&text), "{text:?}");
    // It may have been said to the end while the links were sent away.
    assert!(end.is_none() && text == WHOLE || is_orphaned(end.as_ref()), "{end:?}");
    assert_eq!(server.replies(), 0);
}

#[tokio::test]
async fn an_answer_that_has_ended_is_read_again_and_not_made_again() {
    let server = Logged::start("log-ended");
    let client = server.client(None);
    let mut answer = client.stream(WORDS).expect("there is room");
    up_to(&mut answer, "three").await;
    let snapshot = client.snapshot().await.expect("it is taken");
    assert_eq!(answer.answer().await.expect("it ends").text(), WHOLE);
    assert_eq!(server.replies(), 1);
    let server = server.kill_and_start();
    // It says the request again, under the same id.
    let other = server.client(Some(snapshot));
    let mut restored = other.restored().remove(0);
    let (text, end) = rest(&mut restored).await;
    assert_eq!((text.as_str(), end), (WHOLE, None));
    assert_eq!(restored.answer().await.expect("it has ended").text(), WHOLE);
    assert_eq!(server.replies(), 0);
}

#[tokio::test]
async fn a_session_is_lost_and_what_it_runs_can_be_cancelled() {
    let server = Logged::start("log-cancel");
    let client = server.client(None);
    let mut answer = client.stream(WORDS).expect("there is room");
    up_to(&mut answer, "three").await;
    let server = server.kill_and_start();
    let lost = async {
        loop {
            if let Event::Gap { lost, reason, .. } = client.next_event().await.expect("it goes on")
            {
                return (lost, reason);
            }
        }
    };
    assert_eq!(lost.await, (None, "session_ended".to_owned()), "what waited in it may be lost");
    answer.cancel().expect("the server speaks pamlink.v1");
    assert_eq!(rest(&mut answer).await.1, Some(RequestError::Cancelled));
    loop {
        if let Some(Event::CancelResult { outcome, .. }) = client.next_event().await {
            assert_eq!(outcome.as_deref(), Some("cancelled"));
            break;
        }
    }
    // What is asked from here on is done once.
    assert!(client.ask("again").await.is_ok());
    assert_eq!(server.replies(), 1);
}

/// The status that `/health` says, and what `/metrics` has of the log.
fn vitals(served: &Served) -> (String, String) {
    let (status, health) = served.get("/health");
    assert_eq!(status, 200);
    let health: Value = serde_json::from_str(&health).expect("JSON");
    let metrics = served.get("/metrics").1;
    let away =
        metrics.lines().find(|line| line.starts_with("pamlink_log_away ")).expect("it is one");
    (health["status"].as_str().expect("a word").to_owned(), away.to_owned())
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_degrades_the_server_until_there_is_room() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("log-full.log");
    let _ = std::fs::remove_file(&path);
    let path = path.to_str().expect("the path is text");
    // Files of 64 KiB and no more, of which a process that does not end has word.
    let mut served = Served::start_after("trap '' XFSZ; ulimit -Sf 128", &["--dev", "--log", path]);
    let well = ("ok".to_owned(), "pamlink_log_away 0".to_owned());
    assert_eq!(vitals(&served), well);
    let url = format!("ws://{}/api/v1/pam/ws/ada", served.address);
    let client = Client::start(&url, token(&served), ClientConfig::default()).expect("sound");
    let long = "liters ".repeat(500);
    let answers: Vec<_> = (0..20).map(|_| client.stream(&long).expect("there is room")).collect();
    let said = served.said("the log is away");
    assert!(said.contains("log-full.log: "), "{said}");
    let degraded = ("degraded".to_owned(), "pamlink_log_away 1".to_owned());
    while vitals(&served) != degraded {}
    let room = std::process::Command::new("prlimit")
        .args(["--fsize=unlimited:", "--pid", &served.child.id().to_string()])
        .status();
    assert!(room.expect("it is there").success());
    for answer in answers {
        let answer = answer.answer().await.expect("it waits until there is room");
        assert_eq!(answer.text(), format!("Chat Assistant (Chat Module): {long}"));
    }
    assert_eq!(vitals(&served), well);
}

#[test]
fn a_file_that_cannot_be_used_is_one_line_and_code_2() {
    let text = file("log-no-log", "no log");
    let said = one_line(&["serve", "--dev", "--log", &text], 2);
    assert!(said.contains("log-no-log: this is no log of streams"), "{said}");
    let server = Logged::start("log-in-use");
    let path = server.file.to_str().expect("the path is text");
    let said = one_line(&["serve", "--dev", "--listen", "127.0.0.1:0", "--log", path], 2);
    assert!(said.contains("log-in-use.log: another server has this log open"), "{said}");
    let config = file("log-in-config.json", &format!(r#"{{"log": {{"file": "{text}"}}}}"#));
    let said = one_line(&["serve", "--dev", "--config", &config], 2);
    assert!(said.contains("log-no-log: this is no log of streams"), "{said}");
    let record = file("log-record.jsonl", "");
    let said = one_line(&["serve", "--dev", "--log", path, "--record", &record], 2);
    assert!(said.contains("cannot be used with"), "{said}");
    let said = one_line(&["serve", "--dev", "--config", &config, "--record", &record], 2);
    assert!(said.contains("--record does not go with"), "{said}");
}

#[test]
fn a_redis_that_is_not_there_is_one_line_and_code_2() {
    let serve = ["serve", "--dev", "--listen", "127.0.0.1:0", "--redis"];
    // Nobody listens on port 1.
    let said = one_line(&[&serve[..], &["redis://:s3cret@127.0.0.1:1"]].concat(), 2);
    assert!(said.starts_with("pamlink: redis://127.0.0.1:1: "), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
    let said = one_line(&[&serve[..], &["nonsense"]].concat(), 2);
    assert!(said.starts_with("pamlink: nonsense: "), "{said}");
    for other in [["--log", "answers"], ["--record", "answers"]] {
        let said = one_line(&[&serve[..], &["redis://127.0.0.1:1"], &other].concat(), 2);
        assert!(said.contains("cannot be used with"), "{said}");
    }
}
