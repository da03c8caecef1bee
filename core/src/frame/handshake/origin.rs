//! What a list of allowed origins may hold.

use thiserror::Error;

/// Holds a text against what browsers send as `Origin` (RFC 6454 section 7): scheme, host and a
/// port that is not the scheme's own. A list with anything else in it would let nobody in.
///
/// # Errors
///
/// [`OriginError`]: why no browser sends it.
pub fn check_origin(text: &str) -> Result<(), OriginError> {
    let (scheme, authority) = text.split_once("://").ok_or(OriginError::NoScheme)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(fits) {
        return Err(OriginError::NoScheme);
    }
    if authority.contains(['/', '?', '#']) {
        return Err(OriginError::Path);
    }
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        return Err(OriginError::Host);
    }
    let own = if scheme.eq_ignore_ascii_case("https") { "443" } else { "80" };
    match port {
        Some(port) if port == own => Err(OriginError::OwnPort),
        Some(port) if port.parse::<u16>().is_err() => Err(OriginError::Host),
        _ => Ok(()),
    }
}

/// Why a text is no origin that a browser sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OriginError {
    /// The host is missing, or has characters that a browser does not send: it sends names of
    /// other scripts as `xn--`, and knows no `*`.
    #[error("an origin has a host of letters, digits, `-` and `.`, as browsers send it")]
    Host,
    /// It begins with no scheme.
    #[error("an origin begins with its scheme, such as `https://`")]
    NoScheme,
    /// The scheme's own port, which browsers leave out.
    #[error("browsers leave out the port that is the scheme's own")]
    OwnPort,
    /// Something follows the host and the port.
    #[error("an origin ends with its host or port: no `/`, no path")]
    Path,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_browser_sends_is_no_origin() {
        for good in [
            "https://app.example",
            "http://localhost:3000",
            "HTTPS://App.Example",
            "https://[2001:db8::1]",
            "http://[::1]:8080",
            "capacitor://localhost",
            "https://xn--mnchen-3ya.example:8443",
            "chrome-extension://abcdefgh",
        ] {
            assert_eq!(check_origin(good), Ok(()), "{good}");
        }
        for (bad, error) in [
            ("", OriginError::NoScheme),
            ("app.example", OriginError::NoScheme),
            ("://app.example", OriginError::NoScheme),
            ("1https://app.example", OriginError::NoScheme),
            ("null", OriginError::NoScheme),
            ("https://app.example/", OriginError::Path),
            ("https://app.example/chat", OriginError::Path),
            ("https://app.example?a", OriginError::Path),
            ("https://", OriginError::Host),
            ("https://*.example", OriginError::Host),
            ("https://m\u{fc}nchen.example", OriginError::Host),
            ("https://ada@app.example", OriginError::Host),
            ("https://app.example:port", OriginError::Host),
            ("https://app.example:", OriginError::Host),
            ("https://app.example:443", OriginError::OwnPort),
            ("http://app.example:80", OriginError::OwnPort),
        ] {
            assert_eq!(check_origin(bad), Err(error), "{bad}");
        }
    }
}
