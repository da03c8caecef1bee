//! A client with the buffers that it shares with its host.

use pamlink::time::{Mono, Now, Wall};
use pamlink_border::{ClientMachine, Code, Fault, Machine, push_fault, seed};

use crate::options;

/// A client with two buffers: the host writes what happened into one, and reads what follows from
/// the other.
#[derive(Debug, Default)]
pub struct Instance {
    client: Option<ClientMachine>,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// Bytes of randomness in front of the options.
const SEED: usize = 32;
/// What the buffers keep between two steps.
const KEEP: usize = 64 * 1024;

impl Instance {
    /// One without a client.
    pub const fn new() -> Self {
        Self { client: None, input: Vec::new(), output: Vec::new() }
    }

    /// Room for an input of at most this length. Its place changes with each call.
    pub fn room(&mut self, length: usize) -> &mut [u8] {
        self.input.resize(length, 0);
        &mut self.input
    }

    /// Makes the client of the input: 32 bytes of randomness, the options as JSON and, behind a zero
    /// byte, the snapshot of the client before. The output is empty, or a `fault` that says why
    /// there is none.
    pub fn create(&mut self, now: Now, length: usize) -> &[u8] {
        self.output.clear();
        self.input.truncate(length);
        match made(now, &self.input) {
            Ok(client) => self.client = Some(client),
            Err(fault) => push_fault(&mut self.output, 0, &fault),
        }
        // The seed and what the URL holds are of no use to others.
        self.input.fill(0);
        &self.output
    }

    /// Gives the client its input, in the packed layout; the output is what follows.
    pub fn step(&mut self, now: Now, length: usize) -> &[u8] {
        self.output.clear();
        self.input.truncate(length);
        self.output.shrink_to(KEEP);
        match &mut self.client {
            Some(client) => client.step(now, &self.input, &mut self.output),
            None => {
                let fault = Fault::new(Code::NoEngine, "the instance has no client");
                push_fault(&mut self.output, 0, &fault);
            }
        }
        self.input.clear();
        self.input.shrink_to(KEEP);
        &self.output
    }

    /// The output of the last call.
    pub fn output(&self) -> &[u8] {
        &self.output
    }
}

fn made(now: Now, input: &[u8]) -> Result<ClientMachine, Fault> {
    let (random, options) = input.split_at_checked(SEED).unwrap_or((input, &[]));
    let random = seed(random)?;
    let mut parts = options.splitn(2, |byte| *byte == 0);
    let (config, endpoint) = options::read(parts.next().unwrap_or_default())?;
    match parts.next() {
        None => ClientMachine::new(config, endpoint, random, now),
        Some(snapshot) => ClientMachine::restore(config, endpoint, snapshot, random, now),
    }
}

/// Both clocks as a page has them, in milliseconds.
pub(crate) fn now(mono: f64, wall: f64) -> Now {
    Now::new(Mono::from_nanos(whole(mono * 1e6).unsigned_abs()), micros(wall))
}

fn micros(wall: f64) -> Wall {
    Wall::from_unix_micros(whole(wall * 1e3))
}

/// The whole part of a number. What is out of range becomes the nearest within, and what is no
/// number 0.
#[expect(clippy::cast_possible_truncation, reason = "of floats it saturates")]
const fn whole(number: f64) -> i64 {
    number as i64
}

#[cfg(test)]
mod tests {
    use pamlink_border::packed::schema;

    use super::*;

    const OPTIONS: &str = r#"{"url":"ws://localhost/api/v1/pam/ws/ann"}"#;

    fn given(instance: &mut Instance, input: &[u8]) {
        instance.room(input.len()).copy_from_slice(input);
    }

    /// The kinds of the records in an output.
    fn kinds(mut output: &[u8]) -> Vec<u16> {
        let mut kinds = Vec::new();
        while let [a, b, c, d, low, high, ..] = *output {
            kinds.push(u16::from_le_bytes([low, high]));
            output = &output[u32::from_le_bytes([a, b, c, d]) as usize..];
        }
        kinds
    }

    fn created(options: &str) -> (Instance, Vec<u16>) {
        let mut instance = Instance::new();
        given(&mut instance, &[&[7; SEED], options.as_bytes()].concat());
        let kinds = kinds(instance.create(now(1.0, 1e12), usize::MAX));
        (instance, kinds)
    }

    #[test]
    fn a_client_takes_records_and_says_when_it_is_to_be_woken() {
        let (mut instance, kinds_of_creation) = created(OPTIONS);
        assert_eq!(kinds_of_creation, [0; 0]);
        assert!(instance.input.iter().all(|byte| *byte == 0), "the seed is still there");
        let mut connect = Vec::new();
        pamlink_border::packed::push(&mut connect, schema::CONNECT, &[], &[]);
        given(&mut instance, &connect);
        let output = kinds(instance.step(now(2.0, 1e12), usize::MAX));
        assert!(output.contains(&schema::NEED_TOKEN), "{output:?}");
        assert_eq!(output.last(), Some(&schema::NEXT));
        assert_eq!(
            kinds(instance.step(now(3.0, 1e12), usize::MAX)),
            [schema::NEXT],
            "no input is left"
        );
    }

    #[test]
    fn what_is_wrong_is_a_fault_in_the_output() {
        for options in ["", "[]", r#"{"url":"http://x"}"#] {
            let (mut instance, kinds_of_creation) = created(options);
            assert_eq!(kinds_of_creation, [schema::FAULT], "{options}");
            assert_eq!(
                kinds(instance.step(now(2.0, 1e12), usize::MAX)),
                [schema::FAULT],
                "no client"
            );
        }
        let mut instance = Instance::new();
        given(&mut instance, &[7; SEED - 1]);
        assert_eq!(kinds(instance.create(now(1.0, 1e12), usize::MAX)), [schema::FAULT]);
    }

    #[test]
    fn a_client_goes_on_from_a_snapshot() {
        let (mut instance, _) = created(OPTIONS);
        let mut records = Vec::new();
        let ask = [Some(&b"fuel so far?"[..]), None, None, None, None];
        pamlink_border::packed::push(&mut records, schema::ASK, &[0], &ask);
        pamlink_border::packed::push(&mut records, schema::SNAPSHOT, &[], &[]);
        given(&mut instance, &records);
        let output = instance.step(now(2.0, 1e12), usize::MAX).to_vec();
        assert_eq!(kinds(&output), [schema::ASKED, schema::SNAPSHOT_TAKEN, schema::NEXT]);
        // Behind `asked`, a head and two words; it has a head, a word and a length itself.
        let taken = &output[24..];
        let size = u32::from_le_bytes([taken[0], taken[1], taken[2], taken[3]]) as usize;
        let snapshot = &taken[20..size];
        let options = [OPTIONS.as_bytes(), &[0], snapshot].concat();
        let mut restored = Instance::new();
        given(&mut restored, &[&[8; SEED][..], &options].concat());
        let _ = restored.create(now(1.0, 1e12), usize::MAX);
        assert_eq!(kinds(restored.output()), [0; 0]);
        assert_eq!(restored.client.as_ref().map(|it| it.client().pending()), Some(1));
        given(&mut restored, &[&[8; SEED][..], OPTIONS.as_bytes(), &[0, 1, 2]].concat());
        assert_eq!(kinds(restored.create(now(1.0, 1e12), usize::MAX)), [schema::FAULT]);
    }

    #[test]
    fn clocks_of_a_page_are_milliseconds() {
        let read = now(1.5, 2_000.25);
        assert_eq!(read.mono, Mono::from_nanos(1_500_000));
        assert_eq!(read.wall, Wall::from_unix_micros(2_000_250));
        assert_eq!(now(f64::NAN, f64::NAN), Now::new(Mono::ZERO, Wall::from_unix_micros(0)));
    }
}
