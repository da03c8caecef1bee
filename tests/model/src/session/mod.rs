//! Two ends of one session, and the links that carry it.

mod defect;
mod end;
pub mod properties;

pub use defect::Defect;
pub use end::End;

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use pamlink::delivery::{Session, SessionConfig};
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{self, Channel, Epoch, Message, SessionId};
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};
use stateright::{Model, Property};

/// A client and a server of one session, with all that may happen to them.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionModel {
    /// What happens how often at most.
    pub most: Happened,
    /// A planted defect.
    pub defect: Option<Defect>,
}

/// How often something has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the bounds of a run are a literal")]
pub struct Happened {
    /// The client's host sends an item.
    pub client_sent: u8,
    /// The server's host sends an item.
    pub server_sent: u8,
    /// The server's host rejects the item that it was given last.
    pub rejected: u8,
    /// The client's host cancels all streams of its user.
    pub cancelled: u8,
    /// The link is gone, with what is on its way.
    pub cut: u8,
    /// The client takes another link while it has one, over which the server may still hear it.
    pub taken_over: u8,
    /// Time passes to the next deadline.
    pub passed: u8,
    /// The server is made anew, under the same id or as one that knows no session.
    pub emptied: u8,
    /// An end is saved.
    pub saved: u8,
    /// An end goes back to what was saved.
    pub restored: u8,
}

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "nothing outside matches on it")]
pub enum Action {
    /// The client's host sends an item.
    ClientSends,
    /// The server's host sends an item.
    ServerSends,
    /// The server's host rejects the item that it was given last.
    Reject,
    /// The client's host cancels all streams of its user.
    Cancel,
    /// The server's host answers the first cancel that waits.
    Answer,
    /// The client takes a link, and leaves the one that it has.
    Attach,
    /// The link is gone at both ends, with what is on its way.
    Cut,
    /// The next envelope arrives at the server.
    ToServer,
    /// The next envelope arrives at the client.
    ToClient,
    /// The next envelope of the link that the client has left arrives at the server.
    OldToServer,
    /// The next envelope of the link that the client has left arrives there.
    OldToClient,
    /// Time passes to the next deadline.
    Pass,
    /// The server is made anew under the same id, with an empty memory.
    Empty,
    /// The server is made anew, and does not know the session.
    Forget,
    /// The client is saved.
    SaveClient,
    /// The server is saved.
    SaveServer,
    /// The client goes back to what was saved.
    RestoreClient,
    /// The server goes back to what was saved.
    RestoreServer,
}

/// The two ends, and what is on its way between them.
#[derive(Clone, Debug)]
pub struct State {
    pub(self) client: Arc<End>,
    pub(self) server: Arc<End>,
    /// The link that the client has.
    link: Link,
    /// The one that it has left.
    old: Link,
    server_on: On,
    /// The server has no session of the client's id.
    is_forgotten: bool,
    /// A client has begun the session.
    has_begun: bool,
    /// How often the server has begun without memory.
    life: u8,
    /// What the id of the server's session is made of.
    server_id: u8,
    millis: u64,
    happened: Happened,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Link {
    to_client: VecDeque<Arc<str>>,
    to_server: VecDeque<Arc<str>>,
}

/// Over which link the server has the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum On {
    None,
    Link,
    Old,
}

const CHANNEL: Channel = Channel(0);

/// What the first items of the server are called; those of the client begin at 0.
const SERVER_ITEMS: u8 = 16;

impl State {
    fn new() -> Self {
        let client = Session::client(config(), Seed::from_number(1));
        Self {
            client: Arc::new(End::new(client)),
            server: Arc::new(End::new(new_server(0, 1))),
            link: Link::default(),
            old: Link::default(),
            server_on: On::None,
            is_forgotten: false,
            has_begun: false,
            life: 0,
            server_id: 1,
            millis: 0,
            happened: Happened::default(),
        }
    }

    fn now(&self) -> Now {
        let passed = Duration::from_millis(self.millis);
        Now::new(Mono::from_millis(self.millis), Wall::EPOCH + passed)
    }

    /// Lets something happen to the client, and takes what it has to say.
    fn at_client(&mut self, does: impl FnOnce(&mut End, Now) -> bool) -> bool {
        let now = self.now();
        let client = Arc::make_mut(&mut self.client);
        let done = does(client, now);
        client.drain(&mut self.link.to_server);
        done
    }

    /// The same for the server, which speaks over the link that it knows.
    fn at_server(
        &mut self,
        defect: Option<Defect>,
        does: impl FnOnce(&mut End, Now) -> bool,
    ) -> bool {
        let now = self.now();
        let server = Arc::make_mut(&mut self.server);
        let done = does(server, now);
        let mut nowhere = VecDeque::new();
        server.drain(match self.server_on {
            On::Link => &mut self.link.to_client,
            On::Old if defect == Some(Defect::HandsOnTheOld) => &mut self.old.to_client,
            On::Old | On::None => &mut nowhere,
        });
        done
    }

    fn attach(&mut self, defect: Option<Defect>) -> bool {
        let was_attached = self.client.session.is_attached();
        self.old = std::mem::take(&mut self.link);
        // Whoever owns the links hands nothing on of one that was left.
        if defect != Some(Defect::HandsOnTheOld) {
            self.old.to_client.clear();
        }
        self.server_on = match self.server_on {
            On::Link => On::Old,
            On::Old | On::None => On::None,
        };
        self.happened.taken_over += u8::from(was_attached);
        self.at_client(|client, now| client.session.attach(now, CHANNEL).is_ok())
    }

    fn cut(&mut self, defect: Option<Defect>) {
        (self.link, self.old) = (Link::default(), Link::default());
        self.server_on = On::None;
        for end in [&mut self.client, &mut self.server] {
            let now = Now::new(Mono::from_millis(self.millis), Wall::EPOCH);
            let end = Arc::make_mut(end);
            end.session.detach(now);
            end.drain(&mut VecDeque::new());
            let again = defect.map_or_else(Vec::new, |defect| defect.handle_cut(end));
            for item in again {
                end.send(now, item);
            }
            end.drain(&mut VecDeque::new());
        }
    }

    fn deliver_to_server(&mut self, over: On, defect: Option<Defect>) -> bool {
        let link = if over == On::Old { &mut self.old } else { &mut self.link };
        let Some(text) = next(&mut link.to_server, defect) else { return false };
        let text = match defect {
            None => text,
            Some(defect) => match defect.to_server(text, self) {
                Some(text) => text,
                None => return true,
            },
        };
        let opening = opens(&text);
        if self.server_on != over && opening.is_none() {
            // It comes over a link that the session has left, or not come to.
            return true;
        }
        if let Some(opening) = opening
            && self.server_on != over
            && !self.take(over, opening)
        {
            return true;
        }
        self.at_server(defect, |server, now| {
            server.handle_text(now, &text);
            true
        })
    }

    /// The server is to have the session over this link, as whoever owns its sessions does;
    /// whether it has it.
    fn take(&mut self, over: On, opening: Opening) -> bool {
        let (now, left) = (self.now(), self.server_on);
        let is_new = opening == Opening::New;
        let is_known = self.server.session.id().is_some_and(|id| opening == Opening::Known(id));
        if !is_new && (self.is_forgotten || !is_known) {
            if over == On::Link {
                self.link.to_client.push_back(unknown());
            }
            return false;
        }
        if is_new {
            if left == On::Link {
                // A session of its own that nobody uses, beside the one that the client has.
                return false;
            }
            if self.has_begun {
                // The client knows nothing of the one before, which ends without it in its time.
                self.make_server(self.server_id + 1);
                // Its host hears then that it has ended.
                Arc::make_mut(&mut self.server).host.knows_of_loss = true;
            }
            (self.has_begun, self.is_forgotten) = (true, false);
        }
        let server = Arc::make_mut(&mut self.server);
        self.server_on = over;
        // The link that the session leaves hears so (V-5.8).
        if left == On::Link {
            self.link.to_client.push_back(r#"{"type":"closed","code":"superseded"}"#.into());
        }
        server.session.attach(now, CHANNEL).is_ok()
    }

    /// The server begins without memory. What its host has sent is forgotten with it, and what that
    /// has done stays done.
    fn make_server(&mut self, id: u8) {
        (self.life, self.server_id) = (self.life + 1, id);
        let server = Arc::make_mut(&mut self.server);
        let mut host = server.host.clone();
        (host.sent, host.fates, host.last) = (Vec::new(), Vec::new(), None);
        host.asked.clear();
        server.replace(new_server(self.life, id), host);
        server.drain(&mut VecDeque::new());
    }

    fn deliver_to_client(&mut self, over: On, defect: Option<Defect>) -> bool {
        let link = if over == On::Old { &mut self.old } else { &mut self.link };
        let Some(text) = next(&mut link.to_client, defect) else { return false };
        let text = match defect {
            None => Some(text),
            Some(defect) => defect.to_client(text, &self.client),
        };
        let Some(text) = text else { return true };
        self.at_client(|client, now| {
            client.handle_text(now, &text);
            true
        })
    }

    fn pass(&mut self, defect: Option<Defect>) -> bool {
        let deadlines = [&self.client, &self.server].map(|end| end.session.poll_timeout());
        let Some(next) = deadlines.into_iter().flatten().map(|it| it.at).min() else {
            return false;
        };
        self.millis = self.millis.max(next.as_nanos().div_ceil(1_000_000));
        let passes = |end: &mut End, now| {
            end.session.handle_timeout(now);
            if let Some(defect) = defect {
                defect.handle_time(end);
            }
            true
        };
        self.at_client(passes);
        self.at_server(defect, passes)
    }

    /// Nothing is on its way, and nothing is due.
    fn is_at_rest(&self) -> bool {
        self.server_on == On::Link
            && self.link == Link::default()
            && self.client.is_at_rest()
            && self.server.is_at_rest()
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.client.digest(), self.server.digest()).hash(state);
        (&self.link, &self.old, self.server_on, self.is_forgotten).hash(state);
        (self.has_begun, self.life, self.server_id, self.millis, self.happened).hash(state);
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        let parts = |it: &Self| {
            let ends = (it.client.digest(), it.server.digest(), it.server_on);
            (ends, it.is_forgotten, it.has_begun, it.life, it.server_id, it.millis, it.happened)
        };
        parts(self) == parts(other) && self.link == other.link && self.old == other.old
    }
}

impl Model for SessionModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let (done, most) = (&state.happened, &self.most);
        let mut may = |may: bool, action: Action| actions.extend(may.then_some(action));
        may(done.client_sent < most.client_sent, Action::ClientSends);
        may(done.server_sent < most.server_sent && !state.is_forgotten, Action::ServerSends);
        may(done.rejected < most.rejected && state.server.host.last.is_some(), Action::Reject);
        let is_attached = state.client.session.is_attached();
        may(!is_attached || done.taken_over < most.taken_over, Action::Attach);
        may(done.cancelled < most.cancelled, Action::Cancel);
        may(!state.server.host.asked.is_empty(), Action::Answer);
        may(is_attached && done.cut < most.cut, Action::Cut);
        may(!state.link.to_server.is_empty(), Action::ToServer);
        may(!state.link.to_client.is_empty(), Action::ToClient);
        may(!state.old.to_server.is_empty(), Action::OldToServer);
        may(!state.old.to_client.is_empty(), Action::OldToClient);
        may(done.passed < most.passed, Action::Pass);
        let has_begun = state.client.session.id().is_some() && !state.is_forgotten;
        may(has_begun && done.emptied < most.emptied, Action::Empty);
        may(has_begun && done.emptied < most.emptied, Action::Forget);
        may(state.client.session.id().is_some() && done.saved < most.saved, Action::SaveClient);
        may(has_begun && done.saved < most.saved, Action::SaveServer);
        let restores = |end: &End| end.saved.is_some() && done.restored < most.restored;
        may(restores(&state.client), Action::RestoreClient);
        may(restores(&state.server), Action::RestoreServer);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let defect = self.defect;
        let done = match action {
            Action::ClientSends => {
                let item = state.happened.client_sent;
                state.happened.client_sent += 1;
                state.at_client(|client, now| client.send(now, item))
            }
            Action::ServerSends => {
                let item = SERVER_ITEMS + state.happened.server_sent;
                state.happened.server_sent += 1;
                state.at_server(defect, |server, now| server.send(now, item))
            }
            Action::Reject => {
                state.happened.rejected += 1;
                state.at_server(defect, End::reject)
            }
            Action::Cancel => {
                state.happened.cancelled += 1;
                state.at_client(End::cancel)
            }
            Action::Answer => state.at_server(defect, End::answer),
            Action::Attach => state.attach(defect),
            Action::Cut => {
                state.happened.cut += 1;
                state.cut(defect);
                true
            }
            Action::ToServer => state.deliver_to_server(On::Link, defect),
            Action::OldToServer => state.deliver_to_server(On::Old, defect),
            Action::ToClient => state.deliver_to_client(On::Link, defect),
            Action::OldToClient => state.deliver_to_client(On::Old, defect),
            Action::Pass => {
                state.happened.passed += 1;
                state.pass(defect)
            }
            Action::Empty | Action::Forget => {
                state.happened.emptied += 1;
                state.cut(None);
                state.is_forgotten = action == Action::Forget;
                state.make_server(state.server_id);
                true
            }
            Action::SaveClient | Action::SaveServer => {
                state.happened.saved += 1;
                let end = match action {
                    Action::SaveClient => &mut state.client,
                    _ => &mut state.server,
                };
                Arc::make_mut(end).save()
            }
            Action::RestoreClient | Action::RestoreServer => {
                state.happened.restored += 1;
                state.cut(None);
                let seed = Seed::from_number(200 + u64::from(state.happened.restored));
                let keeps_host = defect == Some(Defect::KeepsItsHost);
                let restores = |end: &mut End, now| end.restore(now, seed, keeps_host);
                match action {
                    Action::RestoreClient => state.at_client(restores),
                    _ => {
                        (state.is_forgotten, state.has_begun) = (false, true);
                        state.at_server(defect, restores)
                    }
                }
            }
        };
        done.then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

/// What an `open` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    New,
    Known(SessionId),
}

fn opens(text: &str) -> Option<Opening> {
    let envelope = Envelope::parse(text, v1::DEPTH).ok()?;
    match Message::read(&envelope) {
        Ok(Some((_, Message::Open(open)))) => {
            Some(open.session.map_or(Opening::New, Opening::Known))
        }
        _ => None,
    }
}

/// The next envelope of a link.
fn next(link: &mut VecDeque<Arc<str>>, defect: Option<Defect>) -> Option<Arc<str>> {
    let first = link.pop_front()?;
    let second = link.front().map_or("", |text| text);
    match defect.and_then(|defect| defect.reordered(&first, second)) {
        None => Some(first),
        Some((first, second)) => {
            link[0] = second;
            Some(first)
        }
    }
}

/// What a server answers that does not have the session.
fn unknown() -> Arc<str> {
    let (session, nothing) = ("00".repeat(16), r#"["0000000000000000",0]"#);
    let says = format!(
        concat!(
            r#"{{"type":"opened","session":"{}","answer":"unknown","received":{},"from":{},"sent":{},"#,
            r#""log":"0000000000000000","window":{{"envelopes":512,"bytes":262144}},"keep":120000}}"#,
        ),
        session, nothing, nothing, nothing,
    );
    says.into()
}

fn config() -> SessionConfig {
    SessionConfig::default()
}

/// A server's end without memory; each time with another source of randomness.
fn new_server(life: u8, id: u8) -> Session {
    let (id, log) = (SessionId::from_bytes([id; 16]), Epoch::from_bits(0x109));
    Session::server(config(), id, log, Seed::from_number(100 + u64::from(life)))
}
