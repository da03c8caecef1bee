//! What answers in between: a proxy, a page, a server of another kind.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use pamlink::link::{Cause, CloseClass, Token};
use pamlink_tokio::{Client, ClientConfig, ConnectError, Event};

use crate::common::within;

/// The URL of something that answers every opening request so, on a thread of its own.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
    let url = format!("ws://{}/api/v1/pam/ws/ann", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = Vec::new();
            let mut part = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut part) {
                    Ok(n) if n > 0 => request.extend_from_slice(&part[..n]),
                    _ => break,
                }
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

/// Answers that end it, with the class and the text of the cause.
const ENDS: &[(&str, CloseClass, &str)] = &[
    (
        "HTTP/1.1 505 No\r\nContent-Length: 5\r\n\r\nnginx",
        CloseClass::Setup,
        "answered: HTTP 505: nginx",
    ),
    ("HTTP/1.1 501 No\r\n\r\nnot here\n", CloseClass::Setup, "answered: HTTP 501: not here"),
    ("HTTP/1.1 426 No\r\nContent-Length: 0\r\n\r\n", CloseClass::Setup, "answered: HTTP 426"),
    (
        "HTTP/1.1 301 Moved\r\nLocation: https://h/x\r\n\r\n<html>",
        CloseClass::Setup,
        "answered: HTTP 301: Location: https://h/x",
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<html>\r\n0\r\n\r\n",
        CloseClass::Setup,
        "answered: HTTP 200: <html>",
    ),
    ("HTTP/1.1 414 No\r\n\r\nURI too long", CloseClass::Setup, "answered: HTTP 414: URI too long"),
    ("HTTP/1.1 431 No\r\n\r\n", CloseClass::Setup, "answered: HTTP 431"),
    ("HTTP/1.1 400 No\r\n\r\nno Upgrade", CloseClass::Setup, "answered: HTTP 400: no Upgrade"),
    ("HTTP/1.1 401 No\r\n\r\nproxy", CloseClass::Authentication, "answered: HTTP 401: proxy"),
    ("HTTP/1.1 407 No\r\n\r\n", CloseClass::Authentication, "answered: HTTP 407"),
    ("HTTP/1.1 410 Gone\r\n\r\n", CloseClass::Refused, "answered: HTTP 410"),
];

fn tokens() -> impl pamlink_tokio::Tokens {
    |_| async { Ok(Token::new("good-ann")) }
}

#[tokio::test]
async fn a_fault_of_the_setup_ends_it_and_says_what_was_answered() {
    for (answer, expected, text) in ENDS {
        let refused = within(Client::connect(&answering(answer), tokens())).await.unwrap_err();
        let shown = refused.to_string();
        let ConnectError::Stopped { class, cause } = refused else { panic!("{refused}") };
        assert_eq!((class, &*cause.to_string()), (*expected, *text));
        assert_eq!(shown, format!("could not connect ({expected}): {text}"));
    }
}

#[tokio::test]
async fn what_is_not_found_is_tried_again_slowly_and_reported() {
    let url = answering("HTTP/1.1 404 No\r\n\r\nno backend");
    let client = Client::start(&url, tokens(), ClientConfig::default()).unwrap();
    let retrying = within(async {
        loop {
            match client.next_event().await {
                // In the dialect without sessions, at once.
                Some(Event::Retrying { after: Duration::ZERO, .. }) => {}
                Some(Event::Retrying { after, class, cause, .. }) => return (after, class, cause),
                _ => {}
            }
        }
    });
    let (after, class, cause) = retrying.await;
    assert_eq!(
        (class, cause.status(), cause.reason()),
        (CloseClass::NotFound, Some(404), "no backend")
    );
    assert!((Duration::from_secs(30)..=Duration::from_secs(38)).contains(&after), "{after:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
    let addr = listener.local_addr().expect("an address");
    drop(listener);
    let url = format!("ws://{addr}/api/v1/pam/ws/ann");
    let client = Client::start(&url, tokens(), ClientConfig::default()).unwrap();
    let cause = within(async {
        loop {
            if let Some(Event::Retrying { cause, .. }) = client.next_event().await {
                return cause;
            }
        }
    });
    let cause = cause.await;
    assert!(matches!(&cause, Cause::Dial { said } if said.contains("refused")), "{cause}");
}
