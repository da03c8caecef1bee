//! Suite 9: the packages for other languages that are installed here, each in a process of its own whose
//! wire is cut in the middle of an answer.
//!
//! A package is installed where a program of its language finds it: `python3` anywhere, `node` from this
//! folder, `java` on `CLASSPATH`. One for Swift is compiled into each app and is found by none; what
//! stands for it is its example, where `swift build` has made that in this folder. One that is not has no
//! row, and a line says why.

use std::env;
use std::fs::File;
use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{self, Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
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

/// A package, and two programs that use it.
#[derive(Clone, Copy)]
struct Package {
    language: &'static str,
    /// One that ends well where the package is found.
    look: Command,
    /// One that is given an address, a token and what to ask behind its words, and prints the answer.
    chat: Command,
}

/// How a program is run.
#[derive(Clone, Copy)]
struct Command {
    words: &'static [&'static str],
    beside: Beside,
}

/// What a program is given beside its words.
#[derive(Clone, Copy)]
enum Beside {
    Nothing,
    /// Its text, in a file that is named behind them.
    File(&'static str),
    /// What to ask, in a line of its input.
    Request,
}

impl Command {
    const fn new(words: &'static [&'static str], beside: Beside) -> Self {
        Self { words, beside }
    }
}

/// A class of the jar, and one of each that it needs.
const NEEDED: &[&str] = &[
    "javap",
    "dev.pamlink.Client",
    "kotlin.Unit",
    "kotlinx.coroutines.BuildersKt",
    "com.sun.jna.Native",
];
/// What runs the text of a Java program: the compiler of Kotlin, in which the jar is written, is on few
/// machines, and that of Java comes with each JDK. To optimize so little is not worth while.
const JAVA: &[&str] = &["java", "-XX:TieredStopAtLevel=1", "--source", "17"];
/// What `swift build` makes of the package.
const SWIFT: &str = ".build/debug/ConsoleChat";

const PACKAGES: [Package; 4] = [
    Package {
        language: "Python",
        look: Command::new(&["python3", "-B", "-c", "from pamlink import Client"], Beside::Nothing),
        chat: Command::new(&["python3", "-B", "-c", include_str!("chat.py")], Beside::Nothing),
    },
    // Node 20 has a `WebSocket` of its own only with this flag, and later ones take it.
    Package {
        language: "JavaScript",
        look: Command::new(
            &[
                "node",
                "--experimental-websocket",
                "--input-type=module",
                "-e",
                "await import('pamlink')",
            ],
            Beside::Nothing,
        ),
        chat: Command::new(
            &[
                "node",
                "--experimental-websocket",
                "--input-type=module",
                "-e",
                include_str!("chat.mjs"),
            ],
            Beside::Nothing,
        ),
    },
    Package {
        language: "Kotlin",
        look: Command::new(NEEDED, Beside::Nothing),
        chat: Command::new(JAVA, Beside::File(include_str!("Chat.java"))),
    },
    Package {
        language: "Swift",
        look: Command::new(&[SWIFT, "ws://127.0.0.1:1"], Beside::Nothing),
        chat: Command::new(&[SWIFT], Beside::Request),
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
    let mut program = Program::start(package.chat, &[&url, &token, &asked])?;
    while house.stories.of(&asked).said.len() < WORDS / 3 {
        if program.printed.is_finished() {
            let (printed, why) = program.ends().await?;
            return Err(Failure::new(format!("it ended before it was cut: {printed}{why}")));
        }
        tokio::time::sleep(PAUSE).await;
    }
    proxy.cutter().cut();
    let (printed, why) = program.ends().await?;
    // One that reads lines prints them.
    ensure!(
        printed.trim_end_matches('\n') == stories::text(WORDS),
        "it printed {printed:?}\n{why}"
    );
    let begun = house.stories.of(&asked).begun;
    ensure!(begun == 1, "the answer was begun {begun} times");
    let (made, cut) = (proxy.cutter().made(), proxy.cutter().count());
    house.close().await?;
    ensure!(cut == 1 && made == 2, "{cut} of {made} wires were cut");
    Ok(Figure::words(format!("{WORDS} words, each once, over {made} wires")))
}

impl Package {
    /// Nothing where it is installed, else what the program said that did not find it.
    async fn find(self) -> Result<(), String> {
        let look = async {
            let mut program = Program::start(self.look, &[])?;
            let (_, why) = program.ends().await?;
            Ok::<_, Failure>((program.child.wait()?.success(), why))
        };
        match tokio::time::timeout(LOOK, look).await {
            Ok(Ok((true, _))) => Ok(()),
            Ok(Ok((false, why))) => Err(reason(&why)),
            Ok(Err(Failure(why))) => Err(format!("{}: {why}", self.look.words[0])),
            Err(_) => Err(format!("{} did not end within {LOOK:?}", self.look.words[0])),
        }
    }
}

/// The line of a failed program that names its error: the last but for what Node adds, or the first of
/// those of a compiler; else its last.
fn reason(said: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let named = lines().rfind(|line| line.contains("Error"));
    let named = named.or_else(|| lines().find(|line| line.contains("error: ")));
    named.or_else(|| lines().next_back()).unwrap_or("it failed and did not say why").to_owned()
}

/// A program that runs, which ends with this value.
struct Program {
    child: Child,
    _file: Option<TextFile>,
    /// All that it prints, once it has ended.
    printed: JoinHandle<std::io::Result<String>>,
    complained: JoinHandle<std::io::Result<String>>,
}

impl Program {
    fn start(command: Command, given: &[&str]) -> Result<Self, Failure> {
        let Command { words, beside } = command;
        let mut process = process::Command::new(words[0]);
        process.args(&words[1..]);
        let (mut file, mut input) = (None, String::new());
        match beside {
            Beside::Nothing => {}
            Beside::File(text) => {
                let text = TextFile::new(text)?;
                process.arg(&text.0);
                file = Some(text);
            }
            Beside::Request => input.extend(given.last().map(|asked| format!("{asked}\n"))),
        }
        // From Python 3.11 on, what lies in the folder that this runs in is no package.
        process.args(given).env("PYTHONSAFEPATH", "1");
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process.spawn()?;
        let (printed, complained) = (whole(child.stdout.take()), whole(child.stderr.take()));
        // From here on it ends with this value.
        let mut program = Self { child, _file: file, printed, complained };
        // Little enough for a pipe that nobody reads. One that has ended says why it did.
        let _ = program.child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
        Ok(program)
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

/// A file with the text of a program, which is gone with this value.
struct TextFile(PathBuf);

impl TextFile {
    fn new(text: &str) -> Result<Self, Failure> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("pamlink-report-{}-{number}", process::id()));
        // One that is there is somebody else's.
        let mut file = File::create_new(&path)?;
        let made = Self(path);
        file.write_all(text.as_bytes())?;
        Ok(made)
    }
}

impl Drop for TextFile {
    fn drop(&mut self) {
        // It may have been cleared away.
        let _ = std::fs::remove_file(&self.0);
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
        look: Command::new(&["sh"], Beside::File("exit 0")),
        chat: Command::new(&["sh", "-c", "printf w0"], Beside::Nothing),
    };

    const fn looking(words: &'static [&'static str]) -> Package {
        Package { look: Command::new(words, Beside::Nothing), ..SHELL }
    }

    #[tokio::test]
    async fn a_package_that_is_not_found_says_why() {
        assert_eq!(SHELL.find().await, Ok(()));
        let without = looking(&["sh", "-c", "echo 'ImportError: no such' >&2; exit 1"]);
        assert_eq!(without.find().await, Err("ImportError: no such".to_owned()));
        let compiled =
            looking(&["sh", "-c", "echo 'x: error: no a\n1 error\nerror: failed' >&2; exit 1"]);
        assert_eq!(compiled.find().await, Err("x: error: no a".to_owned()));
        let nowhere = looking(&["no-such-interpreter"]);
        let why = nowhere.find().await.unwrap_err();
        assert!(why.starts_with("no-such-interpreter: "), "{why}");
    }

    #[tokio::test]
    async fn a_program_has_what_it_is_given_beside_its_words() {
        const CAT: &[&str] = &["sh", "-c", "cat"];
        const SHOW: &[&str] = &["sh", "-c", "cat $0; echo $0 >&2"];
        let cases = [
            (CAT, Beside::Nothing, ""),
            (CAT, Beside::Request, "c\n"),
            (SHOW, Beside::File("a"), "a"),
        ];
        for (words, beside, read) in cases {
            let mut program = Program::start(Command::new(words, beside), &["b", "c"]).unwrap();
            let (printed, why) = program.ends().await.unwrap();
            assert_eq!(printed, read, "{why}");
            drop(program);
            // What was shown has said where it was.
            assert!(!PathBuf::from(why.trim()).exists(), "{why}");
        }
    }

    #[tokio::test]
    async fn a_program_that_does_not_have_the_whole_answer_fails() {
        let bench = Bench::new(true, 1, crate::report::progress::Progress::stderr());
        let Failure(why) = goes_on(SHELL, bench.dice("shell")).await.unwrap_err();
        assert_eq!(why, "it ended before it was cut: w0");
    }
}
