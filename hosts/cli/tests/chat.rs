//! `chat` in a pipe: lines in, answers out, and a server that restarts meanwhile.

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use pamlink::hub::Auth;
use pamlink::link::{AuthError, Claims, Verify};
use pamlink::time::Wall;
use pamlink_tokio::{Request, Server, ServerConfig};
use support::{file, one_line, pamlink};

/// A `serve --dev` that ends with its test; `listen` is an address, port 0 for a free one.
fn serve(listen: &str) -> (Ending, String) {
    serve_with(listen, &[])
}

fn serve_with(listen: &str, more: &[&str]) -> (Ending, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pamlink"))
        .args(["serve", "--dev", "--listen", listen])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    output.read_line(&mut line).expect("it prints");
    let url = line.trim().strip_prefix("listening on ").expect("its address").to_owned();
    (Ending(child), url)
}

/// A child that does not outlive its test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn chat(args: &[&str]) -> (Child, ChildStdin) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pamlink"))
        .arg("chat")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let input = child.stdin.take().expect("it is piped");
    (child, input)
}

fn answers(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn every_line_is_answered_in_order_and_the_states_are_shown() {
    let (_server, url) = serve("127.0.0.1:0");
    let (child, mut input) = chat(&[&url, "--dev", "--user", "ada"]);
    for at in 0..20 {
        writeln!(input, "line {at}").expect("it reads");
    }
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let expected: Vec<_> =
        (0..20).map(|at| format!("Chat Assistant (Chat Module): line {at}")).collect();
    assert_eq!(answers(&output), expected);
    assert!(errors.contains("link: OPEN (1)"), "{errors}");
}

#[test]
fn a_restart_of_the_server_costs_no_line() {
    let (server, url) = serve("127.0.0.1:0");
    let (mut child, mut input) = chat(&[&url, "--dev", "--user", "ada"]);
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    writeln!(input, "before").expect("it reads");
    output.read_line(&mut line).expect("it answers");
    assert_eq!(line, "Chat Assistant (Chat Module): before\n");

    drop(server);
    // What is asked before the client knows of the loss may have been heard or not, and ends as
    // unknown; what is asked after it waits for the next server.
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    assert!(lines.any(|line| line.expect("it is text").contains("link: lost")));
    writeln!(input, "during").expect("it reads");
    let address = url.strip_prefix("http://").expect("an address");
    let (_server, _) = serve(address);
    line.clear();
    output.read_line(&mut line).expect("it answers");
    assert_eq!(line, "Chat Assistant (Chat Module): during\n");
    drop(input);
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn tokens_come_from_files_flags_and_the_url() {
    let (_server, url) = serve("127.0.0.1:0");
    let token = pamlink(&["token", "--dev", "--user", "ada"]).stdout;
    let token = String::from_utf8(token).expect("it is text");
    let token = token.trim();
    let path = file("chat-token", &format!("{token}\n"));
    let whole = format!("{}/api/v1/pam/ws/ada", url.replace("http", "ws"));
    let with_token = format!("{whole}?token={token}");
    for args in [
        &[url.as_str(), "--user", "ada", "--token-file", &path][..],
        &[&whole, "--token-file", &path],
        &[&whole, "--token", token],
        &[&with_token],
    ] {
        let (child, mut input) = chat(args);
        writeln!(input, "hello").expect("it reads");
        drop(input);
        let output = child.wait_with_output().expect("it ends");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(answers(&output), ["Chat Assistant (Chat Module): hello"], "{errors}");
        assert!(!errors.contains(token), "the token shows: {errors}");
    }
}

#[test]
fn a_refused_token_ends_it_with_code_1() {
    let (_server, url) = serve("127.0.0.1:0");
    // Of another user: genuine, and of no use.
    let token = pamlink(&["token", "--dev", "--user", "bob"]).stdout;
    let path = file("chat-token-of-bob", &String::from_utf8_lossy(&token));
    for (more, reason) in [(&[][..], "unauthorized"), (&["--pam"], "wrong subject")] {
        let args = [url.as_str(), "--user", "ada", "--token-file", &path];
        let (child, input) = chat(&[&args, more].concat());
        let output = child.wait_with_output().expect("it ends");
        drop(input);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        let end = format!("ended for good (authentication): peer: close 4001: {reason}");
        assert!(errors.contains(&end), "{errors}");
    }
}

#[test]
fn what_answers_in_between_ends_it_with_what_was_answered() {
    for (answer, said) in [
        ("505 No\r\nContent-Length: 6\r\n\r\n\x1bnginx", "(setup): answered: HTTP 505: nginx"),
        (
            "301 Moved\r\nLocation: https://h/x?token=a.b\r\n\r\n",
            "(setup): answered: HTTP 301: Location: https://h/x?token=***",
        ),
        ("200 OK\r\n\r\n<html>\n", "(setup): answered: HTTP 200: <html>"),
        ("414 Too long\r\n\r\n", "(setup): answered: HTTP 414"),
        ("401 No\r\n\r\nproxy", "(authentication): answered: HTTP 401: proxy"),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
        let url = format!("ws://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = BufReader::new(stream.try_clone().expect("it can be shared"));
                let mut line = String::new();
                while request.read_line(&mut line).is_ok_and(|read| read > 2) {
                    line.clear();
                }
                let _ = write!(stream, "HTTP/1.1 {answer}");
            }
        });
        let (child, input) = chat(&[&url, "--dev", "--user", "ada"]);
        let output = child.wait_with_output().expect("it ends");
        drop(input);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains(said), "{said}: {errors}");
    }
}

#[test]
fn bad_flags_are_one_line_and_code_2() {
    let empty = file("chat-no-token", "");
    let two = file("chat-two-tokens", "a b");
    for (args, part) in [
        (&["chat"][..], "<URL>"),
        (&["chat", "ftp://h", "--dev", "--user", "a"], "URL: "),
        (&["chat", "ws://h", "--dev"], "--user"),
        (&["chat", "ws://h/api/v1/pam/ws/ada", "--dev", "--user", "bob"], "another user"),
        (&["chat", "ws://h", "--user", "ada"], "a token is needed"),
        (&["chat", "ws://h", "--user", "ada", "--dev", "--token", "x"], "cannot be used with"),
        (&["chat", "ws://h", "--user", "ada", "--token-file", &empty], "one token"),
        (&["chat", "ws://h", "--user", "ada", "--token-file", &two], "one token"),
        (&["chat", "ws://h", "--user", "ada", "--token-file", "/nowhere"], "/nowhere"),
        (&["chat", "wss://h", "--user", "ada", "--dev", "--tls-ca", "/nowhere"], "/nowhere"),
        (&["chat", "ws://h", "--user", "ada", "--dev", "--timeout", "5"], "90s or 1h"),
    ] {
        let line = one_line(args, 2);
        assert!(line.contains(part), "{args:?}: {line}");
    }
}

#[test]
fn it_speaks_tls_to_a_server_whose_certificate_it_is_set_to_trust() {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate = file("chat-cert.pem", &pair.cert.pem());
    let key = file("chat-key.pem", &pair.signing_key.serialize_pem());
    let tls = ["--tls-cert", &certificate, "--tls-key", &key];
    let (_server, url) = serve_with("127.0.0.1:0", &tls);
    assert!(url.starts_with("https://"), "{url}");
    let url = url.replace("127.0.0.1", "localhost");
    let (child, mut input) =
        chat(&[&url, "--dev", "--user", "ada", "--tls-ca", &certificate, "--timeout", "10s"]);
    writeln!(input, "hello").expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(answers(&output), ["Chat Assistant (Chat Module): hello"], "{errors}");
}

#[test]
fn who_is_too_fast_waits_as_the_server_said_and_every_line_is_answered() {
    let config = file("chat-rate.json", r#"{"rate": {"messages": 2, "per_ms": 400}}"#);
    let (_server, url) = serve_with("127.0.0.1:0", &["--config", &config]);
    let (child, mut input) = chat(&[&url, "--dev", "--user", "ada"]);
    writeln!(input, "one\ntwo\nthree\nfour").expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(answers(&output).len(), 4, "{errors}");
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(errors.contains("asked to wait") && errors.contains("RATE_LIMIT"), "{errors}");
}

/// Takes every token for a good one.
struct Anybody;

impl Verify for Anybody {
    fn verify(&self, _token: &str, now: Wall) -> Result<Claims, AuthError> {
        Ok(Claims::new("ada", now + Duration::from_secs(3_600)))
    }
}

/// Says so when it is dropped.
struct Dropped(mpsc::Sender<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        // The test may be over.
        let _ = self.0.send(());
    }
}

/// A server whose answers have no end: its address, and what says that one was dropped.
fn endless() -> (SocketAddr, mpsc::Receiver<()>) {
    let (dropped, drops) = mpsc::channel();
    let (ready, address) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let config = ServerConfig::new(Auth::Verifier(Box::new(Anybody)));
            let server = Server::bind("127.0.0.1:0", config).await.unwrap();
            ready.send(server.local_addr().unwrap()).unwrap();
            let answer = move |request: Request| {
                let dropped = Dropped(dropped.clone());
                async move {
                    let _dropped = dropped;
                    while request.piece("word ") {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    std::future::pending::<&str>().await
                }
            };
            server.serve(answer, std::future::pending()).await;
        });
    });
    (address.recv().unwrap(), drops)
}

fn interrupt(child: &Child) {
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("there is a kill").success());
}

#[test]
fn ctrl_c_cancels_the_answer_at_the_server_and_again_leaves() {
    let (address, drops) = endless();
    let url = format!("ws://{address}");
    let (mut child, mut input) = chat(&[&url, "--user", "ada", "--token", "good"]);
    let mut output = child.stdout.take().expect("it is piped");
    let mut errors = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    writeln!(input, "count").expect("it reads");
    let mut word = [0; 5];
    output.read_exact(&mut word).expect("it answers");
    assert_eq!(&word, b"word ");
    interrupt(&child);
    assert!(errors.any(|line| line.expect("it is text") == "cancelled"));
    drops.recv_timeout(Duration::from_secs(30)).expect("the answer is worked on no more");
    interrupt(&child);
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

#[test]
fn with_pam_alone_ctrl_c_ends_the_waiting() {
    let (address, drops) = endless();
    let url = format!("ws://{address}");
    let (mut child, mut input) = chat(&[&url, "--user", "ada", "--token", "good", "--pam"]);
    let mut output = child.stdout.take().expect("it is piped");
    let mut errors = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    writeln!(input, "count").expect("it reads");
    output.read_exact(&mut [0; 5]).expect("it answers");
    interrupt(&child);
    assert!(errors.any(|line| line.expect("it is text") == "cancelled"));
    assert!(drops.try_recv().is_err(), "the dialect knows no cancel");
    drop(input);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
