//! `pamlink` as a child process.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The program under test: `$PAMLINK`, or the one that was built beside the running test.
#[must_use]
pub fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("PAMLINK") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap_or_default();
    let profile = test.ancestors().find(|folder| !folder.ends_with("deps") && folder.is_dir());
    profile.map(|folder| folder.join("pamlink")).unwrap_or_default()
}

/// A token for `user` that a server started with `--dev` accepts.
///
/// # Errors
///
/// The program does not start, or refuses.
pub fn token(user: &str, ttl: &str) -> io::Result<String> {
    let output =
        Command::new(program()).args(["token", "--dev", "--user", user, "--ttl", ttl]).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A running `pamlink serve`. Dropped, it ends.
#[derive(Debug)]
pub struct Served {
    child: Child,
    address: SocketAddr,
}

impl Served {
    /// Starts `pamlink serve --listen 127.0.0.1:0` with `arguments` after; returns when it is
    /// ready, that is when it has printed its address.
    ///
    /// # Errors
    ///
    /// The program does not start, ends, or its first line is no address.
    pub fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> io::Result<Self> {
        let mut child = Command::new(program())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take();
        // From here on a failure drops, and so ends, the child.
        let mut served = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let mut line = String::new();
        let mut output = BufReader::new(output.ok_or_else(|| io::Error::other("no output"))?);
        output.read_line(&mut line)?;
        let address = line.trim().rsplit("//").next().and_then(|address| address.parse().ok());
        served.address = address.ok_or_else(|| io::Error::other(format!("not ready: {line:?}")))?;
        // What it prints later goes nowhere, but the pipe must not fill.
        std::thread::spawn(move || io::copy(&mut output, &mut io::sink()));
        Ok(served)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL at which `user` connects with `token`.
    #[must_use]
    pub fn url(&self, user: &str, token: &str) -> String {
        format!("ws://{}/api/v1/pam/ws/{user}?token={token}", self.address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Both fail only when it has ended by itself.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
