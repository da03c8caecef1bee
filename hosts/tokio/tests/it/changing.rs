//! Planned changes of a link over real sockets: the new one first, then the old.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pamlink::link::{State, Token};
use pamlink::metrics::{SampleValue, Snapshot};
use pamlink_tokio::{Client, Event, Handler, Request, ServerConfig};

use crate::common::{Running, client, config, start, within};

/// The pieces of an answer, and how long each takes.
const PIECES: usize = 120;
const PIECE: Duration = Duration::from_millis(20);

/// Counts, a piece at a time; and how often it was asked to.
fn counting() -> (impl Handler, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let handler = move |request: Request| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            let mut whole = String::new();
            for number in 0..PIECES {
                let text = format!("{number} ");
                request.piece(&text);
                whole += &text;
                tokio::time::sleep(PIECE).await;
            }
            whole
        }
    };
    (handler, asked)
}

/// Its text, and the longest time between two pieces.
async fn counted(client: &Client, then: impl Fn()) -> (String, Duration) {
    let mut answer = client.stream("count").unwrap();
    let (mut text, mut longest, mut pieces) = (String::new(), Duration::ZERO, 0);
    let mut last = None;
    while let Some(piece) = within(answer.next_piece()).await.unwrap() {
        let now = Instant::now();
        if let Some(last) = last.replace(now) {
            longest = longest.max(now.duration_since(last));
        }
        assert!(!piece.restart);
        text += &piece.text;
        pieces += 1;
        if pieces == 3 {
            then();
        }
    }
    (text, longest)
}

fn whole() -> String {
    (0..PIECES).map(|number| format!("{number} ")).collect()
}

fn changes(metrics: &Snapshot) -> u64 {
    let name = "pamlink_planned_changes_total";
    let family = metrics.families.iter().find(|it| it.name == name).unwrap();
    let SampleValue::Counter(count) = family.samples[0].value else { panic!("{family:?}") };
    count
}

/// What a client has told of its links, without waiting.
async fn events(client: &Client) -> Vec<String> {
    let mut events = Vec::new();
    let next = || tokio::time::timeout(Duration::from_millis(100), client.next_event());
    while let Ok(Some(event)) = next().await {
        match event {
            Event::Welcomed => events.push("welcomed".to_owned()),
            Event::StateChanged { to, .. } => events.push(to.to_string()),
            Event::Retrying { class, .. } => events.push(format!("retrying {class}")),
            _ => {}
        }
    }
    events
}

async fn serving(config: ServerConfig) -> (Running, Arc<AtomicUsize>) {
    let (handler, asked) = counting();
    (start("127.0.0.1:0", config, handler).await, asked)
}

#[tokio::test]
async fn an_answer_goes_on_over_the_new_link_without_a_pause() {
    let (server, asked) = serving(config()).await;
    let client = client(&server.url("ann"), "ann");
    within(client.ready()).await.unwrap();
    let rotated = || assert_eq!(server.handle.rotate_user("ann", Duration::from_secs(2)), 1);
    let (text, longest) = counted(&client, rotated).await;
    assert_eq!(text, whole());
    assert_eq!((asked.load(Ordering::Relaxed), changes(&client.metrics())), (1, 1));
    // No state but that of the first link, which was open all the time.
    assert_eq!(events(&client).await, ["CONNECTING", "OPEN", "welcomed", "welcomed"]);
    assert_eq!((client.state(), server.handle.links()), (State::Open, 1));
    // A piece has 40 ms to be joined with others; the rest is for a machine that is busy.
    assert!(longest < Duration::from_millis(400), "{longest:?}");
    println!("longest time between two pieces: {longest:?}");
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_drains_carries_the_answer_to_its_end() {
    let mut config = config();
    config.drain_spread = Duration::from_secs(6);
    let (server, asked) = serving(config).await;
    let client = client(&server.url("ann"), "ann");
    within(client.ready()).await.unwrap();
    let mut stream = client.stream("count").unwrap();
    within(stream.next_piece()).await.unwrap();
    let stopped = tokio::spawn(server.stop());
    let mut text = String::from("");
    // It takes no new link, so the old one is used as long as it lives.
    while let Some(piece) = within(stream.next_piece()).await.unwrap() {
        text += &piece.text;
    }
    assert!(whole().ends_with(&text) && text.len() > whole().len() / 2, "{text}");
    assert_eq!((asked.load(Ordering::Relaxed), changes(&client.metrics())), (1, 0));
    within(client.close()).await;
    within(stopped).await.unwrap();
}

#[tokio::test]
async fn a_client_that_closes_meanwhile_leaves_no_link() {
    let (server, _) = serving(config()).await;
    for wait in [0, 300, 900] {
        let client = client(&server.url("ann"), "ann");
        within(client.ready()).await.unwrap();
        server.handle.rotate_user("ann", Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(wait)).await;
        within(client.close()).await;
        within(async {
            while server.handle.links() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_of_one_transport_comes_back_over_another() {
    let (server, asked) = serving(config()).await;
    let mut config = pamlink_tokio::ClientConfig::default();
    config.engine.two_links = false;
    let token = Token::new("good-ann");
    let client = Client::start(&server.url("ann"), token, config).unwrap();
    within(client.ready()).await.unwrap();
    let rotated = || assert_eq!(server.handle.rotate_user("ann", Duration::from_secs(1)), 1);
    let (text, _) = counted(&client, rotated).await;
    assert_eq!((text, asked.load(Ordering::Relaxed)), (whole(), 1));
    assert_eq!(changes(&client.metrics()), 0);
    assert!(events(&client).await.contains(&"retrying server_unavailable".to_owned()));
    within(client.close()).await;
    server.stop().await;
}
