//! The C entry, as a careless caller calls it.

use core::ptr::{null, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::*;
use crate::{Client, ClientOptions, Hub, HubOptions};
use pamlink_border::packed::{self, NONE, schema};
use pamlink_border::testing::{Output, give};

const BAD_INPUT: i64 = -2;
const NO_ENGINE: i64 = -4;
const OUTPUT_PENDING: i64 = -5;

fn hub() -> Arc<Hub> {
    Hub::new(HubOptions::default(), &[1; 32]).unwrap()
}

fn client() -> Arc<Client> {
    let options = ClientOptions {
        url: "ws://h/api/v1/pam/ws/ann".to_owned(),
        anonymous: true,
        request_timeout_ms: None,
        max_requests: None,
        max_request_bytes: None,
        heartbeat_interval_ms: None,
        heartbeat_deadline_ms: None,
        backoff_cap_ms: None,
        dial_timeout_ms: None,
        welcome_timeout_ms: None,
        max_message_bytes: None,
        origin: None,
        subprotocols: Vec::new(),
        v1: false,
        compression: false,
    };
    Client::new(options, &[1; 32], 0, 0).unwrap()
}

fn accept_opened(user: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let texts = [Some(user.as_bytes()), None, Some(user.as_bytes())];
    packed::push(&mut out, schema::ACCEPT_OPENED, &[NONE, NONE, 0], &texts);
    out
}

/// A step with room for `cap` bytes. Its result, and what was written, of which nothing lies
/// beyond the length.
fn step(handle: u64, input: &[u8], cap: usize) -> (i64, Vec<u8>) {
    let mut out = vec![0xaa; cap + 16];
    // SAFETY: both lengths are those of their buffers, or less.
    let length = unsafe {
        pamlink_step(handle, 0, 0, input.as_ptr(), input.len() as u64, out.as_mut_ptr(), cap as u64)
    };
    written(length, out, cap)
}

/// What waits, with room for `cap` bytes.
fn output(handle: u64, cap: usize) -> (i64, Vec<u8>) {
    let mut out = vec![0xaa; cap + 16];
    // SAFETY: the length is less than that of the buffer.
    let length = unsafe { pamlink_output(handle, out.as_mut_ptr(), cap as u64) };
    written(length, out, cap)
}

fn written(length: i64, mut out: Vec<u8>, cap: usize) -> (i64, Vec<u8>) {
    let fits = usize::try_from(length).ok().filter(|length| *length <= cap).unwrap_or(0);
    assert!(out[fits..].iter().all(|byte| *byte == 0xaa), "written beyond {fits} of {cap}");
    out.truncate(fits);
    (length, out)
}

#[test]
fn the_entry_speaks_the_version_of_the_border() {
    assert_eq!(pamlink_abi(), crate::abi_version());
}

#[test]
fn the_entry_does_what_the_object_does() {
    let (one, other) = (hub(), hub());
    for input in [vec![], accept_opened("ann"), vec![1, 2, 3], give(schema::ACCEPT, &[], &[])] {
        let (length, out) = step(one.handle(), &input, 4_096);
        assert_eq!(out, other.step(0, 0, &input).unwrap());
        assert_eq!(length, out.len() as i64);
    }
    assert_eq!(
        (one.links().unwrap(), other.links().unwrap()),
        (2, 2),
        "on the engine of the object"
    );
}

#[test]
fn null_is_an_address_only_of_nothing() {
    let hub = hub();
    let handle = hub.handle();
    let mut out = [0; 64];
    // SAFETY: null comes with a length of 0, or is refused before it is looked at.
    unsafe {
        assert!(pamlink_step(handle, 0, 0, null(), 0, out.as_mut_ptr(), 64) > 0);
        assert_eq!(pamlink_step(handle, 0, 0, null(), 1, out.as_mut_ptr(), 64), BAD_INPUT);
        assert_eq!(pamlink_step(handle, 0, 0, null(), u64::MAX, out.as_mut_ptr(), 64), BAD_INPUT);
        assert_eq!(pamlink_step(handle, 0, 0, null(), 0, null_mut(), 1), BAD_INPUT);
        assert_eq!(pamlink_output(handle, null_mut(), 1), BAD_INPUT);
        assert_eq!(pamlink_output(handle, null_mut(), u64::MAX), BAD_INPUT);
        // No room at all: the output waits.
        let length = pamlink_step(handle, 0, 0, null(), 0, null_mut(), 0);
        assert!(length > 0);
        assert_eq!(pamlink_output(handle, null_mut(), 0), length);
    }
    assert_eq!(output(handle, 64).0, 20, "nothing but `next`");
}

#[test]
fn a_length_that_no_buffer_has_is_refused() {
    let hub = hub();
    let (input, mut out) = ([0; 8], [0; 8]);
    let too_long = isize::MAX as u64 + 1;
    for length in [too_long, u64::MAX] {
        // SAFETY: refused before anything is read or written.
        unsafe {
            let (input, out) = (input.as_ptr(), out.as_mut_ptr());
            assert_eq!(pamlink_step(hub.handle(), 0, 0, input, length, out, 8), BAD_INPUT);
            assert_eq!(pamlink_step(hub.handle(), 0, 0, input, 0, out, length), BAD_INPUT);
            assert_eq!(pamlink_output(hub.handle(), out, length), BAD_INPUT);
        }
    }
    assert_eq!(hub.links().unwrap(), 0);
}

#[test]
fn an_input_that_is_cut_is_a_fault_in_the_output() {
    let hub = hub();
    let input = accept_opened("ann");
    for length in 1..input.len() {
        let events = Output::all(&step(hub.handle(), &input[..length], 4_096).1);
        assert_eq!((events[0].name(), events[0].text("name")), ("fault", "bad_input"), "{length}");
    }
    assert_eq!(hub.links().unwrap(), 0);
}

#[test]
fn an_output_without_room_waits_whole_and_nothing_goes_on_before() {
    let hub = hub();
    let handle = hub.handle();
    let (length, out) = step(handle, &accept_opened("ann"), 10);
    assert!(length > 10 && out.is_empty());
    assert_eq!(step(handle, &accept_opened("bob"), 4_096), (OUTPUT_PENDING, vec![]));
    for cap in [0, 1, length as usize - 1] {
        assert_eq!(output(handle, cap), (length, vec![]), "{cap}");
    }
    let (again, out) = output(handle, length as usize);
    assert_eq!(again, length);
    let events = Output::all(&out);
    assert_eq!(events[0].name(), "accepted");
    assert_eq!(output(handle, 4_096), (0, vec![]), "once");
    assert_eq!(hub.links().unwrap(), 1, "bob never came");
    assert!(step(handle, &accept_opened("bob"), 4_096).0 > 0);
}

#[test]
fn a_handle_that_names_no_engine_is_refused() {
    let used_up = {
        let (hub, client) = (hub(), client());
        [hub.handle(), client.handle()]
    };
    assert_ne!(used_up[0], used_up[1]);
    let live = hub();
    assert!(!used_up.contains(&live.handle()), "a number is never used twice");
    for handle in [used_up[0], used_up[1], 0, u64::MAX, live.handle() + 1_000_000] {
        assert_eq!(step(handle, &[], 64), (NO_ENGINE, vec![]));
        assert_eq!(output(handle, 64), (NO_ENGINE, vec![]));
    }
}

#[test]
fn an_output_that_waits_goes_with_its_engine() {
    let hub = hub();
    let handle = hub.handle();
    assert!(step(handle, &[], 0).0 > 0);
    drop(hub);
    assert_eq!(output(handle, 64).0, NO_ENGINE);
}

#[test]
fn steps_of_many_threads_on_one_engine_come_one_after_the_other() {
    const THREADS: u64 = 8;
    const STEPS: u64 = 50;
    let hub = hub();
    let handle = hub.handle();
    let opened = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let opened = &opened;
            scope.spawn(move || {
                for at in 0..STEPS {
                    let user = format!("{thread}-{at}");
                    let (length, out) = step(handle, &accept_opened(&user), 4_096);
                    assert!(length > 0);
                    // The answer is whole, and that to the own input.
                    let events = Output::all(&out);
                    let ours =
                        events.iter().filter(|it| it.is("opened") && it.text("user") == user);
                    opened.fetch_add(ours.count() as u64, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(opened.into_inner(), THREADS * STEPS);
    assert_eq!(hub.links().unwrap(), THREADS * STEPS);
}

#[test]
fn threads_that_leave_outputs_lose_none() {
    let hub = hub();
    let handle = hub.handle();
    let accepted = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let (length, _) = step(handle, &give(schema::ACCEPT, &[], &[]), 0);
                    assert!(length > 0 || length == OUTPUT_PENDING);
                    // Whoever comes first fetches what waits, of this thread or another.
                    let (_, out) = output(handle, 4_096);
                    if !out.is_empty() {
                        let events = Output::all(&out);
                        let new = events.iter().filter(|it| it.is("accepted")).count();
                        accepted.fetch_add(new as u64, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(accepted.into_inner(), hub.links().unwrap());
}

#[test]
fn engines_of_many_threads_do_not_know_of_each_other() {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let client = client();
                    let (_, out) = step(client.handle(), &give(schema::CONNECT, &[], &[]), 4_096);
                    let events: Vec<_> = Output::all(&out).iter().map(Output::name).collect();
                    assert_eq!(events, ["state_changed", "dial", "next"]);
                }
            });
        }
    });
}

#[test]
fn an_engine_that_is_dropped_while_a_thread_steps_is_gone_after_that_step() {
    for _ in 0..20 {
        let hub = hub();
        let handle = hub.handle();
        let stepped = AtomicBool::new(false);
        thread::scope(|scope| {
            let stepping = scope.spawn(|| {
                loop {
                    let (length, out) = step(handle, &give(schema::ACCEPT, &[], &[]), 4_096);
                    if length == NO_ENGINE {
                        break;
                    }
                    assert_eq!(Output::all(&out)[0].name(), "accepted");
                    stepped.store(true, Ordering::Release);
                }
            });
            while !stepped.load(Ordering::Acquire) {
                thread::yield_now();
            }
            drop(hub);
            stepping.join().unwrap();
        });
        assert_eq!(step(handle, &[], 64).0, NO_ENGINE);
    }
}
