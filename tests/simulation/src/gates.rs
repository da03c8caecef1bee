//! Gates against empty success: what has to be seen before a run says anything.

/// What a run has not seen often enough.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    missing: Vec<String>,
}

impl Gates {
    /// There is to be at least so much of something, and one in any case.
    pub(crate) fn least(&mut self, what: &str, has: u64, least: u64) {
        let least = least.max(1);
        if has < least {
            self.missing.push(format!("{what}: {has}, at least {least}"));
        }
    }

    /// What is missing, in the order in which it was asked for.
    pub(crate) fn into_missing(self) -> Vec<String> {
        self.missing
    }
}
