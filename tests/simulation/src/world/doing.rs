//! What an action does in a world. Places that it names are taken within what there is.

use pamlink::delivery::Target;
use pamlink::envelope::v1::Name;

use super::{GARBLED, World};
use crate::action::{Fault, Sending, Work};
use crate::network::Side;

impl World {
    pub(super) fn work(&mut self, work: Work) -> bool {
        let Self { witness, devices, owners, server, network, .. } = self;
        let count = devices.len();
        let of = |device: u32| device as usize % count;
        let streams = witness.truth.streams().len();
        // Counted from the newest.
        let stream_of =
            |stream: u32| (stream as usize).checked_rem(streams).map(|place| streams - 1 - place);
        let usual = Sending { bytes: 10, priority: 1, is_brief: false, has_key: false };
        // A host that takes nothing of what comes neither asks nor follows anew.
        let is_idle = |device: u32| devices[of(device)].is_idle(witness.millis);
        match work {
            Work::Ask { device, .. }
            | Work::RequestAgain { device, .. }
            | Work::Follow { device, .. }
            | Work::Unfollow { device, .. }
            | Work::Leave { device }
                if is_idle(device) =>
            {
                false
            }
            Work::Send { device, sending } => {
                devices[of(device)].send(sending, None, witness) && self.react(of(device))
            }
            Work::Push { session, sending } => {
                server.push((session, owners), sending, network, witness)
            }
            Work::Ask { device, agent } => {
                let device = of(device);
                let user = devices[device].user;
                let ahead = self.ahead.iter().position(|it| witness.truth.get(*it).user == user);
                let stream = match ahead {
                    Some(place) => self.ahead.remove(place),
                    None => witness.truth.name(user, &owners[user]),
                };
                devices[device].send(usual, Some((stream, agent)), witness) && self.react(device)
            }
            Work::RequestAgain { device, stream } => {
                let device = of(device);
                let stream = stream_of(stream)
                    .filter(|stream| witness.truth.get(*stream).user == devices[device].user);
                let Some(stream) = stream else { return false };
                devices[device].send(usual, Some((stream, 0)), witness) && self.react(device)
            }
            Work::Cancel { device, stream } => {
                let Some(stream) = stream_of(stream) else { return false };
                let name = witness.truth.get(stream).name.clone();
                devices[of(device)].cancel(Target::Stream(name), witness) && self.react(of(device))
            }
            Work::CancelAhead { device } => {
                let device = of(device);
                let user = devices[device].user;
                let stream = witness.truth.name(user, &owners[user]);
                self.ahead.push(stream);
                let name = witness.truth.get(stream).name.clone();
                devices[device].cancel(Target::Stream(name), witness) && self.react(device)
            }
            Work::CancelAgent { device, agent } => {
                let Some(agent) = Name::new(format!("a{agent}")) else { return false };
                devices[of(device)].cancel(Target::Agent(agent), witness) && self.react(of(device))
            }
            Work::CancelAll { device } => {
                devices[of(device)].cancel(Target::All, witness) && self.react(of(device))
            }
            Work::Follow { device, stream } => {
                let device = of(device);
                let stream = stream_of(stream)
                    .filter(|stream| witness.truth.get(*stream).user == devices[device].user);
                let Some(stream) = stream else { return false };
                devices[device].follow(stream, witness) && self.react(device)
            }
            Work::Unfollow { device, stream } => {
                let Some(stream) = stream_of(stream) else { return false };
                devices[of(device)].unfollow(stream, witness) && self.react(of(device))
            }
            Work::Claim { stream } => {
                let Some(stream) = stream_of(stream) else { return false };
                server.claim_for(stream, false, network, witness)
            }
            Work::Append { stream, characters } => {
                let Some(stream) = stream_of(stream) else { return false };
                server.append(stream, (characters, 0), network, witness)
            }
            Work::Revise { stream, back } => {
                let Some(stream) = stream_of(stream) else { return false };
                server.append(stream, (3, back), network, witness)
            }
            Work::Finish { stream, fails } => {
                let Some(stream) = stream_of(stream) else { return false };
                server.finish(stream, fails, network, witness)
            }
            Work::Protect { stream, is_on } => {
                let Some(stream) = stream_of(stream) else { return false };
                server.protect(stream, is_on, witness)
            }
            Work::Discard { stream } => {
                let Some(stream) = stream_of(stream) else { return false };
                server.discard(stream, network, witness)
            }
            Work::Heartbeat { device } => {
                let Some(link) = devices[of(device)].link else { return false };
                server.heartbeat(link, network, witness);
                true
            }
            Work::Leave { device } => devices[of(device)].leave(network, witness),
            Work::SendAway { session } => server.send_away((session, owners), network, witness),
        }
    }

    /// A device takes what it is told, and says what there is to say.
    fn react(&mut self, device: usize) -> bool {
        self.devices[device].react(&mut self.network, &mut self.witness);
        true
    }

    pub(super) fn fault(&mut self, fault: Fault) -> bool {
        let Self { witness, devices, server, network, .. } = self;
        let (count, millis) = (devices.len(), witness.millis);
        let of = |device: u32| device as usize % count;
        let streams = witness.truth.streams().len();
        let stream_of =
            |stream: u32| (stream as usize).checked_rem(streams).map(|place| streams - 1 - place);
        let is_asleep = |device: usize| devices[device].asleep_until > millis;
        match fault {
            Fault::Cut { device, up, down } => {
                let link = devices[of(device)].link.and_then(|link| network.get_mut(link));
                let Some(link) = link.filter(|link| link.is_whole()) else { return false };
                link.cut((up as usize, down as usize), (true, true), millis);
                true
            }
            Fault::HalfOpen { device, at_client, at_server } => {
                let link = devices[of(device)].link.and_then(|link| network.get_mut(link));
                let Some(link) = link.filter(|link| link.is_whole()) else { return false };
                link.cut((0, 0), (!at_server, !at_client), millis);
                true
            }
            Fault::Stall { device, is_up } => {
                let link = devices[of(device)].link.and_then(|link| network.get_mut(link));
                let Some(link) = link else { return false };
                let way = if is_up { &mut link.up } else { &mut link.down };
                let was_stalled = way.is_stalled();
                way.stall();
                !was_stalled
            }
            Fault::Slow { device, millis } => {
                let link = devices[of(device)].link.and_then(|link| network.get_mut(link));
                link.map(|link| link.slow_down(millis)).is_some()
            }
            Fault::DialAgain { device, times } => {
                if is_asleep(of(device)) || devices[of(device)].link.is_none() {
                    return false;
                }
                (0..times).fold(false, |any, _| devices[of(device)].dial(network, witness) || any)
            }
            Fault::Jump { host, millis } => {
                let host = host as usize % (count + 1);
                match devices.get_mut(host) {
                    Some(device) => device.ahead += u64::from(millis),
                    None => server.ahead += u64::from(millis),
                }
                true
            }
            Fault::Sleep { device, millis: long } => {
                let device = &mut devices[of(device)];
                let is_awake = device.asleep_until <= millis;
                if is_awake {
                    device.asleep_until = millis + u64::from(long);
                }
                is_awake
            }
            Fault::Idle { device, millis: long } => {
                let device = &mut devices[of(device)];
                let is_busy = device.idle_until <= millis;
                if is_busy {
                    device.idle_until = millis + u64::from(long);
                }
                is_busy
            }
            Fault::Reborn { device } => {
                devices[of(device)].be_reborn(network, witness);
                true
            }
            Fault::Restart { keeps_log } => {
                server.restart(keeps_log, network, witness);
                true
            }
            Fault::Die { stream } => stream_of(stream).is_some_and(|stream| server.kill(stream)),
            Fault::Supersede { stream } => stream_of(stream)
                .is_some_and(|stream| server.claim_for(stream, true, network, witness)),
            Fault::LogFails { times, is_done } => {
                server.log.fails = (times, is_done);
                true
            }
            Fault::LogSlow { millis } => {
                let changes = server.log.slow != millis;
                server.log.slow = millis;
                changes && millis > 0
            }
            Fault::Garble { device } => {
                let place = of(device);
                if devices[place].is_idle(millis) {
                    return false;
                }
                let device = &mut devices[place];
                let Some(link) = device.link.and_then(|link| network.get_mut(link)) else {
                    return false;
                };
                if !link.is_whole() {
                    return false;
                }
                device.is_garbled = true;
                let channel = device.channel();
                let text = format!(r#"{{"type":"item","channel":{channel},"at":"{GARBLED}"}}"#);
                let by = if millis % 2 == 0 { Side::Client } else { Side::Server };
                link.say(by, millis, text);
                true
            }
        }
    }
}
