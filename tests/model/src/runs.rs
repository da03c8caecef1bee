//! What is checked: each model with its bounds, near for the tests and far for the command.

use std::time::Duration;

use crate::engines::{self, Beginning, Dialect, EnginesModel};
use crate::session::{self, SessionModel};
use crate::streams::{self, StreamsModel};
use crate::{Checked, Checking, check};

/// A model with its bounds.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// What it is called in the table.
    pub name: &'static str,
    /// The most steps in the tests, which are to end soon.
    pub near: usize,
    /// The most steps of the command.
    pub far: usize,
    most: Most,
}

#[derive(Clone, Copy, Debug)]
enum Most {
    Session(session::Happened),
    Streams(streams::Happened),
    Engines(engines::Happened, Beginning, &'static [Dialect]),
}

/// Every run.
pub const ALL: &[Run] = &[
    LINKS,
    CANCELS,
    FORGETS,
    SNAPSHOTS,
    BOTH,
    PRODUCERS,
    READER,
    LEASES,
    TWO_SERVERS,
    AGREEING,
    TAKEOVER,
    REPEATS,
];

/// A session whose links break and are left for others.
pub const LINKS: Run = Run {
    name: "session: links that break",
    near: 11,
    far: 40,
    most: Most::Session(session::Happened {
        client_sent: 2,
        server_sent: 1,
        rejected: 1,
        cut: 1,
        taken_over: 1,
        passed: 1,
        ..NO_SESSION
    }),
};

/// A cancel in a session whose links break and are left for others.
pub const CANCELS: Run = Run {
    name: "session: a cancel",
    near: 11,
    far: 40,
    most: Most::Session(session::Happened {
        client_sent: 1,
        cancelled: 1,
        cut: 1,
        taken_over: 1,
        passed: 1,
        ..NO_SESSION
    }),
};

/// A session at a server that loses its memory.
pub const FORGETS: Run = Run {
    name: "session: a server that forgets",
    near: 13,
    far: 40,
    most: Most::Session(session::Happened {
        client_sent: 1,
        server_sent: 1,
        cut: 1,
        passed: 1,
        emptied: 1,
        ..NO_SESSION
    }),
};

/// A session of which either end goes back to an older snapshot.
pub const SNAPSHOTS: Run = Run {
    name: "session: older snapshots",
    near: 10,
    far: 40,
    most: Most::Session(session::Happened {
        client_sent: 2,
        server_sent: 1,
        passed: 1,
        saved: 1,
        restored: 2,
        ..NO_SESSION
    }),
};

/// A session whose client goes back to an older snapshot, at a server that loses its memory.
pub const BOTH: Run = Run {
    name: "session: a snapshot, a lost memory",
    near: 10,
    far: 18,
    most: Most::Session(session::Happened {
        client_sent: 1,
        emptied: 1,
        passed: 1,
        saved: 1,
        restored: 1,
        ..NO_SESSION
    }),
};

/// A stream at one server: two producers, and a cancel before, between and after.
pub const PRODUCERS: Run = Run {
    name: "stream: producers and a cancel",
    near: 8,
    far: 40,
    most: Most::Streams(streams::Happened {
        begun: 1,
        claimed: 2,
        appended: 2,
        restarted: 1,
        finished: 1,
        cancelled: 1,
        ..NO_STREAM
    }),
};

/// A stream at one server: a reader comes and goes while its text grows, begins anew and ends.
pub const READER: Run = Run {
    name: "stream: a reader comes and goes",
    near: 10,
    far: 40,
    most: Most::Streams(streams::Happened {
        begun: 1,
        claimed: 1,
        appended: 2,
        restarted: 1,
        finished: 1,
        followed: 1,
        ..NO_STREAM
    }),
};

/// A stream at one server whose log fails once, in the time in which leases lapse.
pub const LEASES: Run = Run {
    name: "stream: leases that lapse",
    near: 8,
    far: 14,
    most: Most::Streams(streams::Happened {
        begun: 1,
        claimed: 1,
        appended: 1,
        failed: 1,
        followed: 1,
        passed: 3,
        ..NO_STREAM
    }),
};

/// A stream at two servers over one log that fails once.
pub const TWO_SERVERS: Run = Run {
    name: "stream: two servers, one log",
    near: 7,
    far: 18,
    most: Most::Streams(streams::Happened {
        begun: 1,
        claimed: 1,
        claimed_elsewhere: 1,
        appended: 2,
        cancelled: 1,
        failed: 1,
        passed: 1,
        ..NO_STREAM
    }),
};

/// A client of this build and of others, and a hub: what they agree on.
pub const AGREEING: Run = Run {
    name: "engines: what is agreed on",
    near: 10,
    far: 10,
    most: Most::Engines(engines::Happened { asked: 1, ..NO_ENGINES }, Beginning::Apart, DIALECTS),
};

/// A client and a hub that still hears the link which the client has lost.
pub const TAKEOVER: Run = Run {
    name: "engines: a newer link",
    near: 12,
    far: 12,
    most: Most::Engines(
        engines::Happened { asked: 1, cut: 1, ..NO_ENGINES },
        Beginning::Connected,
        OWN,
    ),
};

/// A client of an older snapshot, at a hub that has forgotten its session or not.
pub const REPEATS: Run = Run {
    name: "engines: a repeat, another session",
    near: 12,
    far: 12,
    most: Most::Engines(
        engines::Happened { asked: 1, forgotten: 1, saved: 1, restored: 1, ..NO_ENGINES },
        Beginning::Saved,
        OWN,
    ),
};

impl Run {
    /// Checks it, to this depth and no longer than this.
    pub fn check(&self, depth: usize, time: Duration) -> Checked {
        let checking = Checking { depth, states: usize::MAX, time };
        match self.most {
            Most::Session(most) => check(self.name, SessionModel { most, defect: None }, checking),
            Most::Streams(most) => check(self.name, StreamsModel { most, defect: None }, checking),
            Most::Engines(most, begins, dialects) => {
                let model = EnginesModel { most, begins, dialects, defect: None };
                check(self.name, model, checking)
            }
        }
    }
}

const NO_SESSION: session::Happened = session::Happened {
    client_sent: 0,
    server_sent: 0,
    rejected: 0,
    cancelled: 0,
    cut: 0,
    taken_over: 0,
    passed: 0,
    emptied: 0,
    saved: 0,
    restored: 0,
};

const NO_STREAM: streams::Happened = streams::Happened {
    begun: 0,
    claimed: 0,
    claimed_elsewhere: 0,
    appended: 0,
    restarted: 0,
    finished: 0,
    cancelled: 0,
    failed: 0,
    followed: 0,
    passed: 0,
};

const NO_ENGINES: engines::Happened =
    engines::Happened { asked: 0, cut: 0, passed: 0, forgotten: 0, saved: 0, restored: 0 };

const OWN: &[Dialect] = &[Dialect::OWN];

/// Of this build, without features, with more of them and another version beside, of other versions
/// alone, and at a server that welcomes with one that its client does not speak.
const DIALECTS: &[Dialect] = &[
    Dialect::OWN,
    Dialect { features: 0, ..Dialect::OWN },
    Dialect { versions: (1, 3), features: 7, ..Dialect::OWN },
    Dialect { versions: (2, 3), ..Dialect::OWN },
    Dialect { welcomes: 2, ..Dialect::OWN },
];
