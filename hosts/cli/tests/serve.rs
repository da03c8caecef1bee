//! `serve` as a child process: what it prints, what it serves, and how it ends.

mod support;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use pamlink_cli::page::{bare, chat, has_engine};
use pamlink_tokio::pamlink::link::Token;
use pamlink_tokio::{Client, Event};
use serde_json::Value;
use support::served::Served;
use support::{file, one_line};

#[test]
fn health_metrics_and_the_page_are_served() {
    let served = Served::start(&["--dev"]);
    let (status, body) = served.get("/health");
    let health: Value = serde_json::from_str(&body).expect("it is JSON");
    assert_eq!((status, &health["status"]), (200, &Value::from("ok")));
    assert_eq!((&health["links"], &health["users"]), (&Value::from(0), &Value::from(0)));
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(health["agents"].as_array().map(Vec::len), Some(5));
    assert!(health["uptime_seconds"].is_u64() && health["routes_version"].is_string());

    let (status, metrics) = served.get("/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("# TYPE websocket_connections_active gauge"), "{metrics}");

    let (status, page) = served.get("/");
    assert_eq!(status, 200);
    support::well_formed::check(&page);

    assert_eq!(served.get("/nothing").0, 404);
    assert_eq!((served.get("/page/style.css").0, served.get("/page/none.css").0), (200, 404));
    assert_eq!(served.get("/api/v1/pam/ws/ada").0, 426);
    assert_eq!(served.ask("POST /health HTTP/1.1\r\nHost: h\r\n\r\n").0, 405);
}

#[test]
fn development_tokens_are_made_in_development_only() {
    let served = Served::start(&["--dev"]);
    let (status, body) = served.get("/dev/token?user=J%C3%BCrgen+x");
    let answer: Value = serde_json::from_str(&body).expect("it is JSON");
    assert_eq!(status, 200);
    assert_eq!(answer["token"].as_str().map(|token| token.split('.').count()), Some(3));
    assert_eq!(served.get("/dev/token").0, 400);
    assert_eq!(served.get("/dev/token?user=%zz").0, 400);
    assert_eq!(served.get("/dev/links?user=ada"), (200, r#"{"links":0}"#.to_owned()));
    assert_eq!(served.get("/dev/links").0, 400);

    let secret = file("serve-secret", "0123456789abcdef0123456789abcdef\n");
    let served = Served::start(&["--jwt-secret-file", &secret]);
    for path in ["/dev/token?user=ada", "/dev/links?user=ada"] {
        assert_eq!(served.get(path).0, 404);
    }
    let page = served.get("/").1;
    assert_eq!(page, if has_engine() { chat(false) } else { bare() });
}

#[tokio::test]
async fn a_request_without_a_message_reaches_the_agent_of_its_content() {
    let served = Served::start(&["--dev"]);
    let url = format!("ws://{}/api/v1/pam/ws/ada", served.address);
    let token: Value = serde_json::from_str(&served.get("/dev/token?user=ada").1).expect("JSON");
    let token = Token::new(token["token"].as_str().expect("a token"));
    let client = Client::connect(&url, token).await.expect("it lets her in");
    for message in [r#""""#, "null", "7"] {
        let chat =
            format!(r#"{{"type":"chat","message":{message},"content":"how is my budget?"}}"#);
        client.send(&chat).expect("the link is open");
        let answer = loop {
            // It belongs to no request of the client's own.
            if let Some(Event::Late { answer, .. }) = client.next_event().await {
                break answer;
            }
        };
        let expected = "Financial Advisor (Financial Module): how is my budget?";
        assert_eq!(answer.text(), expected, "{message}");
    }
    client.close().await;
}

#[test]
fn signals_end_it_well() {
    for name in ["-TERM", "-INT"] {
        let mut served = Served::start(&["--dev"]);
        served.signal(name);
        let began = Instant::now();
        let status = served.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{name}");
        assert!(began.elapsed() < Duration::from_secs(5), "{name}: {:?}", began.elapsed());
    }
}

#[test]
fn a_hangup_reads_the_table_again_and_keeps_the_old_one_if_it_is_bad() {
    let table = |version: &str| {
        format!(r#"{{"version":"{version}","error_handler":{{"id":"x"}},"agents":[{{"id":"a"}}]}}"#)
    };
    let path = file("reloaded.json", &table("one"));
    let mut served = Served::start(&["--dev", "--routes", &path]);
    let version = |served: &Served| {
        let health: Value = serde_json::from_str(&served.get("/health").1).expect("it is JSON");
        health["routes_version"].as_str().expect("a version").to_owned()
    };
    assert_eq!(version(&served), "one");
    file("reloaded.json", &table("two"));
    served.signal("-HUP");
    served.said("version two");
    assert_eq!(version(&served), "two");
    file("reloaded.json", "{");
    served.signal("-HUP");
    let said = served.said("kept as they were");
    assert!(said.contains("reloaded.json: line 1"), "{said}");
    assert_eq!(version(&served), "two");
}

#[test]
fn what_cannot_be_served_is_one_line_and_code_2() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let taken = taken.local_addr().expect("it has an address").to_string();
    let config = file("serve-bad.json", "{\n\"links\": {\"max\": 0}}");
    let routes = file("serve-bad-routes.json", "{\"agents\": 5, \"more\": 1}");
    let keys = file("serve-bad-keys.json", "{\"keys\": []}");
    let short = file("serve-short-secret", "short");
    let text = file("serve-no-pem", "no certificate");
    for (args, part) in [
        (&["serve"][..], "--dev"),
        (&["serve", "--dev", "--jwks-file", &keys], "cannot be used with"),
        (&["serve", "--dev", "--listen", "0.0.0.0:0"], "loopback only"),
        (&["serve", "--dev", "--listen", "[::]:0"], "loopback only"),
        (&["serve", "--dev", "--listen", "nonsense"], "HOST:PORT"),
        (&["serve", "--dev", "--listen", &taken], &taken),
        (&["serve", "--dev", "--config", &config], "line 2"),
        (&["serve", "--dev", "--config", "/nowhere.json"], "/nowhere.json"),
        (&["serve", "--dev", "--routes", &routes], "more: `pamlink routes check`"),
        (&["serve", "--jwks-file", &keys], "serve-bad-keys.json"),
        (&["serve", "--jwt-secret-file", &short], "32 bytes"),
        (&["serve", "--dev", "--tls-cert", &text], "--tls-key"),
        (&["serve", "--dev", "--tls-cert", &text, "--tls-key", &text], "serve-no-pem"),
    ] {
        let line = one_line(args, 2);
        assert!(line.contains(part), "{args:?}: {line}");
    }
}
