//! A world: devices, a server and the network between them, under clocks that the simulator moves.

mod doing;
mod drain;

use std::sync::Arc;

use crate::action::Action;
use crate::defect::Defect;
use crate::device::Device;
use crate::network::{Arrival, Network, Side};
use crate::oracle::{Oracle, Witness};
use crate::profile::Profile;
use crate::server::Server;

/// What stands in a text that is no envelope of the dialect.
const GARBLED: &str = "nowhere";

/// Everything that there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) witness: Witness,
    devices: Vec<Device>,
    owners: Vec<Arc<str>>,
    server: Server,
    network: Network,
    /// How much has happened in this moment.
    at_once: u32,
    /// Streams that were cancelled ahead and may be asked for.
    ahead: Vec<usize>,
}

impl World {
    /// How much may happen in one moment before it is taken for something without an end.
    const MOST_AT_ONCE: u32 = 20_000;

    pub(crate) fn new(
        profile: &Profile,
        seed: u64,
        defect: Option<Defect>,
        is_traced: bool,
    ) -> Self {
        let owners: Vec<Arc<str>> = (0..profile.users).map(|it| format!("u{it}").into()).collect();
        let device = |place: usize| {
            let user = place % profile.users;
            let owner = Arc::clone(&owners[user]);
            Device::new(place, user, owner, profile.session.clone(), seed)
        };
        let mut witness = Witness::new(defect, is_traced);
        witness.truth.log_bytes = profile.log.total_bytes;
        Self {
            witness,
            devices: (0..profile.devices).map(device).collect(),
            server: Server::new(profile, seed),
            network: Network::new(seed, profile.latency, profile.link_bytes),
            owners,
            at_once: 0,
            ahead: Vec::new(),
        }
    }

    /// Lets something happen; whether it could.
    pub(crate) fn apply(&mut self, action: Action) -> bool {
        let millis = self.witness.millis;
        self.witness.trace.line(millis, || format!("-- {action:?}"));
        match action {
            Action::Pass(millis) => {
                self.pass(u64::from(millis));
                true
            }
            Action::Work(work) => self.work(work),
            Action::Fault(fault) => {
                let happens = self.fault(fault);
                self.witness.counts.faults[fault.kind()] += u64::from(happens);
                happens
            }
        }
    }

    /// Time passes, and all that is due in it happens.
    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.witness.millis + millis;
        self.witness.counts.millis += millis;
        while let Some(at) = self.due().filter(|at| *at <= end) {
            if at > self.witness.millis {
                (self.witness.millis, self.at_once) = (at, 0);
            }
            self.step();
            if self.witness.violation.is_some() {
                return;
            }
        }
        self.witness.millis = end;
    }

    /// When something happens next by itself.
    fn due(&self) -> Option<u64> {
        let millis = self.witness.millis;
        let devices = self.devices.iter().map(|device| device.due(millis));
        let network = self.network.next(|device| self.is_awake(device)).map(|(at, ..)| at);
        let first = devices.chain(network).chain([self.server.due()]).min()?;
        (first < u64::MAX).then_some(first)
    }

    fn is_awake(&self, device: usize) -> bool {
        self.devices[device].asleep_until <= self.witness.millis
    }

    /// What is due happens.
    fn step(&mut self) {
        let millis = self.witness.millis;
        self.count();
        while let Some((_, place, side)) =
            self.network.next(|device| self.is_awake(device)).filter(|(at, ..)| *at <= millis)
        {
            self.deliver(place, side);
            self.count();
            if self.witness.violation.is_some() {
                return;
            }
        }
        if self.server.due() <= millis {
            self.server.wake(&mut self.network, &mut self.witness);
        }
        for device in &mut self.devices {
            if device.due(millis) <= millis {
                device.wake(&mut self.network, &mut self.witness);
            }
        }
    }

    /// Something more happens in this moment.
    fn count(&mut self) {
        self.at_once += 1;
        if self.at_once > Self::MOST_AT_ONCE {
            self.witness.check(Oracle::Live, false, || "something has no end".to_owned());
        }
    }

    fn deliver(&mut self, at: usize, side: Side) {
        let Some((link, device, arrival)) = self.network.take(at, side) else { return };
        let Self { witness, devices, server, network, .. } = self;
        let millis = witness.millis;
        let device = &mut devices[device];
        let is_current = device.link == Some(link);
        if let Arrival::Text(text) = &arrival {
            witness.trace.text(millis, text);
        }
        let place = device.place;
        witness.trace.line(millis, || match (&arrival, side) {
            (Arrival::Text(text), Side::Server) => format!("device {place} > {link} > {text}"),
            (Arrival::Text(text), Side::Client) => format!("device {place} < {link} < {text}"),
            (Arrival::End, side) => format!("device {place}: link {link} ends at the {side:?}"),
        });
        let has_end = network.get(link).is_some_and(|it| match side {
            Side::Client => it.at_client && is_current,
            Side::Server => it.at_server,
        });
        match (side, arrival) {
            _ if !has_end => {}
            (Side::Server, Arrival::Text(text)) => {
                witness.counts.stale += u64::from(!is_current);
                let owner = Arc::clone(&device.owner);
                server.garbled += u32::from(text.contains(GARBLED));
                server.handle_text((link, &owner), &text, network, witness);
                device.say(network, witness);
            }
            (Side::Server, Arrival::End) => server.close(link, network, witness, false),
            (Side::Client, Arrival::Text(mut text)) => {
                if witness.planted.strikes_always(Defect::SwapsItems)
                    && let Some(it) = network.get_mut(link)
                    && it.swap_items(&mut text)
                {
                    device.handle_text(&text, network, witness);
                    let next = network.take(at, side);
                    let Some((_, _, Arrival::Text(next))) = next else { return };
                    text = next;
                }
                device.handle_text(&text, network, witness);
                server.serve(network, witness);
            }
            (Side::Client, Arrival::End) => device.drop_link(network, witness, false),
        }
    }

    /// Whether the machines keep to their memory.
    pub(crate) fn weigh(&mut self) {
        let grows = self.witness.planted.strikes(Defect::TakesMemory);
        let of_server = self.server.memory();
        for (has, most) in self.devices.iter().map(Device::memory).chain(of_server) {
            // Beside what it has as much again as it may.
            let has = has + if grows { most } else { 0 };
            self.witness.check(Oracle::Memory, has <= most, || format!("{has} of {most} bytes"));
        }
    }
}
