//! The end of a world: nothing goes wrong any more, and everything is to come to its end.

use super::World;
use crate::oracle::Oracle;

impl World {
    /// How long nothing may come to its end, by the world's clock: many small windows one after the
    /// other may take longer in all.
    const PATIENCE: u64 = 600_000;

    /// Heals everything, and waits until nothing is left to happen.
    pub(crate) fn drain(&mut self) {
        self.heal();
        let (mut until, mut fewest, mut step) = (0, usize::MAX, 50);
        while self.witness.violation.is_none() {
            self.conclude();
            self.pass(step);
            let Some(left) = self.left() else { break };
            let open = self.witness.ledger.open().count();
            if open < fewest {
                (until, fewest) = (self.witness.millis + Self::PATIENCE, open);
            }
            if self.witness.millis >= until {
                self.witness.check(left.0, false, || left.1);
            }
            step = (step * 2).min(5_000);
        }
        if self.witness.violation.is_none() {
            self.witness.check(Oracle::Live, true, String::new);
            let open =
                self.witness.ledger.open().next().map(|(number, it)| format!("{number} {it:?}"));
            self.witness.check(Oracle::Outcome, open.is_none(), || open.unwrap_or_default());
            self.weigh();
        }
    }

    fn heal(&mut self) {
        let Self { witness, devices, server, network, .. } = self;
        let millis = witness.millis;
        witness.trace.line(millis, || "-- nothing goes wrong any more".to_owned());
        (server.log.fails, server.log.slow) = ((0, false), 0);
        let links: Vec<u64> = network.links().map(|link| link.number).collect();
        for device in devices.iter_mut() {
            (device.asleep_until, device.idle_until) = (millis, millis);
            device.drop_link(network, witness, false);
            device.dials_at = Some(millis + 100);
        }
        for link in links {
            server.close(link, network, witness, false);
        }
    }

    /// Whoever answers comes to an end with each stream.
    fn conclude(&mut self) {
        let Self { witness, server, network, .. } = self;
        for stream in 0..witness.truth.streams().len() {
            if !witness.truth.get(stream).is_running() {
                continue;
            }
            if !server.has_producer(stream) {
                server.revive(stream, network, witness);
            } else {
                server.append(stream, (2, 0), network, witness);
                server.finish(stream, false, network, witness);
            }
        }
    }

    /// What has not come to its end.
    fn left(&self) -> Option<(Oracle, String)> {
        if let Some(stream) = self.witness.truth.streams().iter().find(|it| it.is_running()) {
            return Some((Oracle::Live, format!("stream {} goes on: {stream:?}", stream.name)));
        }
        if let Some(device) = self.devices.iter().find_map(|device| device.waits_for()) {
            return Some((Oracle::Live, device));
        }
        let open = self.witness.ledger.open().next();
        open.map(|(number, it)| {
            (Oracle::Outcome, format!("command {number} has no outcome: {it:?}"))
        })
    }
}
