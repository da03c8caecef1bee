//! A scene of machines, played step by step and written down as it goes.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::audit::Audit;
use crate::files::Made;
use crate::make::list;
use crate::record::{Record, hex, quoted};
use crate::run::{Engine, Input, Step, input_line};

/// Where scenes begin on both clocks.
const AT_MS: u64 = 1_000;
pub(super) const WALL_MS: u64 = 1_800_000_000_000;

const URL: &str = "ws://localhost:8000/api/v1/pam/ws/ann";

pub(super) struct Scene {
    name: &'static str,
    about: &'static str,
    machines: Vec<(String, Value)>,
    engines: HashMap<String, Engine>,
    steps: Vec<Step>,
    audits: HashMap<String, Audit>,
    pub(super) at_ms: u64,
    pub(super) wall_ms: u64,
}

impl Scene {
    pub(super) fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            machines: Vec::new(),
            engines: HashMap::new(),
            steps: Vec::new(),
            audits: HashMap::new(),
            at_ms: AT_MS,
            wall_ms: WALL_MS,
        }
    }

    /// Adds a machine, whose seed is its place among them.
    pub(super) fn machine(&mut self, name: &str, kind: &str, options: Value) {
        self.made_of(name, json!({ "kind": kind, "options": options }));
    }

    fn made_of(&mut self, name: &str, mut machine: Value) {
        machine["seed"] = (self.machines.len() + 1).into();
        // Wherever it first acts, it is made when the scene begins.
        let engine = Engine::make(&machine, AT_MS, WALL_MS);
        self.engines.insert(name.to_owned(), engine.expect("sound options"));
        self.audits.insert(name.to_owned(), Audit::default());
        self.machines.push((name.to_owned(), machine));
    }

    /// A client that needs no token, of the user `ann`.
    pub(super) fn client(&mut self, name: &str, mut options: Value) {
        let members = options.as_object_mut().expect("options");
        members.entry("url").or_insert(json!(URL));
        members.entry("anonymous").or_insert(true.into());
        members.entry("v1").or_insert(false.into());
        self.machine(name, "client", options);
    }

    /// A client of which there is a snapshot.
    pub(super) fn restored(&mut self, name: &str, mut options: Value, snapshot: &[u8]) {
        let members = options.as_object_mut().expect("options");
        members.entry("url").or_insert(json!(URL));
        members.entry("anonymous").or_insert(true.into());
        let snapshot = hex(snapshot);
        self.made_of(name, json!({ "kind": "client", "options": options, "snapshot": snapshot }));
    }

    pub(super) fn hub(&mut self, name: &str, options: Value) {
        self.machine(name, "hub", options);
    }

    /// Time passes.
    pub(super) fn wait(&mut self, ms: u64) {
        self.at_ms += ms;
        self.wall_ms += ms;
    }

    /// Time passes until the deadline that these records end with. Its reason.
    pub(super) fn wait_for(&mut self, events: &[Record]) -> String {
        let next = events.last().expect("an output ends with `next`");
        let at = next.word("deadline").expect("a deadline").div_ceil(1_000_000);
        self.wait(at.saturating_sub(self.at_ms));
        next.text("reason").to_owned()
    }

    pub(super) fn step(&mut self, machine: &str, input: Vec<Input>) -> Vec<Record> {
        let bytes: Vec<u8> = input
            .iter()
            .flat_map(|input| input.as_ref().map_or_else(Clone::clone, Record::pack))
            .collect();
        let output = self.engines[machine].step(self.at_ms, self.wall_ms, &bytes);
        let step = Step {
            machine: machine.to_owned(),
            at_ms: self.at_ms,
            wall_ms: self.wall_ms,
            input,
            output: output.clone(),
        };
        self.audits.get_mut(machine).expect("a machine").look(&step);
        self.steps.push(step);
        output
    }

    /// One record for a machine.
    pub(super) fn give(&mut self, machine: &str, record: &str, members: Value) -> Vec<Record> {
        self.step(machine, vec![Ok(Record::new(record, members))])
    }

    /// Nothing but time.
    pub(super) fn tick(&mut self, machine: &str) -> Vec<Record> {
        self.step(machine, Vec::new())
    }

    pub(super) fn audit(&self, machine: &str) -> &Audit {
        &self.audits[machine]
    }

    /// The state of a client's link.
    pub(super) fn state(&self, machine: &str) -> u32 {
        match &self.engines[machine] {
            Engine::Client(client) => client.state().expect("a whole engine"),
            Engine::Hub(_) => panic!("a hub has many"),
        }
    }

    /// The kinds of records that it gave and got.
    pub(super) fn kinds(&self) -> impl Iterator<Item = u16> {
        let given = self.steps.iter().flat_map(|step| step.input.iter().flatten());
        given.chain(self.steps.iter().flat_map(|step| &step.output)).map(|record| record.kind)
    }

    pub(super) fn made(&self) -> Made {
        let machines: Vec<_> = self
            .machines
            .iter()
            .map(|(name, machine)| {
                let snapshot = machine.get("snapshot");
                format!(
                    "{}: {{\"kind\": {}, \"seed\": {}, \"options\": {}{}}}",
                    quoted(name),
                    machine["kind"],
                    machine["seed"],
                    machine["options"],
                    snapshot.map_or(String::new(), |hex| format!(", \"snapshot\": {hex}"))
                )
            })
            .collect();
        let steps: Vec<_> = self.steps.iter().map(step).collect();
        let text = format!(
            "{{\n  \"about\": {},\n  \"machines\": {{\n{}\n  }},\n  \"steps\": [\n{}\n  ]\n}}\n",
            quoted(self.about),
            list("    ", &machines),
            list("    ", &steps)
        );
        Made { path: format!("engine/{}.json", self.name), text }
    }
}

fn step(step: &Step) -> String {
    let lines = |lines: Vec<String>| match lines.as_slice() {
        [] => "[]".to_owned(),
        lines => format!("[\n{}\n      ]", list("        ", lines)),
    };
    format!(
        "{{\"machine\": {}, \"at_ms\": {}, \"wall_ms\": {},\n      \"input\": {},\n      \"output\": {}}}",
        quoted(&step.machine),
        step.at_ms,
        step.wall_ms,
        lines(step.input.iter().map(input_line).collect()),
        lines(step.output.iter().map(|record| record.line("")).collect())
    )
}

/// What is asked of the records of an output.
pub(super) trait Records {
    /// The records of this name.
    fn all(&self, name: &str) -> Vec<&Record>;

    /// The only record of this name.
    fn one(&self, name: &str) -> &Record;

    /// Whether there is none.
    fn no(&self, name: &str) -> bool {
        self.all(name).is_empty()
    }

    /// The names of all records, but `next`.
    fn names(&self) -> Vec<&str>;

    /// The texts to be written, as JSON.
    fn written(&self) -> Vec<Value> {
        let text = |record: &&Record| {
            serde_json::from_str(record.text("text")).expect("a text of the engine is JSON")
        };
        self.all("write_text").iter().map(text).collect()
    }
}

impl Records for [Record] {
    fn all(&self, name: &str) -> Vec<&Record> {
        self.iter().filter(|record| record.is(name)).collect()
    }

    fn one(&self, name: &str) -> &Record {
        let all = self.all(name);
        assert_eq!(all.len(), 1, "`{name}` in {:?}", self.names());
        all[0]
    }

    fn names(&self) -> Vec<&str> {
        self.iter().map(Record::name).filter(|name| *name != "next").collect()
    }
}
