//! `pamlink serve`: the engine behind a socket, with agents that answer by name.

mod app;
mod settings;
mod signals;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use pamlink_tokio::{Server, ServerConfig, tls};

pub(crate) use self::app::App;
use crate::args::ServeArgs;
use crate::config::Config;
use crate::fault::Fault;
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
    let mut server = ServerConfig::new(settings::auth(args, &config)?);
    server.hub = settings::hub(&config);
    server.routes = table;
    server.drain_spread = config.drain.spread_ms.millis();
    server.drain_patience = DRAIN_PATIENCE;
    if let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) {
        let tls = tls::server(certificate, key);
        server.tls = Some(tls.map_err(|error| Fault::usage(error.to_string()))?);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Fault::failed(format!("cannot start threads: {error}")))?;
    let app = App::new(args.dev.then(|| settings::audience(&config).to_owned()));
    runtime.block_on(serve(args, server, app))?;
    // Agents that still think have nobody to answer to.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

/// How long links may take to say goodbye once all have been told.
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

async fn serve(args: &ServeArgs, config: ServerConfig, app: App) -> Result<(), Fault> {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    // Before the address is told: whoever reads it may send a signal at once.
    let signals = signals::Signals::new()
        .map_err(|error| Fault::failed(format!("cannot watch signals: {error}")))?;
    let server = Server::bind(args.listen, config)
        .await
        .map_err(|error| Fault::usage(format!("cannot listen on {}: {error}", args.listen)))?;
    let address = server
        .local_addr()
        .map_err(|error| Fault::failed(format!("cannot tell the address: {error}")))?;
    writeln!(std::io::stdout(), "listening on {scheme}://{address}")
        .map_err(|error| Fault::failed(format!("cannot write: {error}")))?;
    if args.dev {
        eprintln!("development: whoever reaches this machine's loopback can make tokens");
    }
    let handle = server.handle();
    let shutdown = signals.until_shutdown(async || {
        let Some(path) = &args.routes else { return };
        match routes::load(path) {
            Ok(table) => {
                eprintln!("routes: version {} of {}", table.version(), path.display());
                handle.replace_routes(table);
            }
            Err(fault) => eprintln!("routes: kept as they were: {fault}"),
        }
    });
    server.serve(app, shutdown).await;
    Ok(())
}
