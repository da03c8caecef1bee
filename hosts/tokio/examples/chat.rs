use std::error::Error;
use std::io::{Write, stdout};

use pamlink::link::Token;
use pamlink_tokio::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [_, url, token] = &std::env::args().collect::<Vec<_>>()[..] else {
        return Err("usage: chat URL TOKEN".into());
    };
    chat(url, token, stdout()).await
}

async fn chat(url: &str, token: &str, mut out: impl Write) -> Result<(), Box<dyn Error>> {
    let client = Client::connect(url, Token::new(token)).await?;
    let mut answer = client.stream("fuel so far?")?;
    while let Some(piece) = answer.next_piece().await? {
        out.write_all(piece.text.as_bytes())?;
        out.flush()?;
    }
    client.close().await;
    Ok(())
}
