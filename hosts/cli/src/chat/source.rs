//! Whom to call and with which token.

use std::path::PathBuf;
use std::time::Duration;

use pamlink::link::jwt::DEFAULT_AUDIENCE;
use pamlink::link::{Endpoint, Token, TokenError, TokenNeed};
use pamlink_tokio::Tokens;

use crate::args::ChatArgs;
use crate::fault::Fault;
use crate::token;

/// How long a token that `--dev` makes is good for.
const DEV_TTL: Duration = Duration::from_secs(3_600);

/// The server, and where tokens for it come from.
#[derive(Debug)]
pub(super) struct Source {
    endpoint: Endpoint,
    tokens: Kind,
}

#[derive(Debug)]
enum Kind {
    Given(Token),
    File(PathBuf),
    Dev(String),
}

impl Source {
    /// What the flags say.
    pub(super) fn of(args: &ChatArgs) -> Result<Self, Fault> {
        let bad = |what: String| Fault::usage(format!("URL: {what}"));
        // What `serve` prints can be pasted.
        let url = match args.url.split_once("://") {
            Some(("http", rest)) => format!("ws://{rest}"),
            Some(("https", rest)) => format!("wss://{rest}"),
            _ => args.url.clone(),
        };
        let (mut endpoint, in_url) =
            Endpoint::parse(&url).map_err(|error| bad(error.to_string()))?;
        let mut user = endpoint.user();
        match (&user, &args.user) {
            (None, Some(asked)) => {
                endpoint = Endpoint::pam(&url, asked).map_err(|error| bad(error.to_string()))?;
                user = Some(asked.clone());
            }
            (Some(named), Some(asked)) if named != asked => {
                return Err(bad("it names another user than --user".into()));
            }
            (None, None) => {
                return Err(bad("it names no user: add --user ID, or /api/v1/pam/ws/ID".into()));
            }
            _ => {}
        }
        let tokens = match (&args.token, &args.token_file, args.dev, in_url, user) {
            (Some(token), ..) => Kind::Given(token::dated(token)),
            (_, Some(path), ..) => Kind::File(path.clone()),
            (_, _, true, _, Some(user)) => Kind::Dev(user),
            (_, _, _, Some(token), _) => Kind::Given(token::dated(token.expose())),
            _ => return Err(Fault::usage("a token is needed: --token-file, --token or --dev")),
        };
        let source = Self { endpoint, tokens };
        // A file that cannot be read is a bad flag now, and no reason to wait later.
        source.draw().map_err(Fault::usage)?;
        Ok(source)
    }

    /// The URL, without a token.
    pub(super) fn url(&self) -> String {
        self.endpoint.url(None)
    }

    fn draw(&self) -> Result<Token, String> {
        match &self.tokens {
            Kind::Given(token) => Ok(token.clone()),
            Kind::File(path) => {
                let named = |what: String| format!("{}: {what}", path.display());
                let text =
                    std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
                let text = text.trim();
                if text.is_empty() || text.contains(char::is_whitespace) {
                    return Err(named("expected one token and nothing else".into()));
                }
                Ok(token::dated(text))
            }
            Kind::Dev(user) => token::dev(user, DEV_TTL, DEFAULT_AUDIENCE)
                .map(|token| token::dated(&token))
                .map_err(|error| error.to_string()),
        }
    }
}

impl Tokens for Source {
    async fn token(&self, need: TokenNeed) -> Result<Token, TokenError> {
        match (&self.tokens, need) {
            // There is no other one.
            (Kind::Given(_), TokenNeed::Rejected) => Err(TokenError::Denied),
            _ => self.draw().map_err(|_| TokenError::Unavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    fn url_of(flags: &[&str]) -> Result<String, String> {
        let words = ["pamlink", "chat", "--dev"].iter().chain(flags);
        let Command::Chat(args) = Cli::try_parse_from(words).unwrap().command else { panic!() };
        Source::of(&args).map(|source| source.url()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_prefix_may_stand_before_the_path_with_the_user_in_it_or_beside_it() {
        let whole = "wss://h/pam/api/v1/pam/ws/ann";
        for flags in [
            &[whole][..],
            &[whole, "--user", "ann"],
            &["wss://h/pam", "--user", "ann"],
            &["https://h/pam/", "--user", "ann"],
        ] {
            assert_eq!(url_of(flags).as_deref(), Ok(whole), "{flags:?}");
        }
        assert!(url_of(&[whole, "--user", "ben"]).unwrap_err().contains("another user"));
        assert!(url_of(&["wss://h/pam/"]).unwrap_err().contains("names no user"));
    }
}
