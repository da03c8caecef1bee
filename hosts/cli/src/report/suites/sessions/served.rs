//! A server as a process of its own, which can be killed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;

use crate::report::bench::{Dice, Failure};
use crate::report::suites::house::Plan;
use crate::report::suites::stories::Stories;

/// Any free port.
pub(super) const ANYWHERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// How a server that is ready says so.
const LISTENING: &str = "listening on http://";

/// A server in another process, which ends with this value: at once, and without a word.
pub(super) struct Served {
    child: Child,
    pub(super) address: SocketAddr,
    /// The stories that it tells, as far as it was heard.
    pub(super) stories: Stories,
    /// Hears what it says, to its end.
    hearing: Option<JoinHandle<()>>,
    /// Open for as long as it is wanted.
    _input: Option<ChildStdin>,
}

impl Served {
    /// `pamlink serve` at `address`, for development tokens.
    pub(super) async fn start(address: impl Into<SocketAddr>) -> Result<Self, Failure> {
        Self::spawn(&["serve", "--dev", "--listen"], address.into()).await
    }

    /// A house that tells stories at `address`, and notes them where they outlive it.
    pub(super) async fn storyteller(address: impl Into<SocketAddr>) -> Result<Self, Failure> {
        Self::spawn(&["report", "--tell"], address.into()).await
    }

    async fn spawn(args: &'static [&str], address: SocketAddr) -> Result<Self, Failure> {
        tokio::task::spawn_blocking(move || {
            let mut child = Command::new(std::env::current_exe()?)
                .args(args)
                .arg(address.to_string())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()?;
            let (input, output) = (child.stdin.take(), child.stdout.take());
            let stories = Stories::default();
            // From here on it ends with this value.
            let mut served = Self { child, address, stories, hearing: None, _input: input };
            let Some(mut output) = output.map(BufReader::new) else { return Ok(served) };
            let mut line = String::new();
            output.read_line(&mut line)?;
            let address = line.trim().strip_prefix(LISTENING).and_then(|it| it.parse().ok());
            served.address =
                address.ok_or_else(|| Failure::new(format!("the server said {line:?}")))?;
            let stories = served.stories.clone();
            served.hearing = Some(std::thread::spawn(move || {
                output.lines().map_while(Result::ok).for_each(|line| stories.hear(&line));
            }));
            Ok(served)
        })
        .await?
    }

    /// Ends it with SIGKILL, or what the system has for that. The stories that it had told until then.
    pub(super) fn kill(mut self) -> Stories {
        self.end();
        std::mem::take(&mut self.stories)
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(hearing) = self.hearing.take() {
            let _ = hearing.join();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
    }
}

/// The other end of [`Served::storyteller`]: tells stories until its input ends, which it does with
/// who started it.
pub(in crate::report) async fn tell(address: SocketAddr, mut dice: Dice) -> Result<(), Failure> {
    let mut plan = Plan::new();
    plan.stories = Stories::aloud();
    // A crowd is of one address here, and comes in one moment.
    plan.hub.max_unauthenticated_per_address = plan.hub.max_unauthenticated;
    let house = plan.build_at(address, &mut dice).await?;
    writeln!(std::io::stdout(), "{LISTENING}{}", house.address)?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    house.close().await
}
