//! The flags of every command.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueHint};
use pamlink::link::jwt::DEFAULT_AUDIENCE;

use crate::span;

/// `pamlink`.
#[derive(Debug, Parser)]
#[command(
    name = "pamlink",
    version,
    about = "The realtime engine of an AI assistant, on real sockets",
    after_help = "\
Examples:
  pamlink report                        show all of it working, in one table
  pamlink serve --dev                   a server with a chat page at http://127.0.0.1:8080/
  pamlink chat ws://127.0.0.1:8080 --dev --user ada

Exit codes: 0 all went well, 1 the work failed, 2 flags or files were bad."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run nine suites on loopback sockets and show every result beside the baseline's
    Report(ReportArgs),
    /// Serve the pam dialect over WebSocket, with a chat page, health and metrics
    Serve(ServeArgs),
    /// Chat in the terminal; survives a server restart
    Chat(ChatArgs),
    /// Run a recording of a chat or a server again, and say what the engine did at each input
    Replay(ReplayArgs),
    /// Print a token for a user
    Token(TokenArgs),
    /// Look at routing tables
    #[command(subcommand)]
    Routes(RoutesCommand),
}

/// Flags of `pamlink report`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Writes report.json and report.html (one self-contained page) into the output directory, prints
one table on standard output and progress on standard error.

Exit codes: 0 only if every case passed, 1 if one failed, 2 if flags were bad.")]
pub struct ReportArgs {
    /// Smaller counts everywhere: ends within 20 seconds on two cores
    #[arg(long)]
    pub quick: bool,

    /// Fix every random choice; without it one is drawn, and printed
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Run only the suites whose name contains this text; may be given again
    #[arg(long, value_name = "NAME")]
    pub suite: Vec<String>,

    /// Where report.json and report.html go
    #[arg(long, value_name = "DIR", default_value = "target/report", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,

    /// Be the server that cases kill, at this address, until standard input ends
    #[arg(long, hide = true, value_name = "ADDR", value_parser = address)]
    pub tell: Option<SocketAddr>,
}

/// Flags of `pamlink serve`.
#[derive(Debug, Clone, Args)]
#[command(
    group = ArgGroup::new("auth").required(true).args(["jwt_secret_file", "jwks_file", "dev"]),
    after_help = "\
Serves:
  /api/v1/pam/ws/{user_id}?token=JWT    the WebSocket of the pam dialect
  /health                               JSON: status, version, links, users, uptime
  /metrics                              Prometheus text
  /                                     a chat page with the live state of its link; /page/ has its files

Messages are compressed with clients that offer permessage-deflate, unless the settings turn it off.

The first line on standard output, `listening on http://ADDR`, says that it is ready. SIGINT and
SIGTERM drain: every link is closed with code 1012, spread over time, and the process ends.
SIGHUP reads the routing table, the keys and the certificate again; keys and certificate are also
read when their files change, and a JWK set, once a minute at most, for a key that it does not have."
)]
pub struct ServeArgs {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
    pub listen: SocketAddr,

    /// Serve /health and /metrics here and no longer at --listen: for a port that is not public
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub admin_listen: Option<SocketAddr>,

    /// Settings in JSON; every member is in docs/configuration.md
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// Routing table in JSON, instead of the five default agents
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub routes: Option<PathBuf>,

    /// Verify tokens with the HS256 secret in this file (32 bytes or more; one final line break
    /// is not part of it)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub jwt_secret_file: Option<PathBuf>,

    /// Verify tokens with the public keys (ES256, RS256) of this JWK set
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub jwks_file: Option<PathBuf>,

    /// For development: a public, built-in secret, on loopback only; the page gets its own token
    #[arg(long)]
    pub dev: bool,

    /// For development: wait so long before each word of an answer
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub pace: Option<Duration>,

    /// Certificate chain in PEM: serve https and wss
    #[arg(long, value_name = "FILE", requires = "tls_key", value_hint = ValueHint::FilePath)]
    pub tls_cert: Option<PathBuf>,

    /// Private key of the certificate in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_hint = ValueHint::FilePath)]
    pub tls_key: Option<PathBuf>,

    /// Keep answers in this file, so that they outlive the process, also `kill -9`; it is made where
    /// there is none, and no other process may have it open
    #[arg(long, value_name = "FILE", conflicts_with = "record", value_hint = ValueHint::FilePath)]
    pub log: Option<PathBuf>,

    /// Keep answers in this server of Redis or Valkey, for all servers that are given the same: a
    /// conversation goes on at whichever its next link lands
    #[arg(long, value_name = "URL", conflicts_with_all = ["log", "record"], env = "PAMLINK_REDIS",
          hide_env_values = true)]
    pub redis: Option<String>,

    /// What the keys there begin with: another conversation than that of other prefixes
    #[arg(long, value_name = "PREFIX", default_value = "pamlink")]
    pub redis_prefix: String,

    /// Record what the engine is given into this file (64 MiB at most), for `pamlink replay`: all
    /// that is asked and answered, and no token; messages are not compressed then
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub record: Option<PathBuf>,
}

/// Flags of `pamlink token`.
#[derive(Debug, Clone, Args)]
#[command(
    group = ArgGroup::new("secret").required(true).args(["jwt_secret_file", "dev"]),
    after_help = "\
Prints the token (HS256), and nothing else, on standard output:

  pamlink token --user ada --dev > token.txt"
)]
pub struct TokenArgs {
    /// Whom the token names (`sub`): must be the user id of the URL
    #[arg(long, value_name = "ID", value_parser = user)]
    pub user: String,

    /// How long it is good for: a whole number and ms, s, m, h or d
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = span::parse)]
    pub ttl: Duration,

    /// Audience (`aud`) that the token is for
    #[arg(long, value_name = "AUD", default_value = DEFAULT_AUDIENCE)]
    pub audience: String,

    /// Role that the token names; no role skips any check
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,

    /// Sign with the HS256 secret in this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub jwt_secret_file: Option<PathBuf>,

    /// Sign with the built-in development secret that `serve --dev` accepts
    #[arg(long)]
    pub dev: bool,
}

/// Flags of `pamlink chat`.
#[derive(Debug, Clone, Args)]
#[command(
    group = ArgGroup::new("credential").args(["token", "token_file", "dev"]),
    after_help = "\
Each line of standard input is a request; each answer is a line on standard output, in the order
of asking; the state of the link goes to standard error. It survives a server restart: what got no
answer is asked again under the same id. At the end of input it waits for the answers still due.

  pamlink chat ws://127.0.0.1:8080 --dev --user ada
  echo 'fuel so far?' | pamlink chat 'wss://host/api/v1/pam/ws/ada' --token-file token.txt

Exit codes: 0 every request was answered, 1 one was not, 2 flags or files were bad."
)]
pub struct ChatArgs {
    /// ws://HOST:PORT or wss://HOST/PREFIX with --user, or the whole URL, which ends with
    /// /api/v1/pam/ws/{user_id}
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub url: String,

    /// The user, where the URL does not name one
    #[arg(long, value_name = "ID", value_parser = user)]
    pub user: Option<String>,

    /// The token; other users of this machine can see it in the list of processes
    #[arg(long, value_name = "JWT")]
    pub token: Option<String>,

    /// A file that holds the token; read again whenever a new one is needed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,

    /// Make tokens with the built-in development secret, for `serve --dev`
    #[arg(long)]
    pub dev: bool,

    /// How long one answer may take
    #[arg(long, value_name = "SPAN", default_value = "60s", value_parser = span::parse)]
    pub timeout: Duration,

    /// Offer compression (permessage-deflate) to the server
    #[arg(long)]
    pub compress: bool,

    /// Speak the `pam` dialect alone, and do not offer `pamlink.v1`
    #[arg(long)]
    pub pam: bool,

    /// Certificates in PEM to trust, instead of those that browsers trust
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub tls_ca: Option<PathBuf>,

    /// Record what the engine is given into this file (64 MiB at most), for `pamlink replay`: all
    /// that is asked and answered, and no token
    #[arg(long, value_name = "FILE", conflicts_with = "compress", value_hint = ValueHint::FilePath)]
    pub record: Option<PathBuf>,
}

/// Flags of `pamlink replay`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Gives a new engine what the file says the recorded one was given, and prints a line for each input:
its line in the file, when it was, what it was, the state of a client's link before and after, or the
link of a server with its user and its sessions, what the engine said and wrote, and what it waits for.

  pamlink chat ws://127.0.0.1:8080 --dev --user ada --record chat.jsonl
  pamlink serve --dev --record server.jsonl
  pamlink replay chat.jsonl

Exit codes: 0 the engine did what is recorded, 1 it did something else, at the line that is named,
2 the file was bad.")]
pub struct ReplayArgs {
    /// What `pamlink chat --record` or `pamlink serve --record` has written
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}

/// `pamlink routes`.
#[derive(Debug, Clone, Subcommand)]
pub enum RoutesCommand {
    /// Validate a routing table: names line and field of everything that is wrong
    Check {
        /// The table, in JSON
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let mut found = text
        .to_socket_addrs()
        .map_err(|_| "expected HOST:PORT such as 127.0.0.1:8080 or [::1]:0".to_owned())?;
    found.next().ok_or_else(|| "the name has no address".to_owned())
}

fn user(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("a user id has at least one character".into())
    } else {
        Ok(text.into())
    }
}
