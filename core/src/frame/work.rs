//! How many bytes were examined: for the tests that hold the work linear in what arrived. Outside
//! of tests it is nothing.

#[cfg(not(test))]
#[inline]
pub(super) const fn looked_at(_bytes: usize) {}

#[cfg(test)]
pub(crate) use self::counted::{during, looked_at};

#[cfg(test)]
mod counted {
    use core::cell::Cell;

    thread_local!(static BYTES: Cell<usize> = const { Cell::new(0) });

    pub(crate) fn looked_at(bytes: usize) {
        BYTES.set(BYTES.get() + bytes);
    }

    /// How many bytes were examined while this ran.
    pub(crate) fn during(run: impl FnOnce()) -> usize {
        BYTES.set(0);
        run();
        BYTES.get()
    }
}
