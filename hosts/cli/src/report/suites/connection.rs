//! Suite 1: can a link be made at all.

use std::time::{Duration, Instant};

use pamlink::link::{Endpoint, PamTarget, Token};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::house::{House, Plan, client_config, connect};
use super::json;
use crate::ensure;
use crate::report::bench::{Bench, Failure};
use crate::report::model::{Figure, figures, percentile};
use crate::report::peers::{Heard, Wire};

pub(super) async fn run(bench: &mut Bench) {
    let mut dice = bench.dice("connection");
    bench.case("URL construction", Figure::words("working correctly"), async { urls() }).await;

    let house = Plan::new().build(&mut dice).await;
    let Some((_, house)) = bench
        .case("Server on loopback", Figure::none(), async {
            let house = house?;
            Ok((Figure::words(format!("port {}", house.address.port())), house))
        })
        .await
    else {
        return;
    };

    let count = bench.count(200, 40);
    let times = bench
        .case("Connection establishment", Figure::number(762.0, "ms"), async {
            let mut times = Vec::new();
            for turn in 0..count {
                let began = Instant::now();
                let config = client_config(&mut dice);
                let client = connect(house.address, &format!("visitor-{turn}"), config).await?;
                times.push(began.elapsed().as_secs_f64() * 1e3);
                client.close().await;
            }
            times.sort_by(f64::total_cmp);
            let p99 = format!("p99 {} ms, {count} links", figures(percentile(&times, 99.0)));
            Ok((Figure::number(percentile(&times, 50.0), "ms").and(p99), times))
        })
        .await;
    drop(times);

    bench
        .case("Backend reachability", Figure::words("confirmed"), async {
            let (status, body) = http(&house, "GET /health HTTP/1.1").await?;
            let health = json(&body)?;
            ensure!(status == 200 && health["status"] == "ok", "/health: {status} {body}");
            Ok(Figure::words(format!("/health ok, version {}", health["version"])))
        })
        .await;

    bench
        .case("Welcome is the first frame", Figure::none(), async {
            let mut wire = Wire::open(house.address, &house.target("ada")?, &mut dice).await?;
            let welcome = json(&wire.next_text().await?)?;
            ensure!(welcome["type"] == "connection", "the first frame is {welcome}");
            ensure!(welcome["status"] == "connected", "its status is {}", welcome["status"]);
            // Old clients take any frame with such a member for the answer to a request.
            for member in ["message", "content", "response", "text", "error"] {
                ensure!(welcome.get(member).is_none(), "the welcome has a member {member}");
            }
            let features = &welcome["features"];
            Ok(Figure::words(format!("connection, features {features}")))
        })
        .await;

    bench
        .case(
            "Connection closure of an invalid token",
            Figure::words("expected, due to authentication validation"),
            async {
                let target = house.target_with("ada", "not.a.token")?;
                let mut wire = Wire::open(house.address, &target, &mut dice).await?;
                let (code, reason) = wire.until_closed().await?;
                ensure!(code == 4001, "closed with {code} {reason:?}");
                ensure!(!reason.contains("not.a"), "the reason holds the token: {reason}");
                Ok(Figure::words(format!("{code} {reason}")))
            },
        )
        .await;

    bench
        .case("Clean close handshake", Figure::words("clean connection cleanup"), async {
            let mut wire = house.wire("ada", &mut dice).await?;
            wire.close(1000, "bye").await?;
            let heard = wire.next().await?;
            ensure!(matches!(heard, Heard::Close(1000, _)), "answered with {heard:?}");
            ensure!(wire.next().await? == Heard::End, "the transport stays open");
            until_empty(&house).await?;
            Ok(Figure::words("1000 echoed, nothing left in the hub"))
        })
        .await;

    bench
        .case("Broken openings are answered", Figure::none(), async {
            let count = openings(&house).await?;
            house.wire("after", &mut dice).await?;
            Ok(Figure::words(format!("{count} kinds refused, the server serves on")))
        })
        .await;

    bench
        .case("Server ends", Figure::none(), async {
            house.close().await?;
            Ok(Figure::words("drained"))
        })
        .await;
}

/// URLs as the builder makes them, and what it refuses to make.
fn urls() -> Result<Figure, Failure> {
    const USER: &str = "7b1e0c52-3f4a-4d1b-9a55-0c2f6f6a1d10";
    let token = Token::new("head.body.tail+/=&");
    let endpoint = Endpoint::pam("wss://pam-backend.onrender.com", USER)?;
    let url = endpoint.url(Some(&token));
    let expected = format!(
        "wss://pam-backend.onrender.com/api/v1/pam/ws/{USER}?token=head.body.tail%2B%2F%3D%26"
    );
    ensure!(url == expected, "built {url}");
    let shown = format!("{endpoint} {endpoint:?} {token:?}");
    ensure!(!shown.contains("head.body"), "the token shows: {shown}");
    let mut forms = 1;
    for user in ["a/b", "a?b#c", "J\u{fc}rgen", "a b", "100%"] {
        let target = Endpoint::pam("ws://[::1]:9000/base/", user)?.target(Some(&token));
        ensure!(target.is_ascii() && target.starts_with("/base/api/v1/pam/ws/"), "{target}");
        let under = target.trim_start_matches("/base");
        let back = PamTarget::parse(under).ok_or_else(|| Failure::new(under.to_owned()))?;
        ensure!(back.user == user, "{user} came back as {}", back.user);
        forms += 1;
    }
    let mut refused = 0;
    for (base, user) in [
        ("wss://h", ""),
        ("wss://h", "[object Object]"),
        ("wss://h", "undefined"),
        ("https://h", "a"),
        ("wss://", "a"),
        ("wss://h#x", "a"),
        ("wss://h:99999", "a"),
        ("wss://user:secret@h", "a"),
    ] {
        let made = Endpoint::pam(base, user);
        ensure!(made.is_err(), "{base} with {user:?} was taken");
        refused += 1;
    }
    Ok(Figure::words(format!("{forms} forms built, {refused} refused")))
}

/// Asks for something by plain HTTP.
pub(super) async fn http(house: &House, line: &str) -> Result<(u16, String), Failure> {
    let bytes = format!("{line}\r\nHost: {}\r\nConnection: close\r\n\r\n", house.address);
    let answer = raw(house, bytes.as_bytes()).await?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| Failure::new(format!("no HTTP answer: {answer:?}")))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| Failure::new(format!("no status: {head}")))?;
    Ok((status, body.to_owned()))
}

/// Sends bytes on a fresh connection and reads all that comes back.
async fn raw(house: &House, bytes: &[u8]) -> Result<String, Failure> {
    let mut stream = TcpStream::connect(house.address).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    match tokio::time::timeout(Duration::from_secs(5), read).await {
        // A reset after the answer: the server did not want the rest of what was sent.
        Ok(Err(_)) | Ok(Ok(_)) => Ok(String::from_utf8_lossy(&answer).into_owned()),
        Err(_) => Err(Failure::new("the server neither answers nor closes the transport")),
    }
}

/// Openings that no server may accept, each with the status that it deserves.
async fn openings(house: &House) -> Result<usize, Failure> {
    let upgrade = "Host: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let path = "/api/v1/pam/ws/ada?token=x";
    let long = "x".repeat(40_000);
    let version = "Sec-WebSocket-Version: 13\r\n";
    let cases = [
        (format!("GET /elsewhere HTTP/1.1\r\n{upgrade}{key}{version}\r\n"), "404"),
        (format!("GET {path} HTTP/1.1\r\n{upgrade}{key}Sec-WebSocket-Version: 8\r\n\r\n"), "426"),
        (format!("POST {path} HTTP/1.1\r\n{upgrade}{key}{version}\r\n"), "405"),
        (format!("GET {path} HTTP/1.1\r\n{upgrade}{version}\r\n"), "400"),
        (format!("GET {path} HTTP/1.1\r\n{upgrade}X: {long}\r\n{key}{version}\r\n"), "431"),
        ("\u{16}\u{3}\u{1} TLS to a plain port\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
    ];
    for (bytes, status) in &cases {
        let answer = raw(house, bytes.as_bytes()).await?;
        let line = answer.lines().next().unwrap_or_default();
        let asked = bytes.lines().next().unwrap_or_default();
        ensure!(line.split(' ').nth(1) == Some(*status), "{asked:?} got {line:?}, not {status}");
    }
    Ok(cases.len())
}

/// Waits until the hub holds no link.
pub(super) async fn until_empty(house: &House) -> Result<(), Failure> {
    for _ in 0..500 {
        if house.handle.links() == 0 && house.handle.users() == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (links, users) = (house.handle.links(), house.handle.users());
    Err(Failure::new(format!("{links} links of {users} users are still there")))
}
