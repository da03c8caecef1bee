//! `pamlink serve`: the engine behind a socket, with agents that answer by name.

mod app;
mod keys;
mod reload;
mod signals;
mod vitals;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use pamlink::hub::Auth;
use pamlink_tokio::embedded_log::EmbeddedLog;
use pamlink_tokio::shared_log::{SharedLog, SharedNews};
use pamlink_tokio::{Handle, Server, ServerConfig, StreamLog, descriptors, tls};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) use self::app::App;
use self::keys::{Keys, Source};
use self::reload::{Files, Reload};
use self::vitals::{Admin, Vitals};
use crate::args::ServeArgs;
use crate::config::Config;
use crate::fault::Fault;
use crate::recorder::recorder;
use crate::routes;

/// Serves until a signal ends it.
///
/// # Errors
///
/// Bad flags or files, or an address that cannot be listened on.
pub fn run(args: &ServeArgs) -> Result<ExitCode, Fault> {
    if args.dev && !args.listen.ip().is_loopback() {
        return Err(Fault::usage(format!(
            "--dev listens on loopback only, because its secret is public; {} is not loopback",
            args.listen.ip()
        )));
    }
    let config = match &args.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    let table = match &args.routes {
        Some(path) => routes::load(path)?,
        None => Arc::default(),
    };
    let files = Files::of(args);
    let keys = keys(args, &config)?;
    let mut server = ServerConfig::new(Auth::Verifier(Box::new(keys.clone())));
    server.hub = config.hub;
    let room = descriptors::raise().map_or(u32::MAX, room);
    server.hub.max_links = server.hub.max_links.min(room);
    server.routes = table;
    server.drain_spread = config.drain_spread;
    server.drain_patience = DRAIN_PATIENCE;
    if let Some(path) = &args.record {
        // What is compressed cannot be searched for tokens.
        server.hub.link.deflate = None;
        server.record = Some(recorder(path)?);
    }
    if let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) {
        let tls = tls::server(certificate, key);
        server.tls = Some(tls.map_err(|error| Fault::usage(error.to_string()))?);
    }
    // What is said with the command counts, not what stands in the file.
    let file = config.log.as_ref().filter(|_| args.redis.is_none());
    if let Some(path) = args.log.as_ref().or(file) {
        if args.record.is_some() {
            return Err(Fault::usage("--record does not go with answers in a file (log.file)"));
        }
        server.log = Some(open_log(path, &server)?);
    }
    let runtime = runtime()
        .enable_all()
        .build()
        .map_err(|error| Fault::failed(format!("cannot start threads: {error}")))?;
    let app = App::new(args.dev.then_some(config.audience)).with_pace(args.pace);
    runtime.block_on(serve(args, server, app, keys, files))?;
    // Agents that still think have nobody to answer to.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

/// How long links may take to close once the last one has been sent away.
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

/// As many threads as this process has processors, which may be fewer than the machine has. A
/// single one has a queue without an end and hands nothing to others: links are served in their
/// order.
fn runtime() -> Builder {
    match std::thread::available_parallelism() {
        Ok(processors) if processors.get() == 1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    }
}

/// How many links so many descriptors have room for.
fn room(descriptors: u64) -> u32 {
    // The runtime has some, files that are read again, and connections that are on their way out.
    let others = (descriptors / 4).min(128);
    u32::try_from(descriptors - others).unwrap_or(u32::MAX).max(1)
}

async fn serve(
    args: &ServeArgs,
    mut config: ServerConfig,
    app: App,
    keys: Keys,
    files: Files,
) -> Result<(), Fault> {
    let links = config.hub.max_links;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    // Before the address is printed: whoever reads it may send a signal at once.
    let signals = signals::Signals::new()
        .map_err(|error| Fault::failed(format!("cannot watch signals: {error}")))?;
    let news = match &args.redis {
        None => None,
        Some(url) => {
            let (log, news) = share_log(url, &args.redis_prefix, &config).await?;
            config.log = Some(log);
            Some(news)
        }
    };
    let server = listen(args.listen, config).await?;
    if let Some(news) = news {
        news.tell(&server.handle());
    }
    if let Some(why) = server.not_recorded() {
        eprintln!("nothing is recorded: {why}");
    }
    let app = app.watching(server.handle());
    let (app, admin) = match args.admin_listen {
        None => (app, None),
        Some(address) => {
            let (app, vitals) = app.without_vitals();
            (app, Some(administer(address, vitals, server.handle()).await?))
        }
    };
    say(&format!("listening on {scheme}://{}", address(&server)?))?;
    if let Some(admin) = &admin {
        say(&format!("health and metrics on http://{}", admin.address))?;
    }
    let descriptors = descriptors::raise();
    if descriptors.is_some_and(|descriptors| room(descriptors) == links) {
        eprintln!("the limit of open files has room for {links} links");
    }
    if args.dev {
        eprintln!("development: whoever reaches this machine's loopback can make tokens");
    }
    let reload = Reload::new(args, server.handle(), keys.clone());
    let watch = tokio::spawn(Reload::new(args, server.handle(), keys).watch(files));
    let shutdown = signals.until_shutdown(async || reload.all());
    server.serve(app, shutdown).await;
    watch.abort();
    if let Some(admin) = admin {
        admin.end().await;
    }
    Ok(())
}

async fn listen(at: SocketAddr, config: ServerConfig) -> Result<Server, Fault> {
    let server = Server::bind(at, config).await;
    server.map_err(|error| Fault::usage(format!("cannot listen on {at}: {error}")))
}

fn address(server: &Server) -> Result<SocketAddr, Fault> {
    let address = server.local_addr();
    address.map_err(|error| Fault::failed(format!("cannot tell the address: {error}")))
}

fn say(line: &str) -> Result<(), Fault> {
    writeln!(std::io::stdout(), "{line}")
        .map_err(|error| Fault::failed(format!("cannot write: {error}")))
}

/// The file in which answers are kept.
fn open_log(path: &Path, server: &ServerConfig) -> Result<StreamLog, Fault> {
    let log = EmbeddedLog::open(path, server.hub.stream_log);
    let log = log.map_err(|error| Fault::usage(error.to_string()))?;
    if log.left_out() > 0 {
        let (file, count) = (path.display(), log.left_out());
        eprintln!("{file}: {count} streams have no place in this configuration, and are deleted");
    }
    let started = log.start(|error| eprintln!("the log is away: {error}"));
    started.map_err(|error| Fault::failed(format!("cannot start threads: {error}")))
}

/// The server in which answers are kept, and what other servers change there.
async fn share_log(
    url: &str,
    prefix: &str,
    server: &ServerConfig,
) -> Result<(StreamLog, SharedNews), Fault> {
    let log = SharedLog::connect(url, prefix, server.hub.stream_log).await;
    let log = log.map_err(|error| Fault::usage(error.to_string()))?;
    Ok(log.start(|error| eprintln!("the log is away: {error}")))
}

/// What tokens are verified with.
fn keys(args: &ServeArgs, config: &Config) -> Result<Keys, Fault> {
    let source = match (&args.jwt_secret_file, &args.jwks_file) {
        (Some(path), _) => Source::Secret(path.clone()),
        (None, Some(path)) => Source::Set(path.clone()),
        (None, None) => Source::Development,
    };
    Keys::read(source, &config.audience)
}

/// A server beside the server that tells how it is. It ends after it, so that a drain can be
/// watched.
struct Administration {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn administer(
    at: SocketAddr,
    vitals: Vitals,
    server: Handle,
) -> Result<Administration, Fault> {
    let mut config = ServerConfig::new(Auth::Host);
    config.hub.max_links = 64;
    config.drain_spread = Duration::ZERO;
    let admin = listen(at, config).await?;
    let address = address(&admin)?;
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(admin.serve(Admin::new(vitals, server), async {
        // Sent or dropped: either way it ends.
        let _ = stopped.await;
    }));
    Ok(Administration { address, stop, task })
}

impl Administration {
    async fn end(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}
