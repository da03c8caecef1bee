//! Sends numbered requests over a connection that somebody cuts, a few at once, and says each
//! answer in the order of asking: `answer I TEXT`, and at the end `done`.
//!
//! ```text
//! cross URL TOKEN COUNT
//! ```

use std::process::ExitCode;

use pamlink::link::Token;
use pamlink_tokio::{Client, ClientConfig};

/// Requests that are under way at once.
const AT_ONCE: usize = 4;

// One thread: tasks begin in the order in which they were made, and so the requests are sent.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, url, token, count] = arguments.as_slice() else { return usage() };
    let Ok(count) = count.parse() else { return usage() };
    match ask(url, token, count).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn ask(url: &str, token: &str, count: usize) -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::start(url, Token::new(token), ClientConfig::default())?;
    let numbers: Vec<usize> = (0..count).collect();
    for some in numbers.chunks(AT_ONCE) {
        let asked: Vec<_> = some
            .iter()
            .map(|number| {
                let client = client.clone();
                let request = format!("RUST {number}");
                tokio::spawn(async move { client.ask(request).await })
            })
            .collect();
        for (number, answer) in some.iter().zip(asked) {
            println!("answer {number} {}", answer.await??.text());
        }
    }
    client.close().await;
    println!("done");
    Ok(())
}

fn usage() -> ExitCode {
    eprintln!("usage: cross URL TOKEN COUNT");
    ExitCode::from(2)
}
