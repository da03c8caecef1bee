//! The C entry: the one hot call, without what a call through UniFFI costs.
//!
//! A call through UniFFI takes microseconds in Python and Kotlin. These functions take numbers and
//! addresses alone. They do the same as `Client::step` and `Hub::step`, on the same engines, which
//! they find by the number that `handle` of either gave. This is the only unsafe code of the
//! project.

#![allow(unsafe_code)]

use core::slice;
use std::panic::catch_unwind;

use crate::engine::{Handle, now};
use pamlink_border::Code;

/// The ABI that this library speaks; see [`ABI`](crate::ABI).
#[unsafe(no_mangle)]
pub extern "C" fn pamlink_abi() -> u32 {
    crate::ABI
}

/// Gives the engine of `handle` an input in the packed layout, with both clocks, and writes its
/// output to `out`.
///
/// Returns the length of the output. If that is more than `out_cap`, nothing was written:
/// [`pamlink_output`] gives it to a larger buffer, and only then comes the next step. A negative
/// number is the negative [`Code`] of an error.
///
/// # Safety
///
/// `input` must be the address of `input_len` bytes that nobody writes to during the call, and
/// `out` that of `out_cap` bytes that nobody else uses during the call. Either may be null with a
/// length of 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pamlink_step(
    handle: u64,
    mono_nanos: u64,
    wall_micros: i64,
    input: *const u8,
    input_len: u64,
    out: *mut u8,
    out_cap: u64,
) -> i64 {
    let (Some(input_len), Some(out_cap)) = (sound(input, input_len), sound(out, out_cap)) else {
        return refusal(Code::BadInput);
    };
    let input = match input_len {
        0 => &[][..],
        // SAFETY: not null, and no longer than an object may be; the caller vouches for the rest.
        length => unsafe { slice::from_raw_parts(input, length) },
    };
    let Some(engine) = Handle::find(handle) else { return refusal(Code::NoEngine) };
    // The machine's own panics are caught within; this is for all around it.
    let stepped = catch_unwind(core::panic::AssertUnwindSafe(|| {
        // SAFETY: as for `pamlink_step`, whose caller vouches for `out`.
        engine.step_into(now(mono_nanos, wall_micros), input, &mut |output| unsafe {
            copy(output, out, out_cap)
        })
    }));
    match stepped {
        Ok(Ok(length)) => i64::try_from(length).unwrap_or(i64::MAX),
        Ok(Err(fault)) => refusal(fault.code),
        Err(_) => refusal(Code::Poisoned),
    }
}

/// Writes the output that a step had no room for to `out`, under the same terms. 0 if none waits.
///
/// # Safety
///
/// As [`pamlink_step`] for `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pamlink_output(handle: u64, out: *mut u8, out_cap: u64) -> i64 {
    let Some(out_cap) = sound(out, out_cap) else { return refusal(Code::BadInput) };
    let Some(engine) = Handle::find(handle) else { return refusal(Code::NoEngine) };
    // SAFETY: the caller vouches for `out`.
    let length = engine.output(&mut |output| unsafe { copy(output, out, out_cap) });
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// The length of a buffer, if these may be the address and length of one at all.
fn sound(address: *const u8, length: u64) -> Option<usize> {
    let length = isize::try_from(length).ok()?.unsigned_abs();
    (length == 0 || !address.is_null()).then_some(length)
}

/// Whether `output` has been copied to `out`: not if there is no room.
///
/// # Safety
///
/// `out` must be the address of `out_cap` writable bytes, or `out_cap` 0.
unsafe fn copy(output: &[u8], out: *mut u8, out_cap: usize) -> bool {
    let fits = output.len() <= out_cap;
    if fits && !output.is_empty() {
        // SAFETY: it fits, and an engine's own buffer is never the caller's.
        unsafe { core::ptr::copy_nonoverlapping(output.as_ptr(), out, output.len()) };
    }
    fits
}

const fn refusal(code: Code) -> i64 {
    -(code as u32 as i64)
}

#[cfg(test)]
mod tests;
