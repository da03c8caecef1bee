//! A device: a client's process with its clock, its link, its tokens, and what it stores.

mod engine;
mod hearing;
mod packed;
mod sessions;

use std::collections::BTreeMap;
use std::time::Duration;

use pamlink::client::{ClientConfig, RequestId};
use pamlink::delivery::SessionNumber;
use pamlink::link::{Endpoint, Token};
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

use self::engine::{Engine, Which};
use super::action::DeviceProfile;
use super::host::request_text;
use super::network::{Answerer, Network, Part};
use super::oracle::{Defect, Oracle};
use super::witness::{Key, Witness};

/// The second of the wall clock at which a world begins.
const BEGIN: i64 = 1_800_000_000;

/// What a monotonic clock stands at when a world begins, in milliseconds.
pub(super) const STARTS: u64 = 1_000;

/// What stands at a clock in a millisecond of the world.
pub(super) fn now_at(millis: u64) -> Now {
    let wall = Wall::from_unix_secs(BEGIN) + Duration::from_millis(millis);
    Now::new(Mono::from_millis(STARTS + millis), wall)
}

/// One device.
#[derive(Debug)]
pub(super) struct Device {
    place: usize,
    pub(super) user: String,
    pub(super) is_v1: bool,
    /// Its client is behind the packed step, which has one link and one session.
    is_packed: bool,
    seed: u64,
    engine: Engine,
    /// Its sessions, the first first: every second device has two over its one link.
    pub(super) sessions: Vec<SessionNumber>,
    /// Which process it is.
    process: u32,
    pub(super) link: Option<u64>,
    /// The one beside it, during a planned change.
    second: Option<u64>,
    /// How far its clock is ahead of the world's.
    pub(super) ahead: u64,
    asleep_until: u64,
    /// It has slept, and its client was not told yet.
    has_slept: bool,
    /// The dialect of the link that was welcomed last is `pamlink.v1`.
    pub(super) speaks_v1: bool,
    /// The link over which the client said that it is welcomed.
    welcomed: Option<u64>,
    /// When a token comes that it was asked for.
    token_at: Option<u64>,
    /// So many times its host gets none.
    pub(super) tokens_missing: u32,
    token_life: u64,
    /// When it starts a client again that has stopped.
    connect_at: Option<u64>,
    /// Who takes its next dials.
    pub(super) dials: Vec<Answerer>,
    /// What it has stored, the newest last.
    stored: Vec<Vec<u8>>,
    /// The requests that its process knows.
    requests: BTreeMap<RequestId, Asked>,
    asked: usize,
    /// Of what was submitted in each session the number.
    commands: BTreeMap<(SessionNumber, u64), usize>,
    submitted: usize,
    /// A session that was left.
    left: Option<SessionNumber>,
    /// The last piece that it was told.
    last_piece: Option<(Key, String)>,
}

/// A request of a device.
#[derive(Clone, Copy, Debug)]
struct Asked {
    number: usize,
    session: SessionNumber,
    /// The link over which it was asked.
    link: Option<u64>,
}

impl Device {
    /// How many snapshots are kept; the newest is what a new process takes.
    const STORED: usize = 8;

    pub(super) fn new(
        place: usize,
        user: String,
        DeviceProfile { is_v1, is_packed }: DeviceProfile,
        seed: u64,
        token_life: u64,
    ) -> Result<Self, String> {
        let seed = seed.wrapping_add(1_000 * (place as u64 + 1));
        let made_of = (config(place, is_packed), endpoint(&user, is_v1));
        let (first, now) = (Seed::from_number(seed), now_at(0));
        let mut engine = Engine::new(is_packed, made_of, None, first, now)?;
        Ok(Self {
            sessions: sessions::of(&mut engine, place, now),
            place,
            user,
            is_v1,
            is_packed,
            seed,
            engine,
            process: 0,
            link: None,
            second: None,
            ahead: 0,
            asleep_until: 0,
            has_slept: false,
            speaks_v1: false,
            welcomed: None,
            token_at: None,
            tokens_missing: 0,
            token_life,
            connect_at: Some(0),
            dials: Vec::new(),
            stored: Vec::new(),
            requests: BTreeMap::new(),
            asked: 0,
            commands: BTreeMap::new(),
            submitted: 0,
            left: None,
            last_piece: None,
        })
    }

    pub(super) const fn is_awake(&self, millis: u64) -> bool {
        self.asleep_until <= millis
    }

    fn now(&self, millis: u64) -> Now {
        now_at(millis + self.ahead)
    }

    /// When something is due, by the world's clock.
    pub(super) fn next(&self) -> Option<u64> {
        let timer = self.engine.deadline().map(|nanos| {
            let millis = nanos.div_ceil(1_000_000).saturating_sub(1_000);
            millis.saturating_sub(self.ahead)
        });
        let wakes = self.has_slept.then_some(self.asleep_until);
        let due = timer.into_iter().chain(wakes).chain(self.token_at).chain(self.connect_at).min();
        due.map(|due| due.max(self.asleep_until))
    }

    /// What is due happens.
    pub(super) fn handle_time(&mut self, network: &mut Network, witness: &mut Witness) {
        let (millis, now) = (witness.millis, self.now(witness.millis));
        // Some systems tell an app that its device has slept, and some do not.
        if core::mem::take(&mut self.has_slept) && self.place.is_multiple_of(2) {
            self.engine.wake(now);
        }
        if self.token_at.is_some_and(|at| at <= millis) {
            self.token_at = None;
            self.bring_token(now, witness);
        }
        if self.connect_at.is_some_and(|at| at <= millis) {
            self.connect_at = None;
            self.engine.connect(now);
        }
        self.engine.handle_timeout(now);
        self.serve(network, witness);
    }

    fn bring_token(&mut self, now: Now, witness: &mut Witness) {
        if self.tokens_missing > 0 {
            self.tokens_missing -= 1;
            self.engine.token_failed(now);
            return;
        }
        witness.counts.see("tokens");
        // Whoever makes tokens has the hub's clock.
        let issued = now_at(witness.millis + witness.hub_ahead).wall;
        let expires = issued + Duration::from_secs(self.token_life);
        let text = format!("{}.{}.{}", self.user, expires.as_unix_secs(), witness.millis);
        let token = Token::with_dates(text, Some(issued), expires);
        let taken = self.engine.provide_token(now, token);
        witness.check(Oracle::Live, taken.is_ok(), || format!("no token: {taken:?}"));
    }

    /// Its dial has come to something.
    pub(super) fn dialed(&mut self, answerer: Answerer, link: u64, witness: &mut Witness) {
        let now = self.now(witness.millis);
        let Some(which) = self.which(link) else { return };
        let has_come = answerer != Answerer::Nobody;
        if !has_come {
            witness.changes.ended(link);
            *self.held(which) = None;
        }
        self.engine.handle_dial(now, which, has_come);
    }

    /// Something comes over a link.
    pub(super) fn handle(&mut self, link: u64, part: &Part, witness: &mut Witness) {
        let Some(which) = self.which(link) else { return };
        let now = self.now(witness.millis);
        match part {
            Part::Bytes(bytes) => {
                witness.counts.bytes += bytes.len() as u64;
                let taken = self.engine.handle_bytes(now, which, bytes);
                witness.check(Oracle::Live, taken, || "events were taken".to_owned());
            }
            Part::End => {
                witness.changes.ended(link);
                *self.held(which) = None;
                self.engine.handle_closed(now, which);
            }
        }
    }

    pub(super) fn ask(&mut self, padding: u32, witness: &mut Witness) -> Option<Key> {
        let key = (self.place, self.asked);
        let text = request_text(key, padding);
        // In each of its sessions in turn.
        let session = self.sessions[self.asked % self.sessions.len()];
        let now = self.now(witness.millis);
        let request = self.engine.request(now, session, &text)?;
        if session != SessionNumber::FIRST {
            witness.counts.see("asked in another session");
        }
        self.asked += 1;
        self.requests.insert(request, Asked { number: key.1, session, link: self.link });
        witness.line(|| format!("device {} asks {key:?}", self.place));
        witness.requested(key);
        Some(key)
    }

    /// Cancels a request, counted from the newest.
    pub(super) fn cancel(&mut self, request: u32, witness: &mut Witness) -> bool {
        let Some((request, Asked { number, .. })) =
            self.requests.iter().rev().nth(request as usize)
        else {
            return false;
        };
        let done = self.engine.cancel(now_at(witness.millis + self.ahead), *request);
        witness.line(|| format!("device {} cancels {number}: {done:?}", self.place));
        if done.is_ok() {
            witness.cancels((self.place, *number));
        }
        done.is_ok()
    }

    /// Its host leaves a request, counted from the newest.
    pub(super) fn abandon(&mut self, request: u32, witness: &mut Witness) {
        let mut newest = self.requests.iter().rev();
        let Some((request, asked)) = newest.nth(request as usize) else { return };
        let key = (self.place, asked.number);
        witness.line(|| format!("device {} abandons {key:?}", self.place));
        if !witness.strikes(Defect::AbandonsInWordOnly) {
            self.engine.abandon(now_at(witness.millis + self.ahead), *request);
        }
        witness.abandons(key, self.process);
    }

    /// Sleeps until then. Whether it does.
    pub(super) const fn sleep(&mut self, until: u64) -> bool {
        (self.asleep_until, self.has_slept) = (until, true);
        true
    }

    /// Begins anew where it has stopped, and at once.
    pub(super) fn recover(&mut self, millis: u64) {
        (self.asleep_until, self.tokens_missing) = (millis, 0);
        self.dials.clear();
        self.connect_at = Some(millis);
    }

    /// Its process dies, and another begins with what was stored.
    pub(super) fn be_reborn(&mut self, network: &mut Network, witness: &mut Witness) {
        for link in [self.link.take(), self.second.take()].into_iter().flatten() {
            witness.changes.ended(link);
            network.close(witness.millis, link, true);
        }
        self.process += 1;
        let now = self.now(witness.millis);
        let seed = Seed::from_number(self.seed.wrapping_add(self.process.into()));
        let made_of = (config(self.place, self.is_packed), endpoint(&self.user, self.is_v1));
        let stored = match witness.strikes(Defect::RestoresTheOld) {
            true => self.stored.first(),
            false => self.stored.last(),
        };
        if stored.is_some() {
            witness.carries_on(self.place);
            witness.counts.see("restored");
        } else {
            witness.lost_process(self.place);
            self.requests.clear();
        }
        match Engine::new(self.is_packed, made_of, stored.map(Vec::as_slice), seed, now) {
            Ok(mut engine) => {
                self.sessions = sessions::of(&mut engine, self.place, now);
                self.engine = engine;
            }
            Err(error) => witness.check(Oracle::Restored, false, || error),
        }
        (self.token_at, self.last_piece) = (None, None);
        self.connect_at = Some(witness.millis + 300);
    }

    /// A dial, for the first link or the second.
    fn dial(
        &self,
        network: &mut Network,
        witness: &mut Witness,
        answerer: Option<Answerer>,
    ) -> u64 {
        let usual = match witness.defect {
            Some(Defect::LosesTheHub) => Answerer::Nobody,
            _ => Answerer::Hub,
        };
        let answerer = answerer.unwrap_or(usual);
        witness.counts.see("dials");
        witness.line(|| format!("device {} dials {answerer:?}", self.place));
        let link = network.dial(witness.millis, self.place, answerer);
        if self.is_v1 && config(self.place, self.is_packed).two_links {
            witness.changes.dialed(link, self.place);
        }
        link
    }

    /// Stores a snapshot before what was said is on its way.
    fn store(&mut self, taken: Result<Vec<u8>, String>, witness: &mut Witness) {
        witness.check(Oracle::Restored, taken.is_ok(), || format!("no snapshot: {taken:?}"));
        if self.stored.len() == Self::STORED {
            self.stored.remove(0);
        }
        self.stored.extend(taken);
    }

    /// Whether nothing that was drawn for it is yet to go wrong.
    pub(super) const fn is_quiet(&self) -> bool {
        self.dials.is_empty() && self.tokens_missing == 0
    }

    /// Whether it holds this link.
    pub(super) fn has(&self, link: u64) -> bool {
        self.which(link).is_some()
    }

    /// Which of its links this is.
    fn which(&self, link: u64) -> Option<Which> {
        if self.link == Some(link) {
            return Some(Which::First);
        }
        (self.second == Some(link)).then_some(Which::Second)
    }

    const fn held(&mut self, which: Which) -> &mut Option<u64> {
        match which {
            Which::First => &mut self.link,
            Which::Second => &mut self.second,
        }
    }

    /// Whether its client has said that it is welcomed.
    pub(super) fn is_ready(&self) -> bool {
        self.link.is_some() && self.welcomed == self.link
    }
}

/// Two of four devices can hold two links, where their hosts know of that.
fn config(place: usize, is_packed: bool) -> ClientConfig {
    let mut config = ClientConfig::default();
    config.two_links = place % 4 < 2 && !is_packed;
    config
}

fn endpoint(user: &str, is_v1: bool) -> Endpoint {
    let made = match is_v1 {
        true => Endpoint::v1("ws://hub.test", user),
        false => Endpoint::pam("ws://hub.test", user),
    };
    made.unwrap_or_else(|error| panic!("the address is one: {error}"))
}
