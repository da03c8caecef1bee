//! `pamlink chat`: a line in, an answer out, whatever becomes of the link meanwhile.

mod source;
mod terminal;

use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::Duration;

use pamlink::frame::DeflateConfig;
use pamlink_tokio::{AskError, Client, ClientConfig, Event, tls};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::source::Source;
use self::terminal::{print_answer, read_lines, say};
use crate::args::ChatArgs;
use crate::fault::Fault;
use crate::span;

/// Questions under way at once. Below the number of refusals that close a link, so that a pipe
/// that is too fast is told to wait and not thrown out.
const AT_ONCE: usize = 4;

/// Chats until the end of input.
///
/// # Errors
///
/// Bad flags or files, or a server that will not have us.
pub fn run(args: &ChatArgs) -> Result<ExitCode, Fault> {
    let source = Source::of(args)?;
    let mut config = ClientConfig::default();
    config.engine.ask_timeout = args.timeout;
    config.engine.link.link.deflate = args.compress.then(DeflateConfig::client);
    if let Some(path) = &args.tls_ca {
        let trust = tls::client_trusting(path);
        config.tls = Some(trust.map_err(|error| Fault::usage(error.to_string()))?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Fault::failed(format!("cannot start: {error}")))?;
    runtime.block_on(chat(source, config))
}

async fn chat(source: Source, config: ClientConfig) -> Result<ExitCode, Fault> {
    let url = source.url();
    let client = Client::start(&url, source, config)
        .map_err(|error| Fault::usage(format!("URL: {error}")))?;
    let mut lines = read_lines();
    let mut open = true;
    let mut asked: VecDeque<JoinHandle<Result<String, AskError>>> = VecDeque::new();
    let mut good = true;
    let ended = loop {
        if !open && asked.is_empty() {
            break None;
        }
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => break Some(ExitCode::from(130)),
            event = client.next_event() => match event {
                Some(event) => show(&event)?,
                None => return Err(Fault::failed("the client ended")),
            },
            answer = next(&mut asked) => {
                asked.pop_front();
                good &= print(answer)?;
            }
            line = next_line(&mut lines), if open && asked.len() < AT_ONCE => match line {
                Some(line) if line.trim().is_empty() => {}
                Some(line) => asked.push_back(tokio::spawn(ask(client.clone(), line))),
                None => open = false,
            },
        }
    };
    client.close().await;
    Ok(ended.unwrap_or(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

/// Asks, and asks again when the server said when.
async fn ask(client: Client, line: String) -> Result<String, AskError> {
    loop {
        match client.ask(line.as_str()).await {
            Ok(answer) => return Ok(answer.text().into_owned()),
            Err(AskError::Rejected { retry_after: Some(after), code, .. }) => {
                say(&format!("asked to wait {} ({code})", span::show(after)));
                tokio::time::sleep(after + Duration::from_millis(1)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn next(
    asked: &mut VecDeque<JoinHandle<Result<String, AskError>>>,
) -> Result<String, AskError> {
    match asked.front_mut() {
        Some(first) => first.await.unwrap_or(Err(AskError::Closed)),
        None => std::future::pending().await,
    }
}

async fn next_line(lines: &mut mpsc::Receiver<String>) -> Option<String> {
    lines.recv().await
}

/// Prints an answer; says whether it is one.
fn print(answer: Result<String, AskError>) -> Result<bool, Fault> {
    match answer {
        Ok(text) => print_answer(&text).map(|()| true),
        Err(error) => {
            say(&format!("no answer: {error}"));
            Ok(false)
        }
    }
}

fn show(event: &Event) -> Result<(), Fault> {
    match event {
        Event::StateChanged { to, .. } => say(&format!("link: {to} ({})", *to as u8)),
        Event::Retrying { attempt, after, class } => {
            let after = span::show(*after);
            say(&format!("link: lost ({class}), attempt {attempt} in {after}"));
        }
        Event::Stopped { class } => {
            return Err(Fault::failed(format!("the server will not have us: {class}")));
        }
        Event::Piece { piece, .. } => say(&format!("piece: {}", piece.as_str())),
        Event::Message(message) => say(&format!("message: {}", message.as_str())),
        Event::Late { answer, .. } => say(&format!("late answer: {}", answer.text())),
        Event::Lost(count) => say(&format!("{count} events were lost")),
        _ => {}
    }
    Ok(())
}
