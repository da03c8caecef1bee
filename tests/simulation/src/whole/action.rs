//! What may happen in a world of whole engines, and what chooses it.

use crate::random::Random;

/// One thing that happens. Devices and requests are places in lists, taken within what there is,
/// requests counted from the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A device asks something, with so many bytes of padding.
    Ask { device: u32, padding: u32 },
    /// A device cancels one of its requests.
    Cancel { device: u32, request: u32 },
    /// A device's host leaves one of its requests.
    Abandon { device: u32, request: u32 },
    /// The hub's host pushes to the user of a device.
    Push { device: u32 },
    /// The hub's host gives so many characters more of an answer.
    Piece { request: u32, characters: u32 },
    /// The hub's host answers.
    Reply { request: u32, fails: bool },
    /// A device submits something, with so many bytes of padding, which waits for a second at the
    /// most or takes the place of what waits under its key.
    Submit { device: u32, padding: u32, is_brief: bool, has_key: bool },
    /// A device leaves its other session, or opens one where it has none.
    Leave { device: u32 },
    /// The hub is drained within so many milliseconds; then its process ends, and another begins.
    Drain { spread: u32 },
    /// So many milliseconds pass.
    Pass(u32),
    /// Something goes wrong.
    Fault(Fault),
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A link is cut: of the bytes on their way this share of a thousand still arrives.
    Cut { device: u32, up: u32, down: u32 },
    /// A link is cut, and one end of it, or both, does not hear of it.
    HalfOpen { device: u32, at_client: bool, at_hub: bool },
    /// One direction of a link carries nothing any more.
    Stall { device: u32, is_up: bool },
    /// A link takes so much longer from here on.
    Slow { device: u32, millis: u32 },
    /// The next dials of a device meet a proxy that answers itself.
    Proxy { device: u32, status: u16, times: u32 },
    /// The next dials of a device fail.
    Unreachable { device: u32, times: u32 },
    /// A device sleeps: nothing comes in, and its timers come late.
    Sleep { device: u32, millis: u32 },
    /// A device's clock jumps forward.
    Jump { device: u32, millis: u32 },
    /// The next tokens that the hub is shown are refused.
    TokensRefused { times: u32 },
    /// A device's host gets no token, so many times.
    TokensMissing { device: u32, times: u32 },
    /// The hub's process dies, and another begins with nothing.
    Restart,
    /// A device's process dies, and another begins with what was stored.
    Reborn { device: u32 },
    /// The log of the hub's host cannot be reached, so many times.
    LogMissing { times: u32 },
    /// The hub tells the links of a device's user to move within so many milliseconds.
    Rotate { device: u32, within: u32 },
    /// The tokens that there are count no more, and the links of a device's user are closed for it.
    TokensRevoked { device: u32 },
    /// The hub's clock jumps forward.
    HubJump { millis: u32 },
    /// The hub's process ends, and one of a build begins that speaks `pam` alone; or, where it is of
    /// that, one that speaks both.
    RolledBack,
}

/// Whose links a fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hits {
    /// Those of one device.
    One(u32),
    All,
    /// Nobody's: they are told something, and go on.
    Nobody,
}

impl Fault {
    /// What each kind is called, in the order of [`kind`](Self::kind).
    pub(super) const KINDS: [&str; 17] = [
        "links cut",
        "links half open",
        "directions stalled",
        "links slowed",
        "dials answered by proxies",
        "dials failed",
        "devices asleep",
        "clocks that jump",
        "tokens refused",
        "tokens missing",
        "hubs restarted",
        "devices restarted",
        "logs missing",
        "links told to move",
        "tokens revoked",
        "clocks of hubs that jump",
        "hubs rolled back or forward",
    ];
    /// How many kinds are drawn as faults; the others come beside what else happens.
    const DRAWN: usize = 14;

    /// Whose links it hits.
    pub(super) const fn hits(self) -> Hits {
        match self {
            Self::Cut { device, .. }
            | Self::HalfOpen { device, .. }
            | Self::Stall { device, .. }
            | Self::Slow { device, .. }
            | Self::Proxy { device, .. }
            | Self::Unreachable { device, .. }
            | Self::Sleep { device, .. }
            | Self::Jump { device, .. }
            | Self::TokensMissing { device, .. }
            | Self::Reborn { device } => Hits::One(device),
            Self::TokensRefused { .. }
            | Self::Restart
            | Self::LogMissing { .. }
            | Self::TokensRevoked { .. }
            | Self::HubJump { .. }
            | Self::RolledBack => Hits::All,
            Self::Rotate { .. } => Hits::Nobody,
        }
    }

    pub(super) const fn kind(self) -> usize {
        match self {
            Self::Cut { .. } => 0,
            Self::HalfOpen { .. } => 1,
            Self::Stall { .. } => 2,
            Self::Slow { .. } => 3,
            Self::Proxy { .. } => 4,
            Self::Unreachable { .. } => 5,
            Self::Sleep { .. } => 6,
            Self::Jump { .. } => 7,
            Self::TokensRefused { .. } => 8,
            Self::TokensMissing { .. } => 9,
            Self::Restart => 10,
            Self::Reborn { .. } => 11,
            Self::LogMissing { .. } => 12,
            Self::Rotate { .. } => 13,
            Self::TokensRevoked { .. } => 14,
            Self::HubJump { .. } => 15,
            Self::RolledBack => 16,
        }
    }
}

/// What a device is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeviceProfile {
    /// It offers `pamlink.v1`.
    pub(super) is_v1: bool,
    /// Its client is behind the packed step.
    pub(super) is_packed: bool,
}

/// What a world is like: drawn from its seed.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    pub(super) devices: Vec<DeviceProfile>,
    pub(super) users: usize,
    /// The most milliseconds that a new link takes.
    pub(super) latency: u32,
    /// How many seconds a token is good for.
    pub(super) token_life: u64,
    /// Where the hub's streams are kept: in its memory, or in a log of its host that takes up to so
    /// many milliseconds.
    pub(super) log: Option<u32>,
    /// Before how many of a hundred actions links are told to move, and whether no fault hits a
    /// device while it changes its link.
    moves: u32,
    pub(super) spares_changes: bool,
    /// Before how many of a thousand actions something is submitted, a session left or opened, and
    /// the hub drained.
    submits: u32,
    leaves: u32,
    abandons: u32,
    drains: u32,
    /// How likely each kind of fault is.
    faults: [u32; Fault::DRAWN],
    /// Before how many of a thousand actions something goes wrong with the hub's clock, its build, or
    /// the tokens that there are.
    upsets: u32,
    /// How likely each kind of work is.
    work: [u32; 5],
    /// How many of a hundred actions are faults, and how many let time pass.
    shares: (u32, u32),
    /// How many milliseconds pass at once, mostly.
    step: u32,
}

impl Profile {
    /// Draws one, of so many devices where that is said.
    pub(super) fn draw(seed: u64, sessions: Option<usize>) -> Self {
        let mut random = Random::of(seed, "whole profile");
        let random = &mut random;
        let count = sessions.unwrap_or_else(|| random.within(1, 5) as usize).max(1);
        let of_v1 = random.one(&[0, 60, 60, 100]);
        let mut faults = [0; Fault::DRAWN];
        let (rotates, others) = faults.split_last_mut().expect("there are kinds");
        for (place, weight) in others.iter_mut().enumerate() {
            let drawn = random.one(&[0, 1, 3, 10]);
            // What takes a whole life of something away is rarer.
            *weight = match place {
                4 | 5 | 7 => drawn.min(3),
                8.. => drawn.min(2),
                _ => drawn,
            };
        }
        *rotates = Random::of(seed, "whole rotation").one(&[0, 0, 3, 10]);
        if faults.iter().all(|weight| *weight == 0) {
            faults[0] = 1;
        }
        let mut changes = Random::of(seed, "whole changes");
        let mut packed = Random::of(seed, "whole packed");
        Self {
            devices: (0..count)
                .map(|_| DeviceProfile {
                    is_v1: random.percent(of_v1),
                    is_packed: packed.percent(30),
                })
                .collect(),
            users: random.within(1, 3).min(u32::try_from(count).unwrap_or(1)) as usize,
            latency: random.one(&[1, 40, 40, 200, 1_500]),
            token_life: random.one(&[150, 900, 86_400]),
            log: random.one(&[None, None, Some(0), Some(30), Some(900)]),
            moves: changes.one(&[0, 1, 2]),
            spares_changes: changes.percent(60),
            submits: Random::of(seed, "whole submitting").one(&[0, 30, 100]),
            leaves: Random::of(seed, "whole leaving").one(&[0, 10, 40]),
            abandons: Random::of(seed, "whole abandoning").one(&[0, 5, 30]),
            drains: Random::of(seed, "whole draining").one(&[0, 0, 2]),
            faults,
            upsets: Random::of(seed, "whole upsetting").one(&[0, 0, 5, 20]),
            work: [30, random.one(&[0, 5, 15]), random.one(&[2, 10]), random.one(&[0, 30, 60]), 25],
            shares: (random.within(5, 20), random.within(25, 45)),
            step: random.one(&[100, 600, 2_000, 10_000]),
        }
    }
}

/// What chooses what happens: a source of randomness for each purpose.
#[derive(Debug)]
pub(super) struct Chooser {
    schedule: Random,
    work: Random,
    faults: Random,
    moves: Random,
    submits: Random,
    leaves: Random,
    abandons: Random,
    drains: Random,
    upsets: Random,
}

impl Chooser {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            schedule: Random::of(seed, "whole schedule"),
            work: Random::of(seed, "whole work"),
            faults: Random::of(seed, "whole faults"),
            moves: Random::of(seed, "whole moves"),
            submits: Random::of(seed, "whole submissions"),
            leaves: Random::of(seed, "whole leaves"),
            abandons: Random::of(seed, "whole abandons"),
            drains: Random::of(seed, "whole drains"),
            upsets: Random::of(seed, "whole upsets"),
        }
    }

    pub(super) fn next(&mut self, profile: &Profile) -> Action {
        if let Some(action) = self.beside(profile) {
            return action;
        }
        let (faults, passes) = profile.shares;
        match self.schedule.weighted(&[faults, passes, 100 - faults - passes]) {
            0 => Action::Fault(self.fault(profile)),
            1 => {
                let most = self.schedule.one(&[1, 1, 1, 20]) * profile.step;
                Action::Pass(self.schedule.within(1, most))
            }
            _ => self.work(profile),
        }
    }

    /// What has a source of its own, so that whether it is there changes nothing of the rest.
    fn beside(&mut self, profile: &Profile) -> Option<Action> {
        let Self { moves, submits, leaves, abandons, drains, upsets, .. } = self;
        if moves.percent(profile.moves) {
            let (device, within) = (moves.below(64), moves.one(&[4_000, 30_000]));
            return Some(Action::Fault(Fault::Rotate { device, within }));
        }
        if submits.below(1_000) < profile.submits {
            let (device, padding) = (submits.below(64), submits.one(&[0, 20, 300]));
            let (is_brief, has_key) = (submits.percent(20), submits.percent(20));
            return Some(Action::Submit { device, padding, is_brief, has_key });
        }
        if leaves.below(1_000) < profile.leaves {
            return Some(Action::Leave { device: leaves.below(64) });
        }
        if abandons.below(1_000) < profile.abandons {
            let (device, request) = (abandons.below(64), recent(abandons));
            return Some(Action::Abandon { device, request });
        }
        if upsets.below(1_000) < profile.upsets {
            return Some(Action::Fault(match upsets.weighted(&[2, 5, 1]) {
                0 => Fault::TokensRevoked { device: upsets.below(64) },
                1 => Fault::HubJump { millis: upsets.one(&[500, 20_000, 90_000, 90_000]) },
                _ => Fault::RolledBack,
            }));
        }
        let is_drained = drains.below(1_000) < profile.drains;
        is_drained.then(|| Action::Drain { spread: drains.one(&[500, 5_000, 30_000]) })
    }

    fn work(&mut self, profile: &Profile) -> Action {
        let kind = self.work.weighted(&profile.work);
        let random = &mut self.work;
        let device = random.below(64);
        let request = recent(random);
        match kind {
            0 => Action::Ask { device, padding: random.one(&[0, 20, 20, 300, 3_000]) },
            1 => Action::Cancel { device, request },
            2 => Action::Push { device },
            3 => Action::Piece { request, characters: random.one(&[1, 7, 40]) },
            _ => Action::Reply { request, fails: random.percent(10) },
        }
    }

    fn fault(&mut self, profile: &Profile) -> Fault {
        let kind = self.faults.weighted(&profile.faults);
        let random = &mut self.faults;
        let device = random.below(64);
        match kind {
            0 => Fault::Cut { device, up: random.within(0, 1_000), down: random.within(0, 1_000) },
            1 => {
                let at_client = random.percent(50);
                Fault::HalfOpen { device, at_client, at_hub: !at_client || random.percent(50) }
            }
            2 => Fault::Stall { device, is_up: random.percent(50) },
            3 => Fault::Slow { device, millis: random.one(&[50, 400, 5_000]) },
            4 => {
                let status = random.one(&[502, 503, 404, 404]);
                Fault::Proxy { device, status, times: random.within(1, 3) }
            }
            5 => Fault::Unreachable { device, times: random.within(1, 3) },
            6 => Fault::Sleep { device, millis: random.one(&[500, 20_000, 90_000, 400_000]) },
            7 => Fault::Jump { device, millis: random.one(&[500, 20_000, 400_000]) },
            8 => Fault::TokensRefused { times: random.within(1, 2) },
            9 => Fault::TokensMissing { device, times: random.within(1, 3) },
            10 => Fault::Restart,
            11 => Fault::Reborn { device },
            12 => Fault::LogMissing { times: random.within(1, 8) },
            _ => Fault::Rotate { device, within: random.one(&[500, 4_000, 30_000]) },
        }
    }
}

/// A place counted from the newest, which is near it mostly.
fn recent(random: &mut Random) -> u32 {
    let most = random.one(&[1, 3, 8, 30]);
    random.below(most)
}
