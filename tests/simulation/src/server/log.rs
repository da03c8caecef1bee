//! The server's log, which may be slow, answer in any order, or not at all.

use std::sync::Arc;

use pamlink::delivery::Sessions;
use pamlink::delivery::stream::{
    Answer, Ended, LogAnswer, LogConfig, LogRequest, MemoryLog, Refusal, Request,
};
use pamlink::envelope::v1::{Epoch, How};
use pamlink::time::{Deadline, Now};

use crate::defect::Defect;
use crate::oracle::{Oracle, Witness};
use crate::random::mixed;

/// The log, and what is on its way to it and back.
#[derive(Debug)]
pub(crate) struct Log {
    memory: MemoryLog,
    config: LogConfig,
    /// Which log this is: each loses what the one before had.
    life: u64,
    seed: u64,
    waiting: Vec<Waiting>,
    /// How often it is unavailable from now on, and whether it has done what it was asked.
    pub(crate) fails: (u32, bool),
    /// The most milliseconds that it takes.
    pub(crate) slow: u32,
    asked: u64,
}

#[derive(Debug)]
struct Waiting {
    at: u64,
    /// The server that asked.
    server: u32,
    what: What,
}

#[derive(Debug)]
enum What {
    /// It is done when its time has come.
    Request(LogRequest),
    /// It was done when it was asked.
    Answer(LogAnswer),
}

impl Log {
    pub(crate) fn new(config: LogConfig, seed: u64) -> Self {
        Self {
            memory: MemoryLog::new(config, epoch(0)),
            config,
            life: 0,
            seed,
            waiting: Vec::new(),
            fails: (0, false),
            slow: 0,
            asked: 0,
        }
    }

    pub(crate) const fn epoch(&self) -> Epoch {
        self.memory.epoch()
    }

    pub(crate) fn memory(&self) -> (usize, usize) {
        (self.memory.allocated(), MemoryLog::ceiling(&self.config, 64 * 1024))
    }

    /// Everything in it is lost.
    pub(crate) fn lose(&mut self, witness: &mut Witness) {
        self.life += 1;
        self.memory = MemoryLog::new(self.config, epoch(self.life));
        self.waiting.clear();
        witness.truth.lose_all();
    }

    /// When it next has something to answer.
    pub(crate) fn due(&self) -> u64 {
        self.waiting.iter().map(|waiting| waiting.at).min().unwrap_or(u64::MAX)
    }

    /// When it next forgets something, by the server's clock.
    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        self.memory.poll_timeout()
    }

    pub(crate) fn handle_timeout(&mut self, now: Now) {
        self.memory.handle_timeout(now);
    }

    /// A server asks; it is answered at once where the log is quick.
    pub(crate) fn ask(
        &mut self,
        now: Now,
        server: u32,
        request: LogRequest,
        sessions: &mut Sessions,
        witness: &mut Witness,
    ) {
        let (id, epoch) = (request.id, self.memory.epoch());
        self.asked += 1;
        if self.fails.0 > 0 {
            self.fails.0 -= 1;
            if self.fails.1 {
                let _unheard = self.execute(now, &request, witness);
            }
            sessions.handle_log(now, LogAnswer::new(id, epoch, Answer::Unavailable));
            return;
        }
        if self.slow == 0 {
            let answer = self.execute(now, &request, witness);
            sessions.handle_log(now, answer);
            return;
        }
        let drawn = mixed(self.seed, self.asked);
        let at = witness.millis + 1 + drawn % u64::from(self.slow);
        let what = if drawn >> 40 & 1 == 0 {
            What::Request(request)
        } else {
            What::Answer(self.execute(now, &request, witness))
        };
        self.waiting.push(Waiting { at, server, what });
    }

    /// What is due is done and answered; what a server asked that is no more is done all the same.
    pub(crate) fn answer(
        &mut self,
        now: Now,
        server: u32,
        sessions: &mut Sessions,
        witness: &mut Witness,
    ) {
        let millis = witness.millis;
        let is_due = |waiting: &Waiting| waiting.at <= millis;
        while let Some(place) = self.waiting.iter().position(is_due) {
            let waiting = self.waiting.remove(place);
            let answer = match waiting.what {
                What::Request(request) => self.execute(now, &request, witness),
                What::Answer(answer) => answer,
            };
            if waiting.server == server {
                sessions.handle_log(now, answer);
            }
        }
    }

    fn execute(&mut self, now: Now, asked: &LogRequest, witness: &mut Witness) -> LogAnswer {
        if let Request::Finish { end, .. } = &asked.request
            && end.how == How::Cancelled
            && witness.planted.strikes(Defect::CancelsInWordOnly)
        {
            let answer = Answer::Finished(Ended::new(1, 0, Arc::clone(end)));
            return LogAnswer::new(asked.id, self.epoch(), answer);
        }
        let mut answer = self.memory.handle_request(now, asked);
        if let Some(other) = tampered(asked, &answer.answer, witness) {
            answer.answer = other;
        }
        let millis = witness.millis;
        witness.trace.line(millis, || {
            format!("log {} {:?}: {:?}", asked.key.name, asked.request, answer.answer)
        });
        let oracle = match &asked.request {
            Request::ClaimEffect { .. } => Oracle::Once,
            Request::ClaimProducer { .. } => Oracle::Fenced,
            Request::Append { .. } => Oracle::Taken,
            _ => Oracle::Ended,
        };
        let found = witness.truth.observe(asked, &answer.answer);
        witness.judge(oracle, found, || format!("{asked:?}: {:?}", answer.answer));
        answer
    }
}

/// The epoch of the log in its which life.
const fn epoch(life: u64) -> Epoch {
    Epoch::from_bits(0x109e_0000 + life)
}

/// What a log with a defect answers in the place of this.
fn tampered(asked: &LogRequest, answer: &Answer, witness: &Witness) -> Option<Answer> {
    let planted = &witness.planted;
    match (&asked.request, answer) {
        (Request::ClaimEffect { .. }, Answer::Refused(Refusal::Exists)) => {
            let place = witness.truth.place(&asked.key)?;
            let begins = witness.truth.get(place).is_running()
                && planted.strikes_always(Defect::BeginsForEveryone);
            begins.then_some(Answer::Begun { first: true })
        }
        (
            Request::Append { sequence, offset, text, .. },
            Answer::Refused(Refusal::Fenced { .. }),
        ) if planted.strikes_always(Defect::KnowsNoGenerations) => {
            let offset = offset + text.len() as u64;
            Some(Answer::Appended { sequence: *sequence, offset })
        }
        (Request::Finish { end, .. }, Answer::Refused(Refusal::Fenced { .. }))
            if planted.strikes_always(Defect::KnowsNoGenerations) =>
        {
            Some(Answer::Finished(Ended::new(1, 0, Arc::clone(end))))
        }
        (Request::Append { sequence, offset, text, .. }, Answer::Refused(Refusal::Ended(_)))
            if planted.strikes_always(Defect::GoesOnAfterTheEnd) =>
        {
            let offset = offset + text.len() as u64;
            Some(Answer::Appended { sequence: *sequence, offset })
        }
        (Request::Finish { .. }, Answer::Refused(Refusal::Ended(ended)))
            if planted.strikes_always(Defect::GoesOnAfterTheEnd) =>
        {
            let end = Arc::clone(&ended.end);
            Some(Answer::Finished(Ended::new(ended.sequence + 1, ended.offset, end)))
        }
        _ => None,
    }
}
