//! A number that stands for what an engine has said.

/// A number of lines (FNV-1a), the same on every platform. It finds accidents, not malice.
#[derive(Clone, Copy)]
pub(super) struct Digest(u64);

impl Digest {
    pub(super) const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    pub(super) fn add(&mut self, line: impl AsRef<[u8]>) {
        // 0xff is in no text: two lines are not one.
        for byte in line.as_ref().iter().copied().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    /// That of one line.
    pub(super) fn of(line: impl AsRef<[u8]>) -> Self {
        let mut digest = Self::EMPTY;
        digest.add(line);
        digest
    }

    pub(super) fn text(self) -> String {
        format!("{:016x}", self.0)
    }
}
