//! Suite 9: the packages for other languages that are installed here, each in a process of its own whose
//! wire is cut in the middle of an answer.
//!
//! A package is installed where its interpreter finds it: `python3` anywhere, `node` from this folder. One
//! that is not has no row, and a line says why. What an app is built with, the jar and the Swift package,
//! no program finds; `cargo xtask conformance` runs those.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pamlink::link::jwt::DEFAULT_AUDIENCE;
use tokio::task::JoinHandle;

use super::house::Plan;
use super::stories;
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::Figure;
use crate::report::peers::Proxy;
use crate::token;

/// How many words an answer has, and how long one takes.
const WORDS: usize = 60;
const PAUSE: Duration = Duration::from_millis(10);
/// How long a program may take to find its package.
const LOOK: Duration = Duration::from_secs(10);

/// A package, and how a program that uses it is run.
#[derive(Clone, Copy)]
struct Package {
    language: &'static str,
    interpreter: &'static str,
    /// Before the text of a program.
    arguments: &'static [&'static str],
    /// A program that ends well where the package is found.
    look: &'static str,
    /// A program that is given an address, a token and what to ask, and prints the answer.
    chat: &'static str,
}

const PACKAGES: [Package; 2] = [
    Package {
        language: "Python",
        interpreter: "python3",
        arguments: &["-B", "-c"],
        look: "from pamlink import Client",
        chat: include_str!("chat.py"),
    },
    Package {
        language: "JavaScript",
        interpreter: "node",
        // Node 20 has a `WebSocket` of its own only so, and later ones take the flag.
        arguments: &["--experimental-websocket", "--input-type=module", "-e"],
        look: "await import('pamlink')",
        chat: include_str!("chat.mjs"),
    },
];

pub(super) async fn run(bench: &mut Bench) {
    for package in PACKAGES {
        if let Err(why) = package.find().await {
            eprintln!("no {} package here: {why}", package.language);
            continue;
        }
        let name = format!("{}: an answer goes on after a cut", package.language);
        let dice = bench.dice(&name);
        bench.case(&name, Figure::none(), goes_on(package, dice)).await;
    }
}

/// An answer whose wire is cut in its middle: the program has all of it, once.
async fn goes_on(package: Package, mut dice: Dice) -> Result<Figure, Failure> {
    let house = Plan::new().build(&mut dice).await?;
    let proxy = Proxy::start(house.address).await?;
    let asked = stories::request(WORDS, PAUSE, package.language);
    let url = format!("ws://{}/api/v1/pam/ws/ada", proxy.address());
    let token = token::dev("ada", Duration::from_secs(600), DEFAULT_AUDIENCE)?;
    let mut program = Program::start(package, package.chat, &[&url, &token, &asked])?;
    while house.stories.of(&asked).said.len() < WORDS / 3 {
        if program.printed.is_finished() {
            let (printed, why) = program.ends().await?;
            return Err(Failure::new(format!("it ended before it was cut: {printed}{why}")));
        }
        tokio::time::sleep(PAUSE).await;
    }
    proxy.cutter().cut();
    let (printed, why) = program.ends().await?;
    ensure!(printed == stories::text(WORDS), "it printed {printed:?}\n{why}");
    let begun = house.stories.of(&asked).begun;
    ensure!(begun == 1, "the answer was begun {begun} times");
    let (made, cut) = (proxy.cutter().made(), proxy.cutter().count());
    house.close().await?;
    ensure!(cut == 1 && made == 2, "{cut} of {made} wires were cut");
    Ok(Figure::words(format!("{WORDS} words, each once, over {made} wires")))
}

impl Package {
    /// Nothing where it is installed, else the last that its interpreter said.
    async fn find(self) -> Result<(), String> {
        let look = async {
            let mut program = Program::start(self, self.look, &[])?;
            let (_, why) = program.ends().await?;
            Ok::<_, Failure>((program.child.wait()?.success(), why))
        };
        match tokio::time::timeout(LOOK, look).await {
            Ok(Ok((true, _))) => Ok(()),
            Ok(Ok((false, why))) => Err(reason(&why)),
            Ok(Err(Failure(why))) => Err(format!("{}: {why}", self.interpreter)),
            Err(_) => Err(format!("{} did not end within {LOOK:?}", self.interpreter)),
        }
    }
}

/// The line of a failed program that names its error: the last but for what Node adds; else its last.
fn reason(said: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let named = lines().rfind(|line| line.contains("Error"));
    named.or_else(|| lines().next_back()).unwrap_or("it failed and did not say why").to_owned()
}

/// A program that runs, which ends with this value.
struct Program {
    child: Child,
    /// All that it prints, once it has ended.
    printed: JoinHandle<std::io::Result<String>>,
    complained: JoinHandle<std::io::Result<String>>,
}

impl Program {
    fn start(package: Package, text: &str, given: &[&str]) -> Result<Self, Failure> {
        let mut command = Command::new(package.interpreter);
        command.args(package.arguments).arg(text).args(given);
        // From Python 3.11 on, what lies in the folder that this runs in is no package.
        command.env("PYTHONSAFEPATH", "1");
        let (input, output) = (Stdio::null(), Stdio::piped());
        let mut child = command.stdin(input).stdout(output).stderr(Stdio::piped()).spawn()?;
        let (printed, complained) = (whole(child.stdout.take()), whole(child.stderr.take()));
        Ok(Self { child, printed, complained })
    }

    /// What it has printed and what it complained of, once both have ended.
    async fn ends(&mut self) -> Result<(String, String), Failure> {
        Ok(((&mut self.printed).await??, (&mut self.complained).await??))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn whole(from: Option<impl Read + Send + 'static>) -> JoinHandle<std::io::Result<String>> {
    tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        from.map_or(Ok(0), |mut from| from.read_to_string(&mut text)).map(|_| text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHELL: Package = Package {
        language: "Shell",
        interpreter: "sh",
        arguments: &["-c"],
        look: "exit 0",
        chat: "printf w0",
    };

    #[tokio::test]
    async fn a_package_that_is_not_found_says_why() {
        assert_eq!(SHELL.find().await, Ok(()));
        let without = Package { look: "echo 'ImportError: no such' >&2; exit 1", ..SHELL };
        assert_eq!(without.find().await, Err("ImportError: no such".to_owned()));
        let nowhere = Package { interpreter: "no-such-interpreter", ..SHELL };
        let why = nowhere.find().await.unwrap_err();
        assert!(why.starts_with("no-such-interpreter: "), "{why}");
    }

    #[tokio::test]
    async fn a_program_that_does_not_have_the_whole_answer_fails() {
        let bench = Bench::new(true, 1, crate::report::progress::Progress::stderr());
        let Failure(why) = goes_on(SHELL, bench.dice("shell")).await.unwrap_err();
        assert_eq!(why, "it ended before it was cut: w0");
    }
}
