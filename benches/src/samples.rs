//! What samples are made of.

/// Appends a text frame of a client (RFC 6455 section 5.2).
pub fn mask_frame(payload: &[u8], key: u32, wire: &mut Vec<u8>) {
    wire.push(0x81);
    match u16::try_from(payload.len()) {
        Ok(length) if length < 126 => wire.push(0x80 | length as u8),
        Ok(length) => {
            wire.push(0x80 | 126);
            wire.extend(length.to_be_bytes());
        }
        Err(_) => {
            wire.push(0x80 | 127);
            wire.extend((payload.len() as u64).to_be_bytes());
        }
    }
    let key = key.to_be_bytes();
    wire.extend(key);
    wire.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
}

/// Numbers that look random and are the same every time (SplitMix64).
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number below `bound`, which is not zero.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.draw() % bound as u64) as usize
    }
}
