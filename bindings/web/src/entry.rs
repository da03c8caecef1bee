//! What the module exports.
//!
//! The host asks for [`input`], writes there, and calls [`create`] or [`step`], which take so many
//! bytes of it and say how long their output is; [`output`] is where that stands. A place is good until
//! the next call of any function here: memory may have grown, so a view of it has to be made anew,
//! too.
//!
//! # Invariants
//!
//! The host writes into memory that the module owns, behind the back of the compiler. That is sound
//! because it writes only between two calls, only to the bytes that [`input`] has given, and a
//! module without threads runs nothing then. No function takes an address. What is unsafe here is
//! that names are exported, which nothing else does; outside of WebAssembly they are not.

#![allow(unsafe_code)]

use core::cell::RefCell;

use crate::Instance;
use crate::instance::now;

thread_local! {
    static INSTANCE: RefCell<Instance> = const { RefCell::new(Instance::new()) };
}

fn with<T>(run: impl FnOnce(&mut Instance) -> T) -> T {
    INSTANCE.with_borrow_mut(run)
}

/// The ABI of the packed layout; see [`ABI`](pamlink_border::ABI).
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn abi() -> u32 {
    pamlink_border::ABI
}

/// Where an input of at most this length is to be written.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn input(length: usize) -> *mut u8 {
    with(|instance| instance.room(length).as_mut_ptr())
}

/// Makes the client; both clocks in milliseconds. The length of the output, which is 0 if there is
/// a client.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn create(mono: f64, wall: f64, length: usize) -> usize {
    with(|instance| instance.create(now(mono, wall), length).len())
}

/// Gives the client what was written. The length of the output.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn step(mono: f64, wall: f64, length: usize) -> usize {
    with(|instance| instance.step(now(mono, wall), length).len())
}

/// Where the output stands.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn output() -> *const u8 {
    with(|instance| instance.output().as_ptr())
}
