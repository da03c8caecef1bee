//! The program around the hub: it counts what it is asked, answers word by word, and pushes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use pamlink::envelope::ErrorCode;
use pamlink::frame::CloseCode;
use pamlink::hub::{Auth, Event, Hub, HubConfig, LinkId, Reply, RequestId};
use pamlink::limits::{Rate, RateClass};
use pamlink::link::{AuthError, Claims, Verify};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Now, Wall};

use super::device::{STARTS, now_at};
use super::held::{self, Held};
use super::log::HostLog;
use super::oracle::{Defect, Oracle};
use super::witness::{Key, Witness};

/// A token is the name of its user, the second at which it ends, and the millisecond of the world
/// in which it was made.
#[derive(Debug)]
struct ByName {
    /// So many tokens more are refused.
    refuses: Arc<AtomicU32>,
    /// What was made before this millisecond counts no more.
    revoked: Arc<AtomicU64>,
}

impl Verify for ByName {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        let (user, ends) = token.split_once('.').ok_or(AuthError::Malformed)?;
        let (ends, made) = ends.split_once('.').ok_or(AuthError::Malformed)?;
        let made: u64 = made.parse().map_err(|_| AuthError::Malformed)?;
        if made < self.revoked.load(Ordering::Relaxed) {
            return Err(AuthError::BadSignature);
        }
        let ends = ends.parse().map(Wall::from_unix_secs).map_err(|_| AuthError::Malformed)?;
        let fewer = |left: u32| left.checked_sub(1);
        if self.refuses.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok() {
            return Err(AuthError::BadSignature);
        }
        if ends <= now { Err(AuthError::Expired) } else { Ok(Claims::new(user, ends)) }
    }
}

/// What ends the head of an opening.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// An answer that is under way.
#[derive(Debug)]
struct Running {
    key: Key,
    answer: String,
    given: usize,
}

/// A hub's process.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) hub: Hub,
    pub(super) refuses: Arc<AtomicU32>,
    revoked: Arc<AtomicU64>,
    /// How far its clock is ahead of the world's.
    pub(super) ahead: u64,
    /// It is of a build that speaks `pam` alone, and knows nothing of subprotocols.
    pub(super) is_of_pam: bool,
    /// Openings that are not whole yet, of such a build.
    openings: BTreeMap<LinkId, Vec<u8>>,
    /// Which process it is.
    life: u64,
    running: BTreeMap<RequestId, Running>,
    pushes: u64,
    /// It is drained, and until when that has to be over.
    drained_by: Option<u64>,
    /// All its links have ended after that.
    pub(super) is_drained: bool,
    /// Where its streams are kept, if not in the hub.
    log: Option<HostLog>,
}

impl Host {
    /// How long the links of a hub that is drained may take to close once the time is over.
    const CLOSES: u64 = 30_000;
    /// Somewhat longer than the window of its ids.
    const FORGETS: u64 = 90_000_000;

    /// A host whose streams are kept in a log of its own that takes up to so many milliseconds, or
    /// in the hub.
    pub(super) fn new(seed: u64, log: Option<u32>) -> Self {
        let (refuses, revoked) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU64::new(0)));
        let log = log.map(|slow| HostLog::new(seed, slow));
        let hub = new_hub(seed, (&refuses, &revoked), log.is_some());
        let (drained_by, is_drained) = (None, false);
        Self {
            hub,
            refuses,
            revoked,
            ahead: 0,
            is_of_pam: false,
            openings: BTreeMap::new(),
            life: 0,
            running: BTreeMap::new(),
            pushes: 0,
            drained_by,
            is_drained,
            log,
        }
    }

    /// The process dies, and another begins with nothing but the log of the host, if there is one.
    pub(super) fn restart(&mut self, seed: u64) {
        self.life += 1;
        let seed = seed.wrapping_add(self.life);
        self.hub = new_hub(seed, (&self.refuses, &self.revoked), self.log.is_some());
        self.openings.clear();
        self.running.clear();
        (self.drained_by, self.is_drained) = (None, false);
    }

    /// What stands at its clock.
    pub(super) fn now(&self, millis: u64) -> Now {
        now_at(millis + self.ahead)
    }

    /// Bytes come over a link.
    pub(super) fn handle_bytes(&mut self, now: Now, link: LinkId, bytes: &[u8]) {
        if !self.is_of_pam {
            // A link that has ended takes nothing, and says so.
            let _unknown = self.hub.handle_bytes(now, link, bytes);
            return;
        }
        // An older build does not read what it does not know.
        let opening = self.openings.entry(link).or_default();
        if opening.ends_with(END_OF_HEAD) {
            let _unknown = self.hub.handle_bytes(now, link, bytes);
            return;
        }
        opening.extend_from_slice(bytes);
        let Some(end) = opening.windows(4).position(|it| it == END_OF_HEAD) else { return };
        let rest = opening.split_off(end + END_OF_HEAD.len());
        let head = String::from_utf8_lossy(opening);
        let is_known = |line: &&str| !line.to_lowercase().starts_with("sec-websocket-protocol:");
        let head: String = head.split_inclusive("\r\n").filter(is_known).collect();
        let _unknown = self.hub.handle_bytes(now, link, &[head.as_bytes(), &rest].concat());
    }

    /// All tokens that were made before this count no more; the links of a user are closed for it.
    pub(super) fn revoke(&mut self, millis: u64, user: &str) {
        self.revoked.store(millis, Ordering::Relaxed);
        let now = self.now(millis);
        self.hub.disconnect_user(now, user, CloseCode::new(4001), "the token was revoked");
    }

    /// The hub is drained: whether it was not before.
    pub(super) fn drain(&mut self, millis: u64, now: Now, spread: u32) -> bool {
        let begins = !self.hub.is_draining();
        if begins {
            self.hub.drain(now, Duration::from_millis(spread.into()));
            self.drained_by = Some(millis + u64::from(spread) + Self::CLOSES);
        }
        begins
    }

    /// How many sessions the hub says that it has.
    pub(super) fn sessions(&self) -> Option<i64> {
        held::gauge(&self.hub, "pamlink_sessions_active")
    }

    /// What the hub says that it has.
    pub(super) fn held(&self) -> Option<Held> {
        Held::of(&self.hub)
    }

    /// Nothing comes over any link any more, and time passes until all is over for which anything
    /// is kept.
    pub(super) fn fall_silent(&mut self, witness: &mut Witness) {
        let (mut millis, end) = (witness.millis, witness.millis + Self::FORGETS);
        // This comes after all that has to recover.
        let passes = witness.defect != Some(Defect::StopsItsClock);
        while millis < end && passes {
            let next = self.hub_next().into_iter().chain(self.log_next()).min();
            millis = next.unwrap_or(end).clamp(millis, end);
            let (now, life) = (self.now(millis), self.life);
            self.hub.handle_timeout(now);
            if let Some(log) = &mut self.log {
                while log.answer(millis, now, life, &mut self.hub) {}
            }
            self.take_events(witness);
            self.carry_to_log(now, witness);
            self.drop_what_is_written(now);
        }
    }

    fn drop_what_is_written(&mut self, now: Now) {
        let mut bytes = Vec::new();
        while let Some(link) = self.hub.poll_writable() {
            let transmit = self.hub.poll_transmit(link, &mut bytes);
            bytes.clear();
            if transmit.close_transport {
                self.hub.handle_closed(now, link);
            }
        }
    }

    /// The drain takes longer than it may.
    pub(super) fn is_overdue(&self, millis: u64) -> bool {
        self.drained_by.is_some_and(|by| by < millis) && !self.is_drained
    }

    /// The log cannot be reached, so many times; whether there is one.
    pub(super) fn miss_log(&mut self, times: u32) -> bool {
        self.log.as_mut().map(|log| log.fails = times).is_some()
    }

    /// Whether nothing that was drawn for it is yet to go wrong.
    pub(super) fn is_quiet(&self) -> bool {
        !self.hub.is_draining()
            && self.refuses.load(Ordering::Relaxed) == 0
            && self.log.as_ref().is_none_or(|log| log.fails == 0)
    }

    /// Takes to the log what the hub asks.
    pub(super) fn carry_to_log(&mut self, now: Now, witness: &mut Witness) {
        if let Some(log) = &mut self.log {
            let asked = log.ask(witness.millis, now, self.life, &mut self.hub);
            *witness.counts.seen.entry("asked of the log").or_default() += asked;
        }
    }

    /// Takes to the hub what the log has to answer by now: whether it was anything.
    pub(super) fn answer_log(&mut self, now: Now, witness: &Witness) -> bool {
        let (millis, life, hub) = (witness.millis, self.life, &mut self.hub);
        self.log.as_mut().is_some_and(|log| log.answer(millis, now, life, hub))
    }

    /// When the hub next wants to be told that time has passed, as the world counts.
    pub(super) fn hub_next(&mut self) -> Option<u64> {
        let due = self.hub.poll_timeout()?.at.as_nanos().div_ceil(1_000_000);
        Some(due.saturating_sub(STARTS + self.ahead))
    }

    /// When the log next has something to answer.
    pub(super) fn log_next(&self) -> Option<u64> {
        self.log.as_ref().and_then(HostLog::next)
    }

    /// Takes what the hub has to tell.
    pub(super) fn take_events(&mut self, witness: &mut Witness) {
        while let Some(event) = self.hub.poll_event() {
            match event {
                Event::Request(request) => {
                    let text = request.envelope.field("message").and_then(|it| it.text());
                    let Some(key) = text.and_then(|text| key_of(&text)) else { continue };
                    let answer = answer_to(key, self.life);
                    witness.line(|| format!("hub: asked {key:?}"));
                    witness.hub_asked(key, answer.clone());
                    if witness.strikes(Defect::RequestsAgain) {
                        witness.hub_asked(key, answer.clone());
                    }
                    self.running.insert(request.request, Running { key, answer, given: 0 });
                }
                Event::Message { envelope, .. } => {
                    let text = envelope.field("submitted").and_then(|it| it.text());
                    let Some(key) = text.and_then(|text| key_in(&text)) else { continue };
                    witness.line(|| format!("hub: hears submission {key:?}"));
                    witness.hub_heard(key);
                    if witness.strikes(Defect::HearsSubmissionsTwice) {
                        witness.hub_heard(key);
                    }
                }
                Event::Drained => {
                    let is_said = !witness.strikes_always(Defect::ForgetsTheDrain);
                    witness.counts.see("hubs drained");
                    let first = !self.is_drained && self.drained_by.is_some();
                    witness.check(Oracle::Drained, first, || "a hub is drained twice".to_owned());
                    self.is_drained = is_said;
                }
                Event::Duplicate { .. } => witness.counts.see("repeats"),
                Event::Cancelled { request, .. } => {
                    witness.counts.see("cancelled at the hub");
                    let key = self.running.get(&request).map(|it| it.key);
                    witness.line(|| format!("hub: cancelled {key:?}"));
                }
                Event::Expired { request, .. } => {
                    witness.counts.see("expired at the hub");
                    self.running.remove(&request);
                }
                Event::Refused(refused) => {
                    witness.counts.see("refused");
                    witness.line(|| format!("hub: refused {refused:?}"));
                }
                Event::Opened { link, user, .. } => {
                    witness.line(|| format!("hub: opened {link} of {user}"));
                }
                Event::Closed { link, ref closed, .. } => {
                    witness.line(|| format!("hub: closed {link} {closed:?}"));
                }
                _ => {}
            }
        }
    }

    fn running(&self, request: u32) -> Option<RequestId> {
        let place = (request as usize).checked_rem(self.running.len())?;
        self.running.keys().rev().nth(place).copied()
    }

    /// Gives so many characters more.
    pub(super) fn piece(&mut self, now: Now, request: u32, characters: u32) -> bool {
        let Some(id) = self.running(request) else { return false };
        let Some(running) = self.running.get_mut(&id) else { return false };
        let end = (running.given + characters as usize).min(running.answer.len());
        let Some(piece) = running.answer.get(running.given..end).filter(|it| !it.is_empty()) else {
            return false;
        };
        let is_taken = self.hub.piece(now, id, piece).is_ok();
        running.given = end;
        is_taken
    }

    pub(super) fn reply(
        &mut self,
        now: Now,
        request: u32,
        fails: bool,
        witness: &mut Witness,
    ) -> bool {
        let Some(id) = self.running(request) else { return false };
        let Some(Running { key, answer, .. }) = self.running.remove(&id) else { return false };
        if fails {
            let code = ErrorCode::from("AGENT_FAILED");
            let error = Reply::Error { code: &code, message: "no", retry_after: None };
            return self.hub.reply(now, id, &error).is_ok();
        }
        let mut said = answer.clone();
        if witness.strikes(Defect::RepliesOtherwise) {
            said.push('!');
        }
        if witness.strikes(Defect::SwapsReplies) {
            said = answer_to((key.0, key.1 + 1), self.life);
        }
        witness.hub_replied(key, answer);
        let replied = self.hub.reply(now, id, &Reply::text(&said));
        witness.line(|| format!("hub: replies to {key:?}: {replied:?}"));
        replied.is_ok()
    }

    /// Replies to everything.
    pub(super) fn reply_to_all(&mut self, now: Now, witness: &mut Witness) {
        while !self.running.is_empty() {
            self.reply(now, 0, false, witness);
        }
    }

    /// Pushes to a user; the number of the push.
    pub(super) fn push(&mut self, now: Now, user: &str, witness: &mut Witness) -> u64 {
        self.pushes += 1;
        let number = self.pushes;
        let text = format!(r#"{{"type":"alert","number":{number}}}"#);
        let pushed = self.hub.push(now, user, &text);
        witness.line(|| format!("hub: push {number} to {user}: {pushed:?}"));
        if pushed.is_ok_and(|push| push.refused == 0 && push.queued > 0) {
            witness.hub_pushed(number, user, self.life);
        }
        number
    }
}

fn new_hub(
    seed: u64,
    (refuses, revoked): (&Arc<AtomicU32>, &Arc<AtomicU64>),
    has_log: bool,
) -> Hub {
    let mut config = HubConfig::default();
    config.host_log = has_log.then_some(HostLog::EPOCH);
    let plenty = Rate::new(1_000_000, Duration::from_secs(1));
    for class in [RateClass::Connect, RateClass::Message] {
        config.rates = config.rates.with(class, plenty);
    }
    config.window.max_entries = 4_096;
    // Longer than the hub's clock jumps in all: what is repeated after that is no repeat (P-5.2).
    config.window.max_age = Duration::from_secs(86_400);
    let (refuses, revoked) = (Arc::clone(refuses), Arc::clone(revoked));
    let auth = Auth::Verifier(Box::new(ByName { refuses, revoked }));
    Hub::new(config, auth, Arc::new(Table::default()), Seed::from_number(seed))
}

/// What is asked under this key.
pub(super) fn request_text((device, number): Key, padding: u32) -> String {
    format!("ask {device}.{number} {}", "~".repeat(padding as usize))
}

fn key_of(text: &str) -> Option<Key> {
    key_in(text.strip_prefix("ask ")?.split(' ').next()?)
}

/// What was submitted under this key.
pub(super) fn submission((device, number): Key, padding: u32) -> String {
    let padding = "~".repeat(padding as usize);
    format!(
        r#"{{"type":"context_update","context":{{}},"submitted":"{device}.{number}","p":"{padding}"}}"#
    )
}

fn key_in(text: &str) -> Option<Key> {
    let (device, number) = text.split_once('.')?;
    Some((device.parse().ok()?, number.parse().ok()?))
}

/// What a process of the hub answers.
fn answer_to((device, number): Key, life: u64) -> String {
    let mut answer = format!("answer {device}.{number}: of life {life}");
    for word in 0..(device * 7 + number * 13) % 40 {
        let _infallible = write!(answer, " w{word}");
    }
    answer
}
