//! Streams in a log of the host's own, which answers when it can.

use core::time::Duration;

use super::script::{kind, member};
use crate::delivery::stream::{
    Answer, LogAnswer, LogConfig, LogRequest, MemoryLog, Request, StreamKey,
};
use crate::envelope::v1::{Epoch, Name};
use crate::hub::tests::support::Host;
use crate::hub::{Delivered, HubConfig};

const LOG: Epoch = Epoch::from_bits(0x109e_0000_0000_0001);
const ASK: &str = r#"{"type":"chat","id":"q-1","message":"fuel so far?"}"#;

/// The log of a host, and what it was asked and has not answered.
struct HostLog {
    memory: MemoryLog,
    asked: Vec<LogRequest>,
}

impl HostLog {
    fn new() -> (Host, Self) {
        let log = Self { memory: MemoryLog::new(LogConfig::default(), LOG), asked: Vec::new() };
        (log.host(), log)
    }

    /// A hub that keeps its streams there.
    fn host(&self) -> Host {
        let mut config = HubConfig::default();
        config.host_log = Some(LOG);
        Host::with(config)
    }

    /// What it is asked now, in words, beside what it has not answered yet.
    fn ask(&mut self, host: &mut Host) -> Vec<&'static str> {
        while let Some(request) = host.hub.poll_log() {
            self.asked.push(request);
        }
        self.asked.iter().map(|asked| word(&asked.request)).collect()
    }

    /// Does and answers all that it is asked, and what follows from that, the newest first.
    fn settle(&mut self, host: &mut Host) {
        while !self.ask(host).is_empty() {
            let done: Vec<_> =
                self.asked.drain(..).map(|it| self.memory.handle_request(host.now, &it)).collect();
            for answer in done.into_iter().rev() {
                host.hub.handle_log(host.now, answer);
                host.drain();
            }
        }
    }

    /// Says that it cannot be reached to all that it is asked.
    fn fail(&mut self, host: &mut Host) {
        self.ask(host);
        for asked in self.asked.drain(..) {
            host.hub.handle_log(host.now, LogAnswer::new(asked.id, LOG, Answer::Unavailable));
        }
        host.drain();
    }
}

const fn word(request: &Request) -> &'static str {
    match request {
        Request::ClaimEffect { .. } => "claim effect",
        Request::ClaimProducer { .. } => "claim producer",
        Request::Renew { .. } => "renew",
        Request::Append { .. } => "append",
        Request::ReadAfter { .. } => "read",
        Request::Finish { .. } => "finish",
        Request::Status => "status",
        Request::Discard => "discard",
    }
}

#[test]
fn the_host_hears_of_a_request_once_its_log_has_claimed_the_stream() {
    let (mut host, mut log) = HostLog::new();
    let (link, _) = host.begin_v1("ada");
    host.events();
    host.request_v1(link, 1, "q-1", ASK);
    assert_eq!(log.ask(&mut host), ["claim effect"]);
    assert!(host.events().is_empty());
    log.settle(&mut host);
    assert_eq!(host.events(), ["request ada -> trips in pieces"]);

    assert_eq!(host.piece("40 liters"), Delivered::Queued(link));
    host.pass(Duration::from_millis(40));
    assert_eq!(log.ask(&mut host), ["append"]);
    assert!(host.said_v1(link).is_empty(), "what the log does not have is read by nobody");
    log.settle(&mut host);
    let said = host.said_v1(link);
    assert_eq!(member(&said[0], "append"), r#""40 liters""#, "{said:?}");
    assert_eq!(member(&said[0], "at"), format!(r#"["{LOG}",1]"#));

    assert_eq!(host.reply("40 liters since Monday"), Delivered::Queued(link));
    assert_eq!(log.ask(&mut host), ["finish"]);
    assert!(host.said_v1(link).is_empty());
    log.settle(&mut host);
    assert_eq!(kind(host.said_v1(link).last().unwrap()), "end");
}

#[test]
fn a_log_that_cannot_be_reached_is_asked_again_and_the_answer_waits() {
    let (mut host, mut log) = HostLog::new();
    let (link, _) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    log.settle(&mut host);
    assert_eq!(host.reply("40 liters"), Delivered::Queued(link));
    log.fail(&mut host);
    assert!(host.said_v1(link).is_empty());
    host.pass(Duration::from_secs(1));
    assert_eq!(log.ask(&mut host), ["finish"]);
    log.settle(&mut host);
    assert_eq!(kind(host.said_v1(link).last().unwrap()), "end");
}

#[test]
fn an_item_is_rejected_when_the_log_cannot_be_reached_three_times() {
    let (mut host, mut log) = HostLog::new();
    let (link, _) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    for _ in 0..3 {
        log.fail(&mut host);
        host.pass(Duration::from_secs(1));
    }
    let said = host.said_v1(link);
    assert_eq!(member(said.last().unwrap(), "code"), r#""unavailable""#, "{said:?}");
    assert!(host.requests.is_empty());
}

#[test]
fn an_item_that_is_refused_leaves_nothing_in_the_log() {
    let (mut host, mut log) = HostLog::new();
    let (link, _) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", r#"{"type":"dance"}"#);
    log.settle(&mut host);
    assert_eq!(kind(host.said_v1(link).last().unwrap()), "reject");
    assert_eq!(log.memory.streams(), 0);
}

#[test]
fn what_is_in_the_log_outlives_the_hub_and_its_producer_is_missed() {
    let (mut host, mut log) = HostLog::new();
    let (link, session) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    log.settle(&mut host);
    host.piece("40 liters");
    host.pass(Duration::from_millis(40));
    log.settle(&mut host);
    let at = member(&host.said_v1(link)[0], "at");

    let before = host.now;
    let mut host = log.host();
    host.now = before;
    let link = host.open_v1("ada");
    let none = r#"["0000000000000000",0]"#;
    let open = format!(
        r#"{{"type":"open","session":"{session}","received":{none},"sent":["c1a5e00000000001",1],"follow":[{{"stream":"q-1","received":{at},"offset":4}}]}}"#
    );
    host.say(link, &open);
    assert_eq!(member(&host.said_v1(link)[0], "answer"), r#""unknown""#);
    let again = r#"{"type":"open","sent":["c1a5e00000000002",0],"follow":[{"stream":"q-1","received":AT,"offset":4}]}"#;
    host.say(link, &again.replace("AT", &at));
    log.settle(&mut host);
    let said = host.said_v1(link);
    let following = said.iter().find(|text| kind(text) == "following").unwrap();
    assert_eq!(member(following, "answer"), r#""resumed""#, "{said:?}");
    for _ in 0..8 {
        host.pass(Duration::from_secs(5));
        host.say(link, r#"{"type":"heartbeat","channels":[]}"#);
        log.settle(&mut host);
    }
    let said = host.said_v1(link);
    let end = said.iter().find(|text| kind(text) == "end").unwrap();
    assert_eq!(member(end, "how"), r#""orphaned""#, "{said:?}");
    let key = StreamKey::new("ada", &Name::new("q-1").unwrap());
    let status = LogRequest::new(0, key, Request::Status);
    let Answer::Status(status) = log.memory.handle_request(host.now, &status).answer else {
        panic!("no status")
    };
    assert_eq!(status.offset, 9);
}

#[test]
fn a_log_in_memory_needs_no_host() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    assert!(host.hub.poll_log().is_none());
    assert_eq!(host.events().last().unwrap(), "request ada -> trips in pieces");
}

#[test]
fn what_is_replaced_before_it_is_claimed_ends_as_that() {
    let mut log = HostLog { memory: MemoryLog::new(LogConfig::default(), LOG), asked: Vec::new() };
    let mut config = HubConfig::default();
    config.host_log = Some(LOG);
    config.while_answering = crate::hub::WhileAnswering::Replace;
    let mut host = Host::with(config);
    let (link, _) = host.begin_v1("ada");
    host.events();
    host.request_v1(link, 1, "q-1", ASK);
    assert_eq!(log.ask(&mut host), ["claim effect"]);
    let first = log.asked.remove(0);
    let answer = log.memory.handle_request(host.now, &first);
    host.hub.handle_log(host.now, answer);
    host.drain();
    assert_eq!(log.ask(&mut host), ["claim producer"]);
    host.request_v1(link, 2, "q-2", &ASK.replace("q-1", "q-2"));
    assert_eq!(log.ask(&mut host), ["claim producer", "claim effect"]);
    log.settle(&mut host);
    assert_eq!(host.events(), ["request ada -> trips in pieces"]);
    let said = host.said_v1(link);
    let end = said.iter().find(|text| kind(text) == "end").unwrap_or_else(|| panic!("{said:?}"));
    assert_eq!(
        (member(end, "how"), member(end, "code")),
        (r#""failed""#.into(), r#""request_replaced""#.into())
    );
}

#[test]
fn an_item_is_acknowledged_though_the_log_is_slow() {
    let (mut host, mut log) = HostLog::new();
    let (link, _) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    host.pass(Duration::from_secs(3));
    log.settle(&mut host);
    host.pass(Duration::from_secs(5));
    let texts = core::mem::take(&mut host.peers.get_mut(&link).unwrap().texts);
    assert!(texts.iter().any(|it| kind(it) == "ack"), "{texts:?}");
}
