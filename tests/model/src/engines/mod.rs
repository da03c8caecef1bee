//! A whole client and a whole hub, from the first word of a link on: what they agree on, which link
//! has a session, and what becomes of a request that is repeated in another one.
//!
//! Neither can be copied, and what a hub decides by is not all in its `Debug` text. So a state holds
//! what each was given, and each step gives one of them the same again and then what is new. Two
//! states are the same if both were given the same, in their order, and the same is on its way:
//! they may still have come there by steps in another order.

mod client;
mod defect;
mod hub;
mod link;
pub mod properties;

pub use defect::Defect;
pub use link::Dialect;

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use pamlink::time::{Mono, Now, Wall};
use stateright::{Model, Property};

use client::ClientEnd;
use hub::HubEnd;
use link::{Link, Part};

/// A client and a hub, with all that may happen to them.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnginesModel {
    /// What happens how often at most.
    pub most: Happened,
    /// What has happened before.
    pub begins: Beginning,
    /// What the client's end may speak: each is a beginning.
    pub dialects: &'static [Dialect],
    /// A planted defect.
    pub defect: Option<Defect>,
}

/// What has happened before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a run is a literal")]
pub enum Beginning {
    /// Nothing: the client wants its first link.
    #[default]
    Apart,
    /// A session is open over the first link.
    Connected,
    /// The same, after the client's host has asked, and was saved before that was sent.
    Saved,
}

/// How often something has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the bounds of a run are a literal")]
pub struct Happened {
    /// The client's host asks.
    pub asked: u8,
    /// The client's end of a link is gone, and the hub does not know yet.
    pub cut: u8,
    /// Time passes until what is due soon: text that waits for more, and no acknowledgement.
    pub passed: u8,
    /// A session that no link carries is kept no longer.
    pub forgotten: u8,
    /// The client is saved.
    pub saved: u8,
    /// The client's process ends, and another goes on with what was saved.
    pub restored: u8,
}

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "nothing outside matches on it")]
pub enum Action {
    /// The client's host asks.
    Ask,
    /// The hub's host replies to what runs for longest.
    Reply,
    /// The client gets the link that it wants.
    Dial,
    /// What is first on its way over this link arrives at the hub.
    ToHub(usize),
    /// What is first on its way over this link arrives at the client.
    ToClient(usize),
    /// The link is gone for the client, with what is on its way to it.
    Cut,
    /// The hub hears that this link is gone, before what is on its way to it.
    HubHears(usize),
    /// Time passes until the client dials again.
    Retry,
    /// Time passes until what is due soon.
    Pass,
    /// Time passes until a session without a link is forgotten.
    Forget,
    /// The client is saved.
    Save,
    /// The client's process ends, and another goes on with what was saved.
    Restore,
}

/// Both, their links, and what each was given.
#[derive(Clone, Debug)]
pub struct State {
    client: Arc<ClientEnd>,
    hub: Arc<HubEnd>,
    links: Vec<Link>,
    dialect: Dialect,
    millis: u64,
    /// What came over a link that its session has left had an effect.
    has_heard_the_left: bool,
    happened: Happened,
}

/// How long a session is kept that no link carries, in milliseconds.
const KEPT: u64 = 5_000;

impl State {
    fn new(dialect: Dialect) -> Self {
        Self {
            client: Arc::new(ClientEnd::new()),
            hub: Arc::new(HubEnd::new()),
            links: Vec::new(),
            dialect,
            millis: 0,
            has_heard_the_left: false,
            happened: Happened::default(),
        }
    }

    /// The link that the client has.
    fn link(&self) -> Option<usize> {
        self.links.iter().rposition(|link| link.is_open_to_client)
    }

    /// The client is given something; what it says goes over its link.
    fn at_client(&mut self, defect: Option<Defect>, input: client::Input) -> bool {
        let given = Arc::make_mut(&mut self.client).give(self.millis, input);
        let Some(given) = given else { return false };
        if let Some(place) = self.link() {
            let link = &mut self.links[place];
            for part in given.said {
                link.client_says(part, place, self.dialect, defect);
            }
            link.is_open_to_client &= !given.closes;
        }
        true
    }

    /// The hub is given something; what it says goes over its links. Whether its host was told of
    /// what somebody asks.
    fn at_hub(&mut self, defect: Option<Defect>, input: hub::Input) -> bool {
        let given = Arc::make_mut(&mut self.hub).give(self.millis, input);
        for (place, part) in given.said {
            let also = Defect::says_also(defect, &part).filter(|also| *also != place);
            for place in also.into_iter().chain([place]) {
                if let Some(part) = Defect::said(defect, &part) {
                    self.links[place].hub_says(part, self.dialect);
                }
            }
        }
        given.has_effect
    }

    fn deliver_to_hub(&mut self, place: usize, defect: Option<Defect>) -> bool {
        let link = &mut self.links[place];
        let Some(part) = link.to_hub.pop_front() else { return false };
        let was_left = link.was_left;
        let over = match defect {
            Some(Defect::HandsOnTheLeft) => self.links.len() - 1,
            _ => place,
        };
        let has_effect = self.at_hub(defect, hub::Input::Part(over, part));
        self.has_heard_the_left |= was_left && has_effect;
        true
    }

    fn deliver_to_client(&mut self, place: usize, defect: Option<Defect>) -> bool {
        let Some(part) = self.links[place].to_client.pop_front() else { return false };
        if part == Part::End {
            let link = &mut self.links[place];
            (link.is_open_to_client, link.to_client) = (false, VecDeque::new());
        }
        let part = Defect::comes(defect, part, place);
        self.at_client(defect, client::Input::Part(part))
    }

    fn cut(&mut self, defect: Option<Defect>) {
        let Some(place) = self.link() else { return };
        let link = &mut self.links[place];
        (link.is_open_to_client, link.to_client) = (false, VecDeque::new());
        self.at_client(defect, client::Input::Closed);
        if defect == Some(Defect::GivesUpAtCut) {
            Arc::make_mut(&mut self.client).give_up();
        }
    }

    /// Time passes until then, and all that is due in it happens.
    fn pass(&mut self, defect: Option<Defect>, until: u64) {
        // It comes to its end: each deadline is behind the one before.
        loop {
            let due = [self.client.due(), self.hub.due()].map(|it| it.filter(|at| *at <= until));
            let Some(at) = due.into_iter().flatten().min() else { break };
            self.millis = self.millis.max(at);
            if due[0].is_some_and(|it| it <= at) {
                self.at_client(defect, client::Input::Timeout);
            } else {
                self.at_hub(defect, hub::Input::Timeout);
            }
        }
        self.millis = self.millis.max(until);
    }

    /// When something is due within half a second: text that waits for more, and no acknowledgement,
    /// for which no request waits.
    fn soon(&self) -> Option<u64> {
        let due = [self.client.due(), self.hub.due()].into_iter().flatten().min();
        due.filter(|at| *at <= self.millis + 500)
    }

    /// The client has a link that is welcomed, nothing is on its way or to be replied to, and
    /// nothing is due soon.
    fn is_at_rest(&self) -> bool {
        self.client.is_open()
            && self.hub.running() == 0
            && self.soon().is_none()
            && self.links.iter().all(|link| link.to_hub.is_empty() && link.to_client.is_empty())
    }
}

impl EnginesModel {
    /// What has happened before happens.
    fn begin(&self, state: State) -> Option<State> {
        let before: &[Action] = match self.begins {
            Beginning::Apart => return Some(state),
            Beginning::Connected => &[Action::Dial],
            Beginning::Saved => &[Action::Ask, Action::Save, Action::Dial],
        };
        let next = |state: State, action: &Action| self.next_state(&state, *action);
        let mut state = before.iter().try_fold(state, next)?;
        while let Some(action) = match &state.links[0] {
            link if !link.to_hub.is_empty() => Some(Action::ToHub(0)),
            link if !link.to_client.is_empty() => Some(Action::ToClient(0)),
            _ => None,
        } {
            state = self.next_state(&state, action)?;
        }
        Some(state)
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.client.digest(), self.hub.digest(), &self.links, self.dialect).hash(state);
        (self.millis, self.has_heard_the_left, self.happened).hash(state);
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        let parts = |it: &Self| {
            let ends = (it.client.digest(), it.hub.digest());
            (ends, it.dialect, it.millis, it.has_heard_the_left, it.happened)
        };
        parts(self) == parts(other) && self.links == other.links
    }
}

impl Model for EnginesModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        self.dialects.iter().filter_map(|dialect| self.begin(State::new(*dialect))).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let (done, most) = (&state.happened, &self.most);
        let mut may = |may: bool, action: Action| actions.extend(may.then_some(action));
        may(done.asked < most.asked, Action::Ask);
        may(state.hub.running() > 0, Action::Reply);
        let (has_link, is_dialing) = (state.link().is_some(), state.client.is_dialing());
        may(is_dialing, Action::Dial);
        for (place, link) in state.links.iter().enumerate() {
            may(link.is_open_to_hub && !link.to_hub.is_empty(), Action::ToHub(place));
            may(link.is_open_to_client && !link.to_client.is_empty(), Action::ToClient(place));
            may(link.is_open_to_hub && !link.is_open_to_client, Action::HubHears(place));
        }
        may(has_link && done.cut < most.cut, Action::Cut);
        may(!has_link && !is_dialing && state.client.due().is_some(), Action::Retry);
        may(done.passed < most.passed && state.soon().is_some(), Action::Pass);
        let is_alone = !state.links.iter().any(|link| link.is_open_to_hub);
        may(is_alone && !state.links.is_empty() && done.forgotten < most.forgotten, Action::Forget);
        may(done.saved < most.saved, Action::Save);
        may(state.client.is_saved() && done.restored < most.restored, Action::Restore);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let defect = self.defect;
        let done = match action {
            Action::Ask => {
                let number = state.happened.asked;
                state.happened.asked += 1;
                state.at_client(defect, client::Input::Ask(number))
            }
            Action::Reply => {
                state.at_hub(defect, hub::Input::Reply);
                true
            }
            Action::Dial => {
                state.links.push(Link::new());
                state.at_hub(defect, hub::Input::Accept);
                state.at_client(defect, client::Input::Opened)
            }
            Action::ToHub(place) => state.deliver_to_hub(place, defect),
            Action::ToClient(place) => state.deliver_to_client(place, defect),
            Action::Cut => {
                state.happened.cut += 1;
                state.cut(defect);
                true
            }
            Action::HubHears(place) => {
                let link = &mut state.links[place];
                (link.is_open_to_hub, link.to_hub) = (false, VecDeque::new());
                state.at_hub(defect, hub::Input::Closed(place));
                true
            }
            Action::Retry => {
                let due = state.client.due();
                due.inspect(|at| state.pass(defect, *at)).is_some()
            }
            Action::Pass => {
                state.happened.passed += 1;
                let due = state.soon();
                due.inspect(|at| state.pass(defect, *at)).is_some()
            }
            Action::Forget => {
                state.happened.forgotten += 1;
                state.pass(defect, state.millis + KEPT + 1_000);
                true
            }
            Action::Save => {
                state.happened.saved += 1;
                Arc::make_mut(&mut state.client).save()
            }
            Action::Restore => {
                state.happened.restored += 1;
                if let Some(place) = state.link() {
                    let link = &mut state.links[place];
                    (link.is_open_to_client, link.to_client) = (false, VecDeque::new());
                }
                let life = u64::from(state.happened.restored);
                Arc::make_mut(&mut state.client).restore(state.millis, life);
                state.at_client(defect, client::Input::Connect)
            }
        };
        done.then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

fn now_at(millis: u64) -> Now {
    let passed = Duration::from_millis(millis);
    let start = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000));
    Now::new(start.mono + passed, start.wall + passed)
}

/// When a deadline of a machine is, as milliseconds.
fn millis_of(at: Mono) -> u64 {
    at.as_nanos().div_ceil(1_000_000).saturating_sub(1_000)
}
