//! The records of an input, taken one after the other.

use pamlink::time::Now;

use crate::fault::Fault;
use crate::packed::{self, View, schema};
use crate::said;

/// A machine that takes records.
pub(crate) trait Take {
    /// Takes the record at the place `of` of its input, and appends what became of a command.
    fn apply(
        &mut self,
        now: Now,
        of: u64,
        record: &View<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault>;

    /// Appends the events of the machine.
    fn drain(&mut self, out: &mut Vec<u8>);
}

/// Takes all records of an input. What is wrong with one is a `fault` in the output.
pub(crate) fn take(machine: &mut impl Take, now: Now, input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    let mut of = 0;
    while !rest.is_empty() {
        match View::split(rest) {
            Ok((record, after)) => {
                rest = after;
                if let Err(fault) = machine.apply(now, of, &record, out) {
                    push_fault(out, of, &fault);
                }
                machine.drain(out);
            }
            Err(fault) => {
                // Where the next record begins is not known.
                push_fault(out, of, &fault);
                break;
            }
        }
        of += 1;
    }
}

/// Appends `fault`: what is wrong with the record at the place `of` of its input.
pub fn push_fault(out: &mut Vec<u8>, of: u64, fault: &Fault) {
    let code = fault.code;
    packed::push(
        out,
        schema::FAULT,
        &[of, code as u64, code.is_retryable().into(), said::maybe(fault.retry_after)],
        &[
            Some(code.as_str().as_bytes()),
            Some(code.class().as_bytes()),
            Some(fault.what.as_bytes()),
        ],
    );
}
