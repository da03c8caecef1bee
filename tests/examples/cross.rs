//! Asks, stops and submits over a connection that somebody cuts, a few at once, and says what came of
//! each in their order: see `tests/cross/main.py`.
//!
//! ```text
//! cross URL TOKEN COUNT
//! ```

use std::error::Error;
use std::process::ExitCode;

use pamlink::delivery::SendOptions;
use pamlink::link::Token;
use pamlink_tokio::{Client, ClientConfig, RequestError, SubmitError};

/// Commands that are under way at once.
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

async fn ask(url: &str, token: &str, count: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let client = Client::start(url, Token::new(token), ClientConfig::default())?;
    let numbers: Vec<usize> = (0..count).collect();
    for some in numbers.chunks(AT_ONCE) {
        let begin = |number: &usize| tokio::spawn(end(client.clone(), *number));
        let ends: Vec<_> = some.iter().map(begin).collect();
        for (number, ended) in some.iter().zip(ends) {
            println!("{number} {}", ended.await??);
        }
    }
    client.close().await;
    println!("done");
    Ok(())
}

/// How a command ends, in words.
async fn end(client: Client, number: usize) -> Result<String, Box<dyn Error + Send + Sync>> {
    if number % 5 == 4 {
        let note = format!(r#"{{"type":"note","id":"n-{number}"}}"#);
        return match client.submit(&note, SendOptions::default()).await {
            Ok(()) => Ok("acknowledged".to_owned()),
            Err(SubmitError::Unknown) => Ok("unknown".to_owned()),
            Err(error) => Err(error.into()),
        };
    }
    let stops = number % 5 == 3;
    let mut stream = client.stream(format!("RUST {number}{}", if stops { " stop" } else { "" }))?;
    let (mut text, mut is_stopped) = (String::new(), false);
    loop {
        match stream.next_piece().await {
            Ok(Some(piece)) => {
                if piece.restart {
                    text.clear();
                }
                text.push_str(&piece.text);
                if stops && !is_stopped {
                    stream.cancel()?;
                    is_stopped = true;
                }
            }
            Ok(None) => return Ok(format!("answered {text}")),
            Err(RequestError::Cancelled) => return Ok("cancelled".to_owned()),
            Err(RequestError::Unknown) => return Ok("unknown".to_owned()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: cross URL TOKEN COUNT");
    ExitCode::from(2)
}
