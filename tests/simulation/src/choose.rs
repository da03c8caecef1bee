//! What happens next, drawn from sources that know nothing of each other.

use crate::action::{Action, Fault, Sending, Work};
use crate::profile::Profile;
use crate::random::Random;

/// Draws one action after the other.
#[derive(Debug)]
pub(crate) struct Chooser {
    schedule: Random,
    workload: Random,
    faults: Random,
}

impl Chooser {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            schedule: Random::of(seed, "schedule"),
            workload: Random::of(seed, "workload"),
            faults: Random::of(seed, "faults"),
        }
    }

    pub(crate) fn next(&mut self, profile: &Profile) -> Action {
        let (faults, passes) = profile.shares;
        let drawn = self.schedule.below(100);
        if drawn < faults {
            Action::Fault(self.fault(profile))
        } else if drawn < faults + passes {
            Action::Pass(self.pass(profile.step))
        } else {
            Action::Work(self.work(profile))
        }
    }

    fn pass(&mut self, step: u32) -> u32 {
        let random = &mut self.schedule;
        match random.below(200) {
            0 => random.within(20_000, 150_000),
            1..=5 => random.within(1_000, 8_000),
            _ => random.within(1, step),
        }
    }

    fn work(&mut self, profile: &Profile) -> Work {
        let kind = self.workload.weighted(&profile.work);
        let random = &mut self.workload;
        let device = random.below(64);
        let stream = recent(random);
        match kind {
            0 => Work::Send { device, sending: sending(random) },
            1 => Work::Push { session: random.below(64), sending: sending(random) },
            2 => Work::Ask { device, agent: random.below(3) },
            3 => Work::RequestAgain { device, stream },
            4 => Work::Cancel { device, stream },
            5 => Work::CancelAgent { device, agent: random.below(3) },
            6 => Work::CancelAll { device },
            7 => Work::CancelAhead { device },
            8 => Work::Follow { device, stream },
            9 => Work::Unfollow { device, stream },
            10 => Work::Claim { stream },
            11 => Work::Append { stream, characters: characters(random, profile.is_long) },
            12 => Work::Revise { stream, back: random.one(&[1, 2, 30, 1_000]) },
            13 => Work::Finish { stream, fails: random.percent(20) },
            14 => Work::Protect { stream, is_on: random.percent(50) },
            15 => Work::Discard { stream },
            16 => Work::Heartbeat { device },
            17 => Work::Leave { device },
            _ => Work::SendAway { session: random.below(64) },
        }
    }

    fn fault(&mut self, profile: &Profile) -> Fault {
        let kind = self.faults.weighted(&profile.faults);
        let random = &mut self.faults;
        let device = random.below(64);
        let stream = recent(random);
        match kind {
            0 => Fault::Cut { device, up: few(random), down: few(random) },
            1 => {
                let at_client = random.percent(50);
                let at_server = !at_client || random.percent(50);
                Fault::HalfOpen { device, at_client, at_server }
            }
            2 => Fault::Stall { device, is_up: random.percent(50) },
            3 => Fault::Slow { device, millis: random.one(&[5, 50, 400, 5_000]) },
            4 => Fault::DialAgain { device, times: random.within(1, 3) },
            5 => Fault::Jump { host: device, millis: random.one(&[50, 2_000, 40_000, 200_000]) },
            6 => Fault::Sleep { device, millis: random.one(&[100, 5_000, 130_000]) },
            7 => Fault::Idle { device, millis: random.one(&[20, 500, 8_000, 40_000]) },
            8 => Fault::Reborn { device },
            9 => Fault::Restart { keeps_log: random.percent(60) || !profile.loses_log },
            10 => Fault::Die { stream },
            11 => Fault::Supersede { stream },
            12 => Fault::LogFails { times: random.within(1, 5), is_done: random.percent(50) },
            13 => Fault::LogSlow { millis: random.one(&[0, 2, 30, 1_000]) },
            _ => Fault::Garble { device },
        }
    }
}

fn sending(random: &mut Random) -> Sending {
    Sending {
        bytes: match random.below(50) {
            0 => random.within(1_000, 5_000),
            1..=5 => random.within(100, 1_000),
            _ => random.below(40),
        },
        priority: random.one(&[0, 1, 1, 1, 2]),
        is_brief: random.percent(10),
        has_key: random.percent(10),
    }
}

/// A place counted from the newest, which is near it mostly.
fn recent(random: &mut Random) -> u32 {
    let most = random.one(&[1, 3, 3, 8, 40]);
    random.below(most)
}

fn few(random: &mut Random) -> u32 {
    let most = random.one(&[1, 2, 5, 30]);
    random.below(most)
}

fn characters(random: &mut Random, is_long: bool) -> u32 {
    match random.below(if is_long { 4 } else { 60 }) {
        0 => random.within(500, 6_000),
        1..=10 => random.within(20, 300),
        _ => random.within(1, 8),
    }
}
