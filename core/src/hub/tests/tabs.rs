//! Tabs of the web clients that were there before: they come back a second after any close but
//! 1000, begin their backoff anew whenever a link opens, and hear no `retry_after`.

use core::time::Duration;

use super::support::Host;
use crate::hub::{HubConfig, LinkId};

const SECOND: Duration = Duration::from_secs(1);

/// A user's tabs, second by second.
struct Tabs {
    host: Host,
    tabs: Vec<Tab>,
    /// How often a tab has dialled.
    dials: usize,
    /// The last second in which one did.
    last_dial: usize,
    seconds: usize,
}

/// One tab, and its link while it has one.
#[derive(Clone, Copy)]
enum Tab {
    Linked(LinkId),
    /// It will dial in the next second.
    Coming,
    /// It was closed with 1000.
    Resting,
}

impl Tabs {
    /// A browser that opens so many tabs at once.
    fn open(count: usize) -> Self {
        let host = Host::with(HubConfig::default());
        let tabs = vec![Tab::Coming; count];
        Self { host, tabs, dials: 0, last_dial: 0, seconds: 0 }
    }

    fn pass(&mut self, seconds: usize) {
        for _ in 0..seconds {
            self.seconds += 1;
            for at in 0..self.tabs.len() {
                self.tabs[at] = match self.tabs[at] {
                    Tab::Linked(link) => {
                        match self.host.peers[&link].closed.as_ref().map(|closed| closed.0) {
                            None => Tab::Linked(link),
                            Some(1000) => Tab::Resting,
                            Some(_) => Tab::Coming,
                        }
                    }
                    Tab::Coming => {
                        (self.dials, self.last_dial) = (self.dials + 1, self.seconds);
                        Tab::Linked(self.host.dial("/api/v1/pam/ws/ada?token=ada"))
                    }
                    Tab::Resting => Tab::Resting,
                };
            }
            self.host.pass(SECOND);
            for tab in &self.tabs {
                if let Tab::Linked(link) = *tab
                    && self.host.peers[&link].closed.is_none()
                {
                    self.host.say(link, r#"{"type":"pong"}"#);
                }
            }
        }
    }

    /// The page of a tab is loaded anew.
    fn reload(&mut self, at: usize) {
        if let Tab::Linked(link) = self.tabs[at] {
            self.host.cut(link);
        }
        self.tabs[at] = Tab::Coming;
    }

    fn linked(&self) -> usize {
        let open =
            |tab: &&Tab| matches!(tab, Tab::Linked(link) if self.host.peers[link].closed.is_none());
        self.tabs.iter().filter(open).count()
    }
}

#[test]
fn tabs_of_existing_clients_come_to_rest() {
    for (tabs, linked) in [(1, 1), (10, 10), (30, 30), (32, 32), (33, 32), (50, 32)] {
        let mut tabs = Tabs::open(tabs);
        tabs.pass(600);
        let dials = (tabs.dials, tabs.last_dial);
        assert_eq!(dials, (tabs.tabs.len(), 1), "nobody came back, for nobody had to");
        assert_eq!(tabs.linked(), linked);
    }
}

#[test]
fn a_crowd_of_tabs_comes_to_rest_within_a_minute() {
    let mut tabs = Tabs::open(100);
    tabs.pass(600);
    assert_eq!(tabs.linked(), 32);
    assert!(tabs.last_dial <= 60, "the last one dialled in second {}", tabs.last_dial);
}

#[test]
fn reloads_lock_nobody_out() {
    // Twenty in a minute, in one of ten tabs.
    let mut tabs = Tabs::open(10);
    tabs.pass(10);
    for _ in 0..20 {
        tabs.reload(3);
        tabs.pass(3);
        assert_eq!(tabs.linked(), 10, "after {} dials", tabs.dials);
    }
    assert_eq!(tabs.dials, 30);
    // A page that reloads itself all the time.
    for _ in 0..300 {
        tabs.reload(3);
        tabs.pass(1);
    }
    tabs.pass(2);
    assert_eq!(tabs.linked(), 10);
    let last = tabs.last_dial;
    tabs.pass(600);
    assert_eq!((tabs.linked(), tabs.last_dial), (10, last));
    // All tabs come back at once from a restart, twice.
    for _ in 0..2 {
        for at in 0..10 {
            tabs.reload(at);
        }
        tabs.pass(1);
        assert_eq!(tabs.linked(), 10);
    }
}
