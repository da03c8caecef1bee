//! A running `pamlink serve --dev`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

const USER: &str = "ann";

/// A server, and a token for it. Dropped, it ends.
#[derive(Debug)]
pub(super) struct Served {
    child: Child,
    address: String,
    token: String,
}

impl Served {
    /// Starts one on a free port.
    pub(super) fn start(program: &Path) -> Result<Self> {
        let token = Command::new(program).args(["token", "--dev", "--user", USER]).output()?;
        ensure!(token.status.success(), "{}", String::from_utf8_lossy(&token.stderr));
        let token = String::from_utf8(token.stdout)?.trim().to_owned();
        let mut child = Command::new(program)
            .args(["serve", "--dev", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take();
        // From here on a failure drops, and so ends, the child.
        let mut served = Self { child, address: String::new(), token };
        let mut line = String::new();
        BufReader::new(output.context("no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://");
        served.address = address.with_context(|| format!("no address: {line:?}"))?.to_owned();
        Ok(served)
    }

    /// What tells a consumer about it.
    pub(super) fn variables(&self) -> [(&'static str, String); 2] {
        let url = format!("ws://{}/api/v1/pam/ws/{USER}", self.address);
        [("PAMLINK_URL", url), ("PAMLINK_TOKEN", self.token.clone())]
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}
