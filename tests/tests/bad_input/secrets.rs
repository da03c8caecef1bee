//! Tokens stay where they belong: no answer, page, metric or line of output repeats one.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use pamlink::frame::handshake;
use pamlink::hub::{Event, Hub};
use pamlink_tests::program;
use pamlink_tokio::{Handler, HttpResponse, Reply, Request, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{config, token, within};
use crate::peer::{Peer, target, upgrade};

/// Says what is typical of a token, and would be recognised in any text.
const MARK: &str = "marked-secret-0123456789";

/// What is said to a server, each with the mark at a place where a token may be.
fn attempts(good: &str) -> Vec<String> {
    let mark = MARK;
    vec![
        upgrade(&target("ann", mark)),
        upgrade(&target("ann", &format!("{mark}.{mark}.{mark}"))),
        upgrade(&format!("/api/v1/pam/ws/ann?a=b&token={mark}&c=d")),
        upgrade(&format!("/api/v1/pam/ws/ann/deeper?token={mark}")),
        upgrade(&format!("/nowhere?token={mark}")),
        upgrade(&target("ann", good)).replace("Version: 13", "Version: 7"),
        upgrade(&target("ann", mark)).replace("Host: localhost", &format!("Host: {mark} {mark}")),
        upgrade(&target("ann", mark)).replace("Upgrade: websocket", &format!("Upgrade: {mark}")),
        upgrade(&target("ann", mark)).replacen(
            "\r\n\r\n",
            &format!("\r\nAuthorization: Bearer {mark}\u{1}\r\n\r\n"),
            1,
        ),
        upgrade(&target("ann", mark)).replace("HTTP/1.1", "HTTP/3"),
        format!("GET /health?token={mark} HTTP/1.1\r\nHost: a\r\n\r\n"),
        format!("GET /metrics?token={mark} HTTP/1.1\r\nHost: a\r\n\r\n"),
        format!("GET /nothing?token={mark} HTTP/1.1\r\nHost: a\r\n\r\n"),
        format!("POST /?token={mark} HTTP/1.1\r\nHost: a\r\nCookie: {mark}\r\n\r\n"),
        format!("token={mark}\r\n\r\n"),
    ]
}

/// A masked text frame.
fn text(text: &str) -> Vec<u8> {
    let mut frame = Vec::new();
    pamlink::frame::Writer::client(pamlink::seed::Seed::from_number(1))
        .text(text, &mut frame)
        .unwrap();
    frame
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_repeats_no_token_in_answers_or_output() {
    let mut child = Command::new(program())
        .args(["serve", "--dev", "--listen", "127.0.0.1:0"])
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is built beside the tests");
    let mut output = child.stdout.take().unwrap();
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut byte = [0];
        output.read_exact(&mut byte).unwrap();
        line.extend(byte);
    }
    let line = String::from_utf8(line).unwrap();
    let addr = line.trim().rsplit("//").next().unwrap().parse().unwrap();
    let good = pamlink_tests::token("ann", "1h").unwrap();
    let signature = good.rsplit('.').next().unwrap().to_owned();

    let mut answers = String::new();
    for head in attempts(&good) {
        let mut socket = TcpStream::connect(addr).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = within(socket.read_to_end(&mut answer)).await;
        answers.push_str(&String::from_utf8_lossy(&answer));
    }
    // A link that is let in, and says tokens where they should be and where they should not.
    let mut peer = Peer::present(addr, "ann", &good).await;
    for said in [
        format!(r#"{{"type":"auth","token":"{MARK}"}}"#),
        format!(r#"{{"type":"token_refresh","token":"{good}"}}"#),
        format!(r#"{{"type":"{MARK}"}}"#),
        format!(r#"{{"type":"auth","token":"{MARK}" oops"#),
        format!("{MARK} is no JSON"),
    ] {
        peer.say(&text(&said)).await.unwrap();
    }
    for page in ["/health", "/metrics", "/"] {
        let mut peer = Peer::connect(addr).await;
        let get = format!("GET {page} HTTP/1.1\r\nHost: a\r\n\r\n");
        peer.say(get.as_bytes()).await.unwrap();
        answers.push_str(&peer.answer().await);
    }
    peer.say(&text("no JSON")).await.unwrap();
    for _ in 0..5 {
        answers.push_str(&peer.reply().await);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut printed = line;
    output.read_to_string(&mut printed).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut printed).unwrap();

    assert!(answers.contains("pamlink_auth_failures_total"), "the metrics were read");
    for (place, text) in [("answers", &answers), ("output", &printed)] {
        assert!(!text.contains(MARK), "{place}: {text}");
        assert!(!text.contains(&signature), "{place}: {text}");
    }
}

/// Writes down the `Debug` of everything it is shown.
struct Scribe(Arc<Mutex<String>>);

impl Handler for Scribe {
    async fn handle(&self, _: Request) -> Reply {
        "written down".into()
    }

    fn http(&self, request: &handshake::Request, hub: &Hub) -> HttpResponse {
        self.0.lock().unwrap().push_str(&format!("{request:?} {:?} {hub:?}\n", request.headers()));
        HttpResponse::text(404, "nothing\n")
    }

    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push_str(&format!("{event:?}\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_debug_text_of_events_repeats_no_token() {
    let written = Arc::new(Mutex::new(String::new()));
    let server = Server::bind("127.0.0.1:0", config()).await.unwrap();
    let (addr, handle) = (server.local_addr().unwrap(), server.handle());
    let shown = format!("{server:?} {handle:?}");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let scribe = Scribe(Arc::clone(&written));
    let server = tokio::spawn(server.serve(scribe, async { drop(stopped.await) }));
    let good = token("ann", 3_600);
    let signature = good.rsplit('.').next().unwrap();
    for head in attempts(&good) {
        let mut peer = Peer::connect(addr).await;
        peer.say(head.as_bytes()).await.unwrap();
        peer.answer().await;
    }
    let mut peer = Peer::present(addr, "ann", &good).await;
    for said in [
        format!(r#"{{"type":"auth","token":"{MARK}"}}"#),
        format!(r#"{{"type":"init","token":"{MARK}"}}"#),
        format!(r#"{{"type":"chat","id":1,"message":"x","access_token":"{MARK}"}}"#),
    ] {
        peer.say(&text(&said)).await.unwrap();
    }
    while !peer.reply().await.contains("written down") {}
    // The peer's own close frame may quote a token, too.
    let mut close = Vec::new();
    let reason = format!("token={good}");
    let code = pamlink::frame::CloseCode::NORMAL;
    peer.writer.close(code, &reason, &mut close).unwrap();
    peer.say(&close).await.unwrap();
    peer.until_close().await;
    let _ = stop.send(());
    within(server).await.unwrap();
    let written = written.lock().unwrap();
    assert!(written.contains("Opened") && written.contains("Closed"), "{written}");
    for text in [&*written, &shown] {
        assert!(!text.contains(MARK), "{text}");
        assert!(!text.contains(signature), "{text}");
    }
}
