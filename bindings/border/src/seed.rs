//! The randomness that a host passes in.

use pamlink::seed::Seed;

use crate::fault::{Code, Fault};

/// The randomness of a host: 32 bytes from its operating system.
///
/// # Errors
///
/// `bad_seed` for any other length.
pub fn seed(bytes: &[u8]) -> Result<Seed, Fault> {
    let bytes = bytes.try_into().map_err(|_| {
        Fault::new(Code::BadSeed, format!("a seed has 32 bytes, not {}", bytes.len()))
    })?;
    Ok(Seed::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_has_32_bytes() {
        assert!(seed(&[0; 32]).is_ok());
        assert_eq!(seed(&[0; 31]).unwrap_err().code, Code::BadSeed);
    }
}
