//! `pamlink serve` as a process of its own, which can be killed.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::report::bench::Failure;

/// A server in another process, which ends with this value: at once, and without a word.
pub(super) struct Served {
    child: Child,
    pub(super) address: SocketAddr,
    /// Kept open: a line more is no error of the server's.
    _output: Option<BufReader<ChildStdout>>,
}

impl Served {
    /// A server of this very program that listens at `address`, for development tokens.
    pub(super) async fn start(address: SocketAddr) -> Result<Self, Failure> {
        tokio::task::spawn_blocking(move || Self::spawn(address)).await?
    }

    fn spawn(address: SocketAddr) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--dev", "--listen", &address.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().map(BufReader::new);
        // From here on it ends with this value.
        let mut served = Self { child, address, _output: output };
        let mut line = String::new();
        if let Some(output) = &mut served._output {
            output.read_line(&mut line)?;
        }
        let said = line.trim().strip_prefix("listening on http://");
        let address = said.and_then(|address| address.parse().ok());
        served.address = address.ok_or_else(|| Failure::new(format!("serve said {line:?}")))?;
        Ok(served)
    }

    /// Ends it with SIGKILL, or what the system has for that.
    pub(super) fn kill(self) {
        drop(self);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
