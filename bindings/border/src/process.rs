//! The process that an engine was made in.
//!
//! What was made before a `fork` is the same in every child: the same epoch, the same ids, the same
//! masks. So no link begins in a process other than the one in which its engine was seeded.

use crate::fault::{Code, Fault};

/// A process, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(u32);

impl Process {
    /// The one that this is called in. Systems without `fork` have but one.
    pub fn current() -> Self {
        Self(if cfg!(unix) { std::process::id() } else { 0 })
    }

    /// Refuses a link in another process than this.
    ///
    /// # Errors
    ///
    /// `forked`.
    pub fn begins(self) -> Result<(), Fault> {
        if self == Self::current() {
            return Ok(());
        }
        let what = "the engine was made before a fork, in another process: make one in each";
        Err(Fault::new(Code::Forked, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_begins_only_where_its_engine_was_made() {
        assert_eq!(Process::current().begins(), Ok(()));
        let parent = Process(std::os::unix::process::parent_id());
        assert_eq!(parent.begins().unwrap_err().code, Code::Forked);
    }
}
