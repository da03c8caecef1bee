//! Clients that talk over wires that break, and the account of what came of it.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pamlink_tokio::{Client, ClientConfig, Event};
use tokio::task::{JoinHandle, JoinSet};

use super::account::Account;
use super::asked::{Asked, ms};
use crate::ensure;
use crate::report::bench::{Dice, Failure};
use crate::report::peers::{Proxy, Watch};
use crate::report::suites::house::{
    Arrivals, House, Plan, client_config, impatient, metric, pam_config, start,
};
use crate::report::suites::{json, stories};

/// What clients and server speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Pam,
    V1,
}

impl Dialect {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pam => "pam",
            Self::V1 => "pamlink.v1",
        }
    }

    fn config(self, dice: &mut Dice) -> ClientConfig {
        impatient(match self {
            Self::Pam => pam_config(dice),
            Self::V1 => client_config(dice),
        })
    }
}

/// How much is said, and how often wires break.
#[derive(Clone, Copy, Debug)]
pub(super) struct Talk {
    pub(super) dialect: Dialect,
    /// In how many of a hundred messages of either way the wire is cut.
    pub(super) percent: u64,
    pub(super) users: usize,
    /// Requests of each user, and pushes to it.
    pub(super) rounds: usize,
}

/// Every which request is one for a story.
const STORY_EVERY: usize = 3;
const WORDS: usize = 12;
/// Between two words.
const PAUSE: Duration = Duration::from_millis(8);
/// Requests of a user under way at once.
const AT_ONCE: usize = 4;
/// Between two requests of a user.
const BREATH: Duration = Duration::from_millis(3);
/// The `type` of what is pushed.
const PUSHED: &str = "note";

impl Talk {
    /// Runs it to its end, and says what became of it.
    pub(super) async fn hold(self, mut dice: Dice) -> Result<Account, Failure> {
        let arrivals = Arrivals::default();
        let mut plan = Plan::new();
        plan.arrivals = Some(arrivals.clone());
        let house = Arc::new(plan.build(&mut dice).await?);
        let proxy = Proxy::start(house.address).await?;
        let cutter = proxy.cutter();
        cutter.cut_messages(self.percent, dice.clone());
        let mut talking = JoinSet::new();
        for number in 0..self.users {
            let (config, name) = (self.dialect.config(&mut dice), format!("user-{number}"));
            let (house, address) = (Arc::clone(&house), proxy.address());
            talking.spawn(async move {
                let client = start(address, &name, config)?;
                // Welcomes are cut as well: what bounds this is the limit of the case.
                client.ready().await?;
                User::of(client, name).talk(&house, self.rounds).await
            });
        }
        let mut users = Vec::new();
        while let Some(user) = talking.join_next().await {
            users.push(user??);
        }
        // What is under way still has a link on which to come.
        let (messages, cuts) = (cutter.messages(), cutter.count());
        cutter.cut_messages(0, dice);
        let mut account = Account { messages, cuts, ..Account::default() };
        for user in users {
            user.conclude(self.dialect, &house, &arrivals, &mut account).await?;
        }
        Ok(account)
    }
}

/// One who talks.
struct User {
    name: String,
    client: Client,
    watch: Watch,
    asked: Vec<Asked>,
    /// When each push was given to the server.
    pushed: Vec<Instant>,
}

impl User {
    fn of(client: Client, name: String) -> Self {
        let watch = Watch::of(&client);
        Self { name, client, watch, asked: Vec::new(), pushed: Vec::new() }
    }

    /// Asks and is pushed to, some at once.
    async fn talk(mut self, house: &House, rounds: usize) -> Result<Self, Failure> {
        // From its answer on the server knows the session.
        self.client.ask("hello").await?;
        let mut under_way: VecDeque<JoinHandle<Asked>> = VecDeque::new();
        for round in 0..rounds {
            self.pushed.push(Instant::now());
            // Whether it has reached anybody, the client's events will tell.
            let note = format!(r#"{{"type":"{PUSHED}","n":{round}}}"#);
            let _ = house.handle.push(&self.name, &note)?;
            let name = format!("{}-{round}", self.name);
            let is_story = round % STORY_EVERY == STORY_EVERY - 1;
            let text = if is_story { stories::request(WORDS, PAUSE, &name) } else { name };
            let answer = self.client.stream(text.as_str())?;
            let mut asked = Asked::now(text);
            under_way.push_back(tokio::spawn(async move {
                // What bounds this is the limit of the case.
                asked.follow(answer, pending).await;
                asked
            }));
            if under_way.len() == AT_ONCE
                && let Some(first) = under_way.pop_front()
            {
                self.asked.push(first.await?);
            }
            tokio::time::sleep(BREATH).await;
        }
        for asked in under_way {
            self.asked.push(asked.await?);
        }
        Ok(self)
    }

    /// Adds what has become of all that this user was part of.
    async fn conclude(
        self,
        dialect: Dialect,
        house: &House,
        arrivals: &Arrivals,
        account: &mut Account,
    ) -> Result<(), Failure> {
        self.client.ask("goodbye").await?;
        if dialect == Dialect::V1 {
            self.watch.wait("the last push", self.pushed.len(), |e| pushed(e).is_some()).await?;
        }
        let ended = metric(&self.client.metrics(), "pamlink_requests_total", "")
            - metric(&self.client.metrics(), "pamlink_requests_total", "late");
        let asked = self.asked.len() + 2;
        ensure!(ended == asked as f64, "{asked} requests had {ended} ends");

        let place = |text: &String| self.asked.iter().position(|asked| asked.text == *text);
        let came: Vec<_> = arrivals.of(&self.name).iter().filter_map(place).collect();
        account.requests.count(self.asked.len(), &came);
        for asked in &self.asked {
            account.unanswered.extend(fault(asked));
            if !stories::is_request(&asked.text) {
                account.requests.late.push(asked.took);
                continue;
            }
            account.words.count(WORDS, &asked.numbers());
            let said = house.stories.of(&asked.text).said;
            let late =
                asked.words.iter().filter_map(|(number, at)| Some(ms(*said.get(*number)?, *at)));
            account.words.late.extend(late);
        }
        let events = self.watch.events();
        let came: Vec<_> =
            events.iter().filter_map(|(at, event)| Some((pushed(event)?, *at))).collect();
        let numbers: Vec<_> = came.iter().map(|(number, _)| *number).collect();
        account.pushes.count(self.pushed.len(), &numbers);
        let late = came.iter().filter_map(|(number, at)| Some(ms(*self.pushed.get(*number)?, *at)));
        account.pushes.late.extend(late);
        self.client.close().await;
        Ok(())
    }
}

/// What is wrong with how a request ended.
fn fault(asked: &Asked) -> Option<String> {
    let Asked { text, answer, .. } = asked;
    let right = match answer {
        Some(Ok(answer)) if stories::is_request(text) => *answer == stories::text(WORDS),
        Some(Ok(answer)) => answer.ends_with(text),
        Some(Err(_)) | None => false,
    };
    (!right).then(|| format!("{text:?} ended with {answer:?}"))
}

/// The number of a push.
fn pushed(event: &Event) -> Option<usize> {
    let Event::Message { message, .. } = event else { return None };
    let message = json(message.as_str()).ok()?;
    (message["type"] == PUSHED).then(|| message["n"].as_u64())?.map(|number| number as usize)
}
