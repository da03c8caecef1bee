//! One process of the suite against one of ours.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Role;
use super::index::{AGENT, Index};
use super::select::Group;
use crate::command::Console;
use crate::tools::Autobahn;
use crate::workspace::Workspace;

/// How long a group may take on a machine that does much else.
const RUN: Duration = Duration::from_secs(1_200);
/// Seconds that the suite waits for an answer. Its own are 1 to 5, within which a machine that does
/// much else may let nobody answer.
const PATIENCE: u32 = 10;
/// How long a program may take until it listens.
const START: Duration = Duration::from_secs(60);

/// What runs are made with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bench<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) console: Console,
    pub(super) suite: &'a Autobahn,
    /// The program that echoes.
    pub(super) echo: &'a Path,
}

impl Bench<'_> {
    /// Where the suite's reports of a role are.
    pub(super) fn folder(&self, role: Role) -> PathBuf {
        self.workspace.target.join("autobahn").join(role.name())
    }

    /// Removes the reports of a run before.
    pub(super) fn clear(&self, role: Role) -> Result<()> {
        let folder = self.folder(role);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        Ok(fs::create_dir_all(folder)?)
    }

    /// Runs these cases in a folder of their own, and moves the report of each out of it.
    pub(super) fn run(&self, role: Role, group: &Group) -> Result<Index> {
        let folder = self.folder(role).join(&group.name);
        fs::create_dir_all(&folder)?;
        let run = match role {
            Role::Server => self.fuzzing_client(&folder, group),
            Role::Client => self.fuzzing_server(&folder, group),
        };
        run.with_context(|| format!("the suite against the {}, {}", role.name(), group.name))?;
        let index = Index::read(&folder.join("index.json"))?;
        for entry in folder.read_dir()? {
            let entry = entry?;
            // The page of this process alone; the index is written for all.
            let keep = !entry.file_name().to_string_lossy().starts_with("index.");
            if keep && entry.path().extension().is_some_and(|extension| extension != "log") {
                fs::rename(entry.path(), self.folder(role).join(entry.file_name()))?;
            }
        }
        fs::remove_dir_all(folder)?;
        Ok(index)
    }

    /// The suite dials, ours listens.
    fn fuzzing_client(&self, folder: &Path, group: &Group) -> Result<()> {
        let mut server = self.workspace.command(self.echo);
        server.arg("server").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = Running::start(server)?;
        let output = server.0.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ").context("it does not listen")?;
        let url = format!("ws://{address}");
        let options = json!({ "serverConnectionDropTimeout": PATIENCE });
        let spec = json!({ "servers": [{ "agent": AGENT, "url": url, "options": options }] });
        let spec = write_spec(folder, spec, &group.cases)?;
        let suite = self.suite.command(self.workspace, &["-m", "fuzzingclient", "-s", &spec]);
        self.console.must(suite, RUN)?;
        Ok(())
    }

    /// The suite listens, ours dials.
    fn fuzzing_server(&self, folder: &Path, group: &Group) -> Result<()> {
        // Free a moment ago; the suite cannot be asked which port it took.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let spec = json!({ "url": format!("ws://{address}") });
        let spec = write_spec(folder, spec, &group.cases)?;
        // Without `-u 0` it would serve pages at a port of its own.
        let arguments = ["-m", "fuzzingserver", "-u", "0", "-s", &spec];
        let mut suite = self.suite.command(self.workspace, &arguments);
        let log = folder.join("suite.log");
        let file = File::create(&log)?;
        suite.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let mut suite = Running::start(suite)?;
        if let Err(error) = suite.wait_for(address) {
            let log = fs::read_to_string(log).unwrap_or_default();
            bail!("{error:#}\n{log}");
        }
        let mut client = self.workspace.command(self.echo);
        client.args(["client", &address.to_string(), AGENT]);
        if !group.takeover {
            client.arg("--no-takeover");
        }
        self.console.must(client, RUN)?;
        Ok(())
    }
}

/// Writes what the suite is to do; the path of the file.
fn write_spec(folder: &Path, mut spec: Value, cases: &[String]) -> Result<String> {
    spec["options"] =
        json!({ "openHandshakeTimeout": PATIENCE, "closeHandshakeTimeout": PATIENCE });
    spec["outdir"] = json!(folder);
    spec["cases"] = json!(cases);
    spec["exclude-cases"] = json!([]);
    spec["exclude-agent-cases"] = json!({});
    let path = folder.join("index.spec");
    fs::write(&path, spec.to_string())?;
    Ok(path.to_string_lossy().into_owned())
}

/// A program in the background, which ends with this value.
#[derive(Debug)]
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        Ok(Self(command.spawn().with_context(|| format!("{name} does not start"))?))
    }

    /// Waits until it listens there.
    fn wait_for(&mut self, address: SocketAddr) -> Result<()> {
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.0.try_wait()? {
                bail!("the suite ended before it listened: {status}");
            }
            if started.elapsed() > START {
                bail!("the suite did not listen within {} s", START.as_secs());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}
