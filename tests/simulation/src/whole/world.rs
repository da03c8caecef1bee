//! A world of whole engines: devices, a hub and byte pipes between them, under clocks that the
//! simulator moves.

mod fault;

use std::sync::atomic::Ordering;

use pamlink::delivery::SessionNumber;

use super::action::{Action, Hits, Profile};
use super::change::Place;
use super::device::Device;
use super::held::Held;
use super::host::Host;
use super::network::{Answerer, Arrival, Network, Part};
use super::oracle::{Defect, Oracle};
use super::witness::{Key, Witness};

#[derive(Debug)]
pub(super) struct World {
    pub(super) witness: Witness,
    devices: Vec<Device>,
    host: Host,
    network: Network,
    seed: u64,
    /// No fault hits a device while it changes its link.
    spares_changes: bool,
}

impl World {
    /// How long it may take until all are answered once nothing goes wrong any more.
    const PATIENCE: u64 = 1_200_000;
    /// For how long a session may be kept that has no link any more (V-5.9), and somewhat longer.
    const KEPT: u64 = 150_000;
    /// How much may happen in one moment before it is taken for something without an end.
    const MOST_AT_ONCE: u32 = 20_000;

    pub(super) fn new(
        profile: &Profile,
        seed: u64,
        defect: Option<Defect>,
        is_traced: bool,
    ) -> Result<Self, String> {
        let devices = profile.devices.iter().enumerate().map(|(place, device)| {
            let user = format!("u{}", place % profile.users);
            Device::new(place, user, *device, seed, profile.token_life)
        });
        Ok(Self {
            witness: Witness::new(profile, defect, is_traced),
            devices: devices.collect::<Result<_, _>>()?,
            host: Host::new(seed, profile.log),
            network: Network::new(seed, profile.latency),
            seed,
            spares_changes: profile.spares_changes,
        })
    }

    /// One thing happens. What cannot happen now does not.
    pub(super) fn apply(&mut self, action: Action) {
        let Self { witness, devices, host, network, .. } = self;
        let (millis, count) = (witness.millis, devices.len());
        witness.line(|| format!("{action:?}"));
        let of = |device: u32| device as usize % count;
        match action {
            Action::Ask { device, padding } => {
                let device = &mut devices[of(device)];
                if device.is_awake(millis) {
                    device.ask(padding, witness);
                    device.serve(network, witness);
                }
            }
            Action::Cancel { device, request } => {
                let device = &mut devices[of(device)];
                if device.is_awake(millis) {
                    device.cancel(request, witness);
                    device.serve(network, witness);
                }
            }
            Action::Abandon { device, request } => {
                let device = &mut devices[of(device)];
                if device.is_awake(millis) {
                    device.abandon(request, witness);
                    device.serve(network, witness);
                }
            }
            Action::Push { device } => {
                host.push(host.now(millis), &devices[of(device)].user, witness);
                self.serve_hub();
            }
            Action::Piece { request, characters } => {
                host.piece(host.now(millis), request, characters);
                self.serve_hub();
            }
            Action::Reply { request, fails } => {
                host.reply(host.now(millis), request, fails, witness);
                self.serve_hub();
            }
            Action::Submit { device, padding, is_brief, has_key } => {
                let device = &mut devices[of(device)];
                if device.is_awake(millis) {
                    device.submit(padding, (is_brief, has_key), witness);
                    device.serve(network, witness);
                }
            }
            Action::Leave { device } => {
                let device = &mut devices[of(device)];
                if device.is_awake(millis) {
                    device.leave(network, witness);
                }
            }
            Action::Drain { spread } => {
                if host.drain(millis, host.now(millis), spread) {
                    witness.changes.hit(None);
                    self.serve_hub();
                }
            }
            Action::Pass(time) => self.pass(u64::from(time)),
            Action::Fault(fault) => {
                let hit = match fault.hits() {
                    Hits::One(device) => Some(Some(of(device))),
                    Hits::All => Some(None),
                    Hits::Nobody => None,
                };
                if let Some(hit) = hit {
                    if self.spares_changes && witness.changes.are_hit_by(hit) {
                        return;
                    }
                    witness.changes.hit(hit);
                }
                if self.fault(fault) {
                    self.witness.counts.faults[fault.kind()] += 1;
                }
            }
        }
    }

    /// Time passes, and all that is due in it happens.
    fn pass(&mut self, millis: u64) {
        let end = self.witness.millis + millis;
        let mut at_once = 0;
        while self.witness.violation.is_none() {
            let Some(at) = self.next().filter(|at| *at <= end) else { break };
            at_once = if at > self.witness.millis { 0 } else { at_once + 1 };
            let ends = at_once < Self::MOST_AT_ONCE;
            self.witness.check(Oracle::Live, ends, || "this moment does not end".to_owned());
            self.witness.counts.millis += at.saturating_sub(self.witness.millis);
            self.witness.millis = self.witness.millis.max(at);
            self.witness.judge_changes();
            if self.host.hub.is_draining() {
                let ends = !self.host.is_overdue(at);
                self.witness.check(Oracle::Drained, ends, || "a drain does not end".to_owned());
            }
            self.move_on();
        }
        self.witness.counts.millis += end.saturating_sub(self.witness.millis);
        self.witness.millis = self.witness.millis.max(end);
    }

    /// The next moment at which anything happens.
    fn next(&mut self) -> Option<u64> {
        let Self { devices, host, network, witness, .. } = self;
        let hub = host.hub_next();
        let devices_next = devices.iter().filter_map(Device::next);
        let network = network.next(|device| devices[device].is_awake(witness.millis));
        devices_next.chain(hub).chain(network).chain(host.log_next()).min()
    }

    fn move_on(&mut self) {
        let Self { witness, devices, host, network, .. } = self;
        let millis = witness.millis;
        if let Some((link, arrival)) =
            network.due(millis, |device| devices[device].is_awake(millis))
        {
            self.arrive(link, arrival);
            return;
        }
        if host.answer_log(host.now(millis), witness) {
            self.serve_hub();
            return;
        }
        let hub = host.hub.poll_timeout();
        if hub.is_some_and(|due| due.at <= host.now(millis).mono) {
            host.hub.handle_timeout(host.now(millis));
            self.serve_hub();
            return;
        }
        for device in devices.iter_mut() {
            if device.is_awake(millis) && device.next().is_some_and(|at| at <= millis) {
                device.handle_time(network, witness);
            }
        }
        network.sweep(|link, device| devices[device].has(link));
    }

    fn arrive(&mut self, link: u64, arrival: Arrival) {
        let Self { witness, devices, host, network, .. } = self;
        let millis = witness.millis;
        let Some(it) = network.get_mut(link) else { return };
        let (place, answerer) = (it.device, it.answerer);
        if let (Answerer::Hub, Arrival::ToHub(part) | Arrival::ToDevice(part)) =
            (answerer, &arrival)
            && let Part::Bytes(bytes) = part
        {
            let is_up = matches!(arrival, Arrival::ToHub(_));
            let is_quiet = devices[place].is_quiet() && host.is_quiet();
            witness.come(Place { link, is_up, millis, is_quiet }, bytes);
        }
        match arrival {
            Arrival::Dialed => {
                if answerer == Answerer::Hub {
                    it.hub = host.hub.accept(host.now(millis)).ok();
                    if it.hub.is_none() {
                        // It is drained: the connection is closed.
                        network.close(millis, link, false);
                    }
                }
                devices[place].dialed(answerer, link, witness);
                devices[place].serve(network, witness);
            }
            Arrival::ToDevice(part) => {
                devices[place].handle(link, &part, witness);
                devices[place].serve(network, witness);
            }
            Arrival::ToHub(part) => match (answerer, it.hub, part) {
                (Answerer::Proxy(status), _, Part::Bytes(_)) => {
                    let answer = format!(
                        "HTTP/1.1 {status} Not Here\r\nContent-Length: 4\r\n\
                         Connection: close\r\n\r\ngone"
                    );
                    network.write(millis, link, false, answer.as_bytes());
                    network.close(millis, link, false);
                }
                (Answerer::Hub, Some(id), Part::Bytes(bytes)) => {
                    witness.counts.bytes += bytes.len() as u64;
                    host.handle_bytes(host.now(millis), id, &bytes);
                    self.serve_hub();
                }
                (Answerer::Hub, Some(id), Part::End) => {
                    it.hub = None;
                    host.hub.handle_closed(host.now(millis), id);
                    self.serve_hub();
                }
                _ => {}
            },
        }
    }

    /// The hub's host takes what it is told, and what is to be written is.
    fn serve_hub(&mut self) {
        let Self { witness, host, network, seed, .. } = self;
        let millis = witness.millis;
        loop {
            host.take_events(witness);
            host.carry_to_log(host.now(millis), witness);
            let Some(id) = host.hub.poll_writable() else { break };
            let link = network.of_hub(id);
            loop {
                let mut bytes = Vec::new();
                let transmit = host.hub.poll_transmit(id, &mut bytes);
                if let Some(link) = link {
                    network.write(millis, link, false, &bytes);
                    if transmit.close_transport {
                        network.close(millis, link, false);
                        if let Some(link) = network.get_mut(link) {
                            link.hub = None;
                        }
                        host.hub.handle_closed(host.now(millis), id);
                    }
                }
                if !transmit.more {
                    break;
                }
            }
        }
        if host.is_drained {
            host.restart(*seed);
            network.forget_hub(millis);
        }
    }

    /// Nothing goes wrong any more: every device is to be answered, and all to come to its end.
    pub(super) fn drain(&mut self) {
        let millis = self.witness.millis;
        self.witness.recovers = true;
        self.witness.line(|| "-- nothing goes wrong any more".to_owned());
        self.host.refuses.store(0, Ordering::Relaxed);
        if core::mem::take(&mut self.host.is_of_pam) {
            self.host.restart(self.seed);
            self.network.forget_hub(millis);
        }
        self.host.miss_log(0);
        self.network.cut_all(millis);
        self.witness.changes.hit(None);
        self.devices.iter_mut().for_each(|device| device.recover(millis));
        let (mut asked, mut pushed) = (vec![None; self.devices.len()], None);
        let until = millis + Self::PATIENCE;
        while self.witness.violation.is_none() {
            self.pass(2_000);
            let now = self.host.now(self.witness.millis);
            self.host.reply_to_all(now, &mut self.witness);
            self.serve_hub();
            let Self { witness, devices, network, .. } = self;
            for (device, asked) in devices.iter_mut().zip(&mut asked) {
                // What was asked before may have taken all places at the hub.
                let is_due = asked
                    .is_none_or(|key| witness.end_of(key).is_some_and(|end| end != "answered"));
                if is_due && device.is_ready() {
                    *asked = device.ask(20, witness);
                    device.serve(network, witness);
                }
            }
            if pushed.is_none() && self.devices.iter().all(Device::is_ready) {
                pushed = Some(self.push_to_all());
            }
            let is_late = self.witness.millis >= until;
            match self.left(&asked, pushed.as_deref()) {
                Some(left) => self.witness.check(Oracle::Live, !is_late, || left),
                // What has none is found below.
                None if is_late || self.witness.is_concluded() => break,
                None => {}
            }
        }
        if self.witness.violation.is_none() {
            self.witness.check(Oracle::Live, true, String::new);
            self.witness.conclude();
            self.compare_sessions();
            self.free();
        }
        let inside = self.network.inside;
        *self.witness.counts.seen.entry("cuts inside a frame").or_default() += inside;
    }

    /// Once the sessions have ended that are kept without a link, the hub has those of its devices.
    fn compare_sessions(&mut self) {
        self.pass(Self::KEPT);
        let over_v1 = self.devices.iter().filter(|device| device.speaks_v1);
        let of_devices: usize = over_v1.map(|device| device.sessions.len()).sum();
        let of_hub = self.host.sessions();
        let are_same = i64::try_from(of_devices).is_ok_and(|it| of_hub == Some(it));
        self.witness.check(Oracle::Left, are_same, || {
            format!("the hub has {of_hub:?} sessions, and its devices have {of_devices}")
        });
    }

    /// The devices are gone, and the hub holds nothing of them.
    fn free(&mut self) {
        let Self { witness, host, .. } = self;
        host.fall_silent(witness);
        let held = host.held();
        let is_freed = held.as_ref().is_some_and(Held::is_nothing);
        witness.check(Oracle::Freed, is_freed, || format!("the hub still has {held:?}"));
    }

    /// Pushes to each user; of each device the number of a push that must come.
    fn push_to_all(&mut self) -> Vec<Option<u64>> {
        let Self { witness, devices, host, .. } = self;
        let now = host.now(witness.millis);
        // Over `pam` nobody promises that a push comes.
        let push = |device: &Device| {
            let number = host.push(now, &device.user, witness);
            device.speaks_v1.then_some(number)
        };
        let pushes = devices.iter().map(push).collect();
        self.serve_hub();
        pushes
    }

    /// What has not come to its end.
    fn left(&self, asked: &[Option<Key>], pushed: Option<&[Option<u64>]>) -> Option<String> {
        for (device, key) in asked.iter().enumerate() {
            let Some(key) = key else { return Some(format!("device {device} has no link")) };
            match self.witness.end_of(*key) {
                Some("answered") => {}
                end => return Some(format!("{key:?} is not answered: {end:?}")),
            }
        }
        let Some(pushed) = pushed else { return Some("not all are connected".to_owned()) };
        for (device, number) in pushed.iter().enumerate() {
            if let Some(number) = number
                && self
                    .witness
                    .last_push((device, SessionNumber::FIRST))
                    .is_none_or(|last| last < *number)
            {
                return Some(format!("device {device} does not hear push {number}"));
            }
        }
        None
    }
}
