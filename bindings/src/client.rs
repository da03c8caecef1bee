//! One outgoing link and its requests, across the border.

use std::sync::Arc;

use pamlink::metrics::prometheus;
use pamlink_border::{ClientMachine, seed};

use crate::engine::{Engine, Handle, now};
use crate::fault::Failure;
use crate::options::ClientOptions;

/// One outgoing link with its requests: what an app holds. See `step`.
#[derive(Debug, uniffi::Object)]
pub struct Client {
    engine: Arc<Engine<ClientMachine>>,
    handle: Handle,
}

impl Client {
    fn of(machine: ClientMachine) -> Arc<Self> {
        let engine = Arc::new(Engine::new(machine));
        let handle = Handle::new(Arc::clone(&engine) as _);
        Arc::new(Self { engine, handle })
    }
}

#[uniffi::export]
impl Client {
    /// A client that is not connected. `seed` is 32 bytes from the operating system's source of
    /// entropy; the clocks are as for `step`.
    ///
    /// # Errors
    ///
    /// `bad_url`, `bad_option`, `bad_seed`.
    #[uniffi::constructor]
    pub fn new(
        options: ClientOptions,
        seed: &[u8],
        mono_nanos: u64,
        wall_micros: i64,
    ) -> Result<Arc<Self>, Failure> {
        let random = self::seed(seed)?;
        let (config, endpoint) = options.build()?;
        let now = now(mono_nanos, wall_micros);
        Ok(Self::of(ClientMachine::new(config, endpoint, random, now)?))
    }

    /// The client of which the record `snapshot_taken` has these bytes, not connected: its requests
    /// go on, and the first step begins with a record `restored` for each. `options` are those of the client before, and `seed` is another one.
    ///
    /// # Errors
    ///
    /// `bad_snapshot`, and as `new`.
    #[uniffi::constructor]
    pub fn restore(
        options: ClientOptions,
        snapshot: &[u8],
        seed: &[u8],
        mono_nanos: u64,
        wall_micros: i64,
    ) -> Result<Arc<Self>, Failure> {
        let random = self::seed(seed)?;
        let (config, endpoint) = options.build()?;
        let now = now(mono_nanos, wall_micros);
        Ok(Self::of(ClientMachine::restore(config, endpoint, snapshot, random, now)?))
    }

    /// Gives the client what happened, in the packed layout, and returns all that follows: what
    /// became of commands, events, what is to be written, and at the end `next` with the next
    /// deadline. An empty input says that time has passed.
    ///
    /// `mono_nanos` is a monotonic clock that counts sleep, from any origin; `wall_micros` is the
    /// time since 1970.
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

    /// The number by which the C entry knows this client. It means nothing once the client is
    /// gone.
    pub fn handle(&self) -> u64 {
        self.handle.number()
    }

    /// The state of the link: 0 connecting, 1 open, 2 closing, 3 closed.
    ///
    /// # Errors
    ///
    /// `poisoned`.
    pub fn state(&self) -> Result<u32, Failure> {
        Ok(self.engine.with(|machine| machine.client().state().number().into())?)
    }

    /// All that was counted, as text for Prometheus.
    ///
    /// # Errors
    ///
    /// `poisoned`.
    pub fn metrics(&self) -> Result<String, Failure> {
        Ok(self.engine.with(|machine| {
            let mut text = String::new();
            prometheus::write(&machine.client().metrics(), &mut text);
            text
        })?)
    }
}

#[cfg(test)]
mod tests;
