//! What goes wrong in a world of whole engines, and whether it can.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::World;
use crate::whole::action::Fault;
use crate::whole::network::Answerer;

impl World {
    /// Whether it could go wrong.
    pub(super) fn fault(&mut self, fault: Fault) -> bool {
        let Self { witness, devices, host, network, seed, .. } = self;
        let (millis, count) = (witness.millis, devices.len());
        let of = |device: u32| device as usize % count;
        match fault {
            Fault::Cut { device, up, down } => devices[of(device)]
                .link
                .is_some_and(|link| network.cut(millis, link, (up, down), (true, true))),
            Fault::HalfOpen { device, at_client, at_hub } => devices[of(device)]
                .link
                .is_some_and(|link| network.cut(millis, link, (0, 0), (!at_client, !at_hub))),
            Fault::Stall { device, is_up } => {
                devices[of(device)].link.is_some_and(|link| network.stall(link, is_up))
            }
            Fault::Slow { device, millis } => {
                devices[of(device)].link.is_some_and(|link| network.slow(link, millis))
            }
            Fault::Proxy { device, status, times } => {
                devices[of(device)].dials = vec![Answerer::Proxy(status); times as usize];
                true
            }
            Fault::Unreachable { device, times } => {
                devices[of(device)].dials = vec![Answerer::Nobody; times as usize];
                true
            }
            Fault::Sleep { device, millis: long } => {
                let device = &mut devices[of(device)];
                device.is_awake(millis) && device.sleep(millis + u64::from(long))
            }
            Fault::Jump { device, millis } => {
                devices[of(device)].ahead += u64::from(millis);
                true
            }
            Fault::TokensRevoked { device } => {
                host.revoke(millis, &devices[of(device)].user);
                self.serve_hub();
                true
            }
            Fault::HubJump { millis } => {
                host.ahead += u64::from(millis);
                witness.hub_ahead = host.ahead;
                true
            }
            Fault::RolledBack => {
                host.is_of_pam = !host.is_of_pam;
                host.restart(*seed);
                network.forget_hub(millis);
                true
            }
            Fault::TokensRefused { times } => {
                host.refuses.store(times, Ordering::Relaxed);
                true
            }
            Fault::TokensMissing { device, times } => {
                devices[of(device)].tokens_missing = times;
                true
            }
            Fault::Rotate { device, within } => {
                let within = Duration::from_millis(within.into());
                let user = &devices[of(device)].user;
                let moves = host.hub.rotate_user(host.now(millis), user, within) > 0;
                self.serve_hub();
                moves
            }
            Fault::Restart => {
                host.restart(*seed);
                network.forget_hub(millis);
                true
            }
            Fault::Reborn { device } => {
                let device = &mut devices[of(device)];
                device.be_reborn(network, witness);
                device.serve(network, witness);
                true
            }
            Fault::LogMissing { times } => host.miss_log(times),
        }
    }
}
