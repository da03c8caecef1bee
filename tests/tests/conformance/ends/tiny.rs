use std::collections::VecDeque;

use serde_json::json;

use crate::file::{Input, Output};
use crate::play::End;

pub(crate) struct Tiny {
    seed: u64,
    due: Option<u64>,
    out: VecDeque<Output>,
}

impl Tiny {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, due: None, out: VecDeque::new() }
    }
}

impl End for Tiny {
    fn handle(&mut self, at: u64, input: &Input) -> Result<(), String> {
        match input {
            Input::Envelope { link, envelope } => {
                self.out.push_back(Output::Event(json!({"heard": envelope, "over": link})));
            }
            Input::Command { link, command, .. } => {
                let epoch = format!("{:016x}", self.seed + 10);
                let envelope = json!({"type": "say", "at": [epoch, 1], "body": command["say"]});
                self.out.push_back(Output::Envelope { link: link.clone(), envelope });
                self.due = Some(at + 1_000);
            }
        }
        Ok(())
    }

    fn handle_timeout(&mut self, at: u64) {
        assert!(self.due.take().is_some_and(|due| due == at));
        self.out.push_back(Output::Event(json!({"rang": null})));
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<u64> {
        self.due
    }
}
