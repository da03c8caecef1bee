//! A log of the host's own: it outlives the hub's process, takes its time, answers in any order, and
//! cannot always be reached.

use pamlink::delivery::stream::{Answer, LogAnswer, LogConfig, LogRequest, MemoryLog};
use pamlink::envelope::v1::Epoch;
use pamlink::hub::Hub;
use pamlink::time::Now;

use crate::random::Random;

/// The log, and what is on its way to it and back.
#[derive(Debug)]
pub(super) struct HostLog {
    memory: MemoryLog,
    waiting: Vec<Waiting>,
    /// The most milliseconds that it takes.
    slow: u32,
    /// How often it cannot be reached from now on.
    pub(super) fails: u32,
    random: Random,
}

#[derive(Debug)]
struct Waiting {
    at: u64,
    /// Which process of the hub has asked.
    life: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    /// It is done when its time has come.
    Request(LogRequest),
    /// It was done when it was asked.
    Answer(LogAnswer),
}

impl HostLog {
    pub(super) const EPOCH: Epoch = Epoch::from_bits(0x109e_0000_0000_0001);

    pub(super) fn new(seed: u64, slow: u32) -> Self {
        Self {
            memory: MemoryLog::new(LogConfig::default(), Self::EPOCH),
            waiting: Vec::new(),
            slow,
            fails: 0,
            random: Random::of(seed, "whole log"),
        }
    }

    /// Takes what a process of the hub asks. How often.
    pub(super) fn ask(&mut self, millis: u64, now: Now, life: u64, hub: &mut Hub) -> u64 {
        let mut asked = 0;
        while let Some(request) = hub.poll_log() {
            asked += 1;
            let is_first = self.random.percent(50);
            if self.fails > 0 {
                self.fails -= 1;
                // It may have been done all the same.
                if is_first {
                    let _unheard = self.memory.handle_request(now, &request);
                }
                let answer = LogAnswer::new(request.id, Self::EPOCH, Answer::Unavailable);
                hub.handle_log(now, answer);
                continue;
            }
            let what = if is_first {
                What::Answer(self.memory.handle_request(now, &request))
            } else {
                What::Request(request)
            };
            let at = millis + u64::from(self.random.within(0, self.slow));
            self.waiting.push(Waiting { at, life, what });
        }
        asked
    }

    /// When it next has something to do.
    pub(super) fn next(&self) -> Option<u64> {
        self.waiting.iter().map(|waiting| waiting.at).min()
    }

    /// Does and answers one thing that is due; what a process asked that is no more is done all the
    /// same. Whether anything was.
    pub(super) fn answer(&mut self, millis: u64, now: Now, life: u64, hub: &mut Hub) -> bool {
        let Some(place) = self.waiting.iter().position(|waiting| waiting.at <= millis) else {
            return false;
        };
        let waiting = self.waiting.swap_remove(place);
        let answer = match waiting.what {
            What::Request(request) => self.memory.handle_request(now, &request),
            What::Answer(answer) => answer,
        };
        if waiting.life == life {
            hub.handle_log(now, answer);
        }
        true
    }
}
