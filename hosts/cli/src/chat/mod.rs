//! `pamlink chat`: a line in, an answer out, whatever becomes of the link meanwhile.

mod source;
mod terminal;

use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::Duration;

use pamlink::client::CancelError;
use pamlink::frame::DeflateConfig;
use pamlink_tokio::{Client, ClientConfig, Event, Piece, RequestError, tls};
use tokio::sync::{mpsc, watch};

use self::source::Source;
pub(crate) use self::terminal::harmless;
use self::terminal::{Printer, read_lines, say};
use crate::args::ChatArgs;
use crate::fault::Fault;
use crate::recorder::recorder;
use crate::span;

/// Requests under way at once. Below the number of refusals that close a link, so that a pipe
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
    let timeout = u64::try_from(args.timeout.as_millis()).unwrap_or(u64::MAX);
    let set = config.engine.set("request_timeout_ms", timeout);
    set.map_err(|error| Fault::usage(error.of("--timeout in ms").to_string()))?;
    config.v1 = !args.pam;
    config.engine.link.link.deflate = args.compress.then(DeflateConfig::client);
    if let Some(path) = &args.tls_ca {
        let trust = tls::client_trusting(path);
        config.tls = Some(trust.map_err(|error| Fault::usage(error.to_string()))?);
    }
    config.record = args.record.as_deref().map(recorder).transpose()?;
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
    let mut asked: VecDeque<mpsc::Receiver<Part>> = VecDeque::new();
    let mut printer = Printer::default();
    let mut good = true;
    let (stop, stopped) = watch::channel(());
    let mut stopping = false;
    let ended = loop {
        if !open && asked.is_empty() {
            break None;
        }
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => {
                if stopping || asked.is_empty() {
                    break Some(ExitCode::from(130));
                }
                say("cancelling; Ctrl-C again leaves");
                stopping = true;
                stop.send_replace(());
            }
            event = client.next_event() => match event {
                Some(event) => show(&event)?,
                None => return Err(Fault::failed("the client ended")),
            },
            part = next(&mut asked) => match part {
                Part::Piece(piece) => printer.piece(&piece)?,
                Part::End(outcome) => {
                    asked.pop_front();
                    printer.end()?;
                    stopping &= !asked.is_empty();
                    match outcome {
                        Ok(()) => {}
                        Err(RequestError::Cancelled) => say("cancelled"),
                        Err(error) => {
                            say(&format!("no answer: {error}"));
                            good = false;
                        }
                    }
                }
            },
            line = next_line(&mut lines), if open && asked.len() < AT_ONCE => match line {
                Some(line) if line.trim().is_empty() => {}
                Some(line) => {
                    let (parts, received) = mpsc::channel(1);
                    tokio::spawn(ask(client.clone(), line, parts, stopped.clone()));
                    asked.push_back(received);
                }
                None => open = false,
            },
        }
    };
    client.close().await;
    Ok(ended.unwrap_or(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

/// What comes of a request.
enum Part {
    Piece(Piece),
    End(Result<(), RequestError>),
}

/// Asks, and asks again when the server said when. What comes waits for its turn to be printed.
async fn ask(
    client: Client,
    line: String,
    parts: mpsc::Sender<Part>,
    mut stop: watch::Receiver<()>,
) {
    stop.mark_unchanged();
    let outcome = loop {
        match grow(&client, &line, &parts, &mut stop).await {
            Err(RequestError::Rejected { retry_after: Some(after), code, .. }) => {
                say(&format!("asked to wait {} ({code})", span::show(after)));
                tokio::select! {
                    () = tokio::time::sleep(after + Duration::from_millis(1)) => {}
                    _ = stop.changed() => break Err(RequestError::Cancelled),
                }
            }
            outcome => break outcome,
        }
    };
    // Without a reader the program is at its end.
    let _ = parts.send(Part::End(outcome)).await;
}

/// Hands on an answer as it grows, and cancels it when that is asked for.
async fn grow(
    client: &Client,
    line: &str,
    parts: &mpsc::Sender<Part>,
    stop: &mut watch::Receiver<()>,
) -> Result<(), RequestError> {
    let mut asking = client.stream(line)?;
    loop {
        let piece = tokio::select! {
            piece = asking.next_piece() => piece?,
            Ok(()) = stop.changed() => match asking.cancel() {
                Ok(()) => continue,
                // It goes on there, and nobody listens.
                Err(CancelError::Dialect) => return Err(RequestError::Cancelled),
                Err(_) => continue,
            },
        };
        let Some(piece) = piece else { return Ok(()) };
        if parts.send(Part::Piece(piece)).await.is_err() {
            return Ok(());
        }
    }
}

async fn next(asked: &mut VecDeque<mpsc::Receiver<Part>>) -> Part {
    match asked.front_mut() {
        Some(first) => first.recv().await.unwrap_or(Part::End(Err(RequestError::Closed))),
        None => std::future::pending().await,
    }
}

async fn next_line(lines: &mut mpsc::Receiver<String>) -> Option<String> {
    lines.recv().await
}

fn show(event: &Event) -> Result<(), Fault> {
    match event {
        Event::StateChanged { to, .. } => say(&format!("link: {to} ({})", *to as u8)),
        Event::Retrying { attempt, after, class, cause } => {
            let after = span::show(*after);
            say(&format!("link: lost ({class}): {cause}, attempt {attempt} in {after}"));
        }
        Event::Stopped { class, cause } => {
            return Err(Fault::failed(format!("the link has ended for good ({class}): {cause}")));
        }
        Event::Message { message, .. } => say(&format!("message: {}", message.as_str())),
        Event::Late { answer, .. } => say(&format!("late answer: {}", answer.text())),
        Event::Gap { lost: Some(lost), reason, .. } => {
            say(&format!("{lost} messages of the server are lost ({reason})"));
        }
        Event::Gap { lost: None, reason, .. } => {
            say(&format!("messages of the server may be lost ({reason})"));
        }
        Event::Lost(count) => say(&format!("{count} events were lost")),
        _ => {}
    }
    Ok(())
}
