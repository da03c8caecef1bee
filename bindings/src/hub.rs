//! Many incoming links, across the border.

use std::sync::Arc;

use pamlink::metrics::prometheus;
use pamlink_border::{HubMachine, seed};

use crate::engine::{Engine, Handle, now};
use crate::fault::Failure;
use crate::options::{AuthOptions, HubOptions};
use crate::routing;

/// Many incoming links of many users: what a server holds. See `step`.
#[derive(Debug, uniffi::Object)]
pub struct Hub {
    engine: Arc<Engine<HubMachine>>,
    handle: Handle,
}

#[uniffi::export]
impl Hub {
    /// A hub without links. `seed` is 32 bytes from the operating system's source of entropy.
    ///
    /// # Errors
    ///
    /// `bad_option`, `bad_key`, `bad_routes`, `bad_seed`.
    #[uniffi::constructor]
    pub fn new(options: HubOptions, seed: &[u8]) -> Result<Arc<Self>, Failure> {
        let random = self::seed(seed)?;
        let (config, auth, routes) = options.build()?;
        let engine = Arc::new(Engine::new(HubMachine::new(config, auth, routes, random)));
        let handle = Handle::new(Arc::clone(&engine) as _);
        Ok(Arc::new(Self { engine, handle }))
    }

    /// Gives the hub what happened, in the packed layout, and returns all that follows. As
    /// `Client.step`.
    ///
    /// # Errors
    ///
    /// `poisoned`. What is wrong with a record is a `fault` in the output.
    pub fn step(
        &self,
        mono_nanos: u64,
        wall_micros: i64,
        input: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        Ok(self.engine.step(now(mono_nanos, wall_micros), input)?)
    }

    /// The number by which the C entry knows this hub. It means nothing once the hub is gone.
    pub fn handle(&self) -> u64 {
        self.handle.number()
    }

    /// Replaces the routing table between two messages; running requests end under the new one.
    ///
    /// # Errors
    ///
    /// `bad_routes` names every fault with its line; `poisoned`.
    pub fn replace_routes(&self, json: &str) -> Result<(), Failure> {
        let table = routing::table(json)?;
        self.engine.with(|machine| machine.hub_mut().replace_routes(table))?;
        Ok(())
    }

    /// Replaces who decides whether tokens are good, for tokens that come from now on.
    ///
    /// # Errors
    ///
    /// `bad_key`, `poisoned`.
    pub fn set_auth(&self, auth: AuthOptions) -> Result<(), Failure> {
        let auth = auth.build()?;
        self.engine.with(|machine| machine.hub_mut().set_auth(auth))?;
        Ok(())
    }

    /// Begins again with another seed, in the process that this is called in: for a hub that was
    /// made before a fork, so that each process has an epoch of its own.
    ///
    /// # Errors
    ///
    /// `bad_seed`; `forked`: there were links already, which know the epoch; `poisoned`.
    pub fn reseed(&self, seed: &[u8]) -> Result<(), Failure> {
        let random = self::seed(seed)?;
        Ok(self.engine.with(|machine| machine.reseed(random))??)
    }

    /// The subprotocol that a transport which speaks WebSocket itself is to agree on with a client
    /// that offers these, in its order: `pamlink.v1` where it is among them and this hub speaks it, else
    /// the first that the options name. A hub that takes messages of less than 512 KiB does not speak
    /// `pamlink.v1`.
    ///
    /// # Errors
    ///
    /// `poisoned`.
    pub fn choose_subprotocol(&self, offered: Vec<String>) -> Result<Option<String>, Failure> {
        let offered = offered.iter().map(String::as_str);
        Ok(self
            .engine
            .with(|machine| machine.hub().choose_subprotocol(offered).map(str::to_owned))?)
    }

    /// Links that have not ended.
    ///
    /// # Errors
    ///
    /// `poisoned`.
    pub fn links(&self) -> Result<u64, Failure> {
        Ok(self.engine.with(|machine| machine.hub().links() as u64)?)
    }

    /// The welcomed links of a user, newest first.
    ///
    /// # Errors
    ///
    /// `poisoned`.
    pub fn links_of(&self, user: &str) -> Result<Vec<u64>, Failure> {
        Ok(self
            .engine
            .with(|machine| machine.hub().links_of(user).map(|link| link.as_u64()).collect())?)
    }

    /// Bytes held by the hub and its links.
    ///
    /// # Errors
    ///
    /// `poisoned`.
    pub fn memory(&self) -> Result<u64, Failure> {
        Ok(self.engine.with(|machine| machine.memory() as u64)?)
    }

    /// All that was counted, as text for Prometheus.
    ///
    /// # Errors
    ///
    /// `poisoned`.
    pub fn metrics(&self) -> Result<String, Failure> {
        Ok(self.engine.with(|machine| {
            let mut text = String::new();
            prometheus::write(&machine.hub().metrics(), &mut text);
            text
        })?)
    }
}

#[cfg(test)]
mod tests;
