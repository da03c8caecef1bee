//! A server as a process of its own: what it computes and what it holds.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context, Result};
use pamlink_benches::cpu;

use crate::wire::Wire;

/// A process that serves until it is dropped.
pub(super) struct Process {
    child: Child,
    pub(super) name: &'static str,
    pub(super) wire: Wire,
    pub(super) address: SocketAddr,
}

impl Process {
    /// Starts it on the first core; the load has the last one.
    pub(super) fn start(name: &'static str, wire: Wire, command: &mut Command) -> Result<Self> {
        // A process inherits where the thread that starts it may run.
        cpu::pin(0);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        cpu::pin(cpu::cores() - 1);
        let mut child = child.with_context(|| format!("{name} does not start"))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let mut process =
            Self { child, name, wire, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let address = line.trim().rsplit('/').next().and_then(|address| address.parse().ok());
        process.address = address.with_context(|| format!("{name} says {line:?}"))?;
        Ok(process)
    }

    /// What all its threads have computed so far, in steps of 10 ms.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let stat = self.read("stat")?;
        // Behind the name, which is in brackets and may hold anything.
        let fields = stat.rsplit(')').next().context("no stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map(|field| field.parse::<u64>().unwrap_or(0)).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Its resident bytes.
    pub(super) fn memory(&self) -> Result<f64> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kilobytes.context("no VmRSS")? * 1_024.0)
    }

    /// Waits until it does nothing: what earlier links have left is cleared away.
    pub(super) fn settle(&self) -> Result<()> {
        let mut before = self.cpu()?;
        for _ in 0..100 {
            thread::sleep(Duration::from_millis(60));
            let now = self.cpu()?;
            if now == before {
                break;
            }
            before = now;
        }
        Ok(())
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        fs::read_to_string(&path).with_context(|| format!("{path}: this group needs Linux"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _has_ended = self.child.kill();
        let _has_ended = self.child.wait();
    }
}
