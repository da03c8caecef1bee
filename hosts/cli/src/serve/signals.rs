//! When to end, and when to read files again.

use std::io;

/// The signals that a server heeds.
#[cfg(unix)]
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From here on the signals are caught.
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Calls `reload` at each SIGHUP until the first SIGTERM or SIGINT. The second one ends the
    /// process at once: whoever asks twice does not want to wait for the links.
    pub(super) async fn until_shutdown(mut self, reload: impl AsyncFn()) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = self.hangup.recv() => reload().await,
            }
        }
        eprintln!("draining: every link is told to come back later; once more to end at once");
        tokio::spawn(async move {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
            std::process::exit(1);
        });
    }
}

/// The signals that a server heeds.
#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// From here on the signals are caught.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for Ctrl-C.
    pub(super) async fn until_shutdown(self, _reload: impl AsyncFn()) {
        // Without a handler for Ctrl-C the process ends by it anyway.
        let _ = tokio::signal::ctrl_c().await;
    }
}
