//! Tokens that never show themselves, and the schedule that renews them.

use core::fmt;
use core::time::Duration;
use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;

use crate::envelope::{Raw, Shape};
use crate::seed::{Random, Seed};
use crate::time::{Deadline, Mono, Now, TimerReason, Wall};

/// So many first bytes are enough to know a token again.
const KNOWN_BY: usize = 8;

/// A bearer token. Its text leaves only through [`Token::expose`]; `Debug` shows its dates.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    text: Box<str>,
    issued: Option<Wall>,
    expires: Option<Wall>,
}

impl Token {
    /// A token with the dates that it carries itself, if it is a JWT with `exp` and `iat`.
    ///
    /// The dates are read without checking the signature: the holder of a token has no key, and
    /// only wants to know when to ask for the next one. A token without `exp` never expires here.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        let text = text.into();
        let dates = jwt_dates(&text).unwrap_or_default();
        Self { text, issued: dates.iat, expires: dates.exp }
    }

    /// An opaque token whose dates the host knows.
    pub fn with_dates(text: impl Into<Box<str>>, issued: Option<Wall>, expires: Wall) -> Self {
        Self { text: text.into(), issued, expires: Some(expires) }
    }

    /// The text itself. Whoever prints it is on their own.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// When the token was made, if it says so.
    pub fn issued(&self) -> Option<Wall> {
        self.issued
    }

    /// When the token ends, if it ends.
    pub fn expires(&self) -> Option<Wall> {
        self.expires
    }

    /// [`redact`], and this token's own text is hidden, too, or what a cut has left of it.
    pub(super) fn redact_in(&self, text: &str) -> String {
        let start = &self.text[..self.text.floor_char_boundary(KNOWN_BY)];
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(start).filter(|_| start.len() == KNOWN_BY) {
            out.push_str(&rest[..at]);
            out.push_str("***");
            let alike = rest[at..].bytes().zip(self.text.bytes()).take_while(|(a, b)| a == b);
            rest = &rest[at + alike.count()..];
        }
        out.push_str(rest);
        redact(&out).into_owned()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("text", &format_args!("***"))
            .field("issued", &self.issued)
            .field("expires", &self.expires)
            .finish()
    }
}

/// `text` with every value of a `token=` parameter and everything that looks like a JWT replaced
/// by `***`. For log lines about URLs and for reasons that come from elsewhere.
pub fn redact(text: &str) -> Cow<'_, str> {
    let ends = |c: char| c == '&' || c == '#' || c == '"' || c == '\'' || c.is_whitespace();
    let mut out = String::new();
    let mut rest = text;
    loop {
        let parameter = rest.find("token=").map(|at| at + "token=".len());
        let jwt = rest.find("eyJ");
        let Some(from) = parameter.into_iter().chain(jwt).min() else { break };
        out.push_str(&rest[..from]);
        out.push_str("***");
        rest = &rest[from..];
        rest = &rest[rest.find(ends).unwrap_or(rest.len())..];
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// When a client asks its host for the next token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenConfig {
    /// Ask no later than this long before the end. Default 60 s.
    pub lead: Duration,
    /// Ask up to this much earlier, drawn anew for each token, but no more than a tenth of its
    /// life. Default 30 s.
    pub jitter: Duration,
    /// After a token that was of no use, or none within `patience`, ask again no sooner than this.
    /// Default 10 s.
    pub pause: Duration,
    /// How long the host may take to provide a token before it is asked again. Default 30 s.
    pub patience: Duration,
}

impl Default for TokenConfig {
    fn default() -> Self {
        Self {
            lead: Duration::from_secs(60),
            jitter: Duration::from_secs(30),
            pause: Duration::from_secs(10),
            patience: Duration::from_secs(30),
        }
    }
}

/// Why a token from the host is of no use, or why the host has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The host's identity provider refuses: a login is needed.
    #[error("the host was denied a token")]
    Denied,
    /// A token must be printable ASCII without spaces to travel in a URL and a header.
    #[error("the host's new token has characters that no token has")]
    Malformed,
    /// The host could not ask its identity provider for now.
    #[error("the host could not get a token for now")]
    Unavailable,
}

/// The token of a client and the time of its renewal.
///
/// Renewal is due at `min(80 % of the life, end - lead)` less a jitter, never before half the
/// life. The host is asked for one token at a time. Where the server says that the token ends
/// earlier, or the token has no dates, the server's word is a life that begins with it.
///
/// The dates in a token are those of its issuer's clock, and the device's may be another. So they
/// time the renewal and nothing else: its server decides whether a token is valid. They are held
/// against the wall once, when the token comes; if that puts now outside of the token's life, the
/// device's clock is wrong, and the whole life counts from now. From there on time is monotonic: a
/// wall clock that is set meanwhile changes nothing.
#[derive(Debug)]
pub(crate) struct TokenSchedule {
    config: TokenConfig,
    random: Random,
    token: Option<Token>,
    renew: Option<Mono>,
    /// The token's life is over from here: the next dial needs another.
    ends: Option<Mono>,
    /// From here the host is asked for a token again.
    void: Option<Mono>,
    /// The host is asked no sooner than this.
    rest: Mono,
}

impl TokenSchedule {
    /// A schedule without a token.
    pub(crate) fn new(config: TokenConfig, seed: Seed) -> Self {
        let random = seed.into_random();
        Self { config, random, token: None, renew: None, ends: None, void: None, rest: Mono::ZERO }
    }

    /// The host hands over a token, asked for or not; a request for one has ended.
    ///
    /// # Errors
    ///
    /// [`TokenError::Malformed`]: the token is not kept.
    pub(crate) fn provide(&mut self, now: Now, token: Token) -> Result<(), TokenError> {
        self.fail(now);
        if token.text.is_empty() || !token.text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Malformed);
        }
        let life = Life::of(&token, now.wall);
        self.renew = life.map(|life| {
            let left = self.age_at_renewal(life.whole).saturating_sub(life.past);
            // One that is old already, or seems so, is not renewed at once: the next may be, too.
            now.mono + left.max(self.config.lead.min(life.whole / 2))
        });
        self.ends = life.map(|life| now.mono + life.left());
        self.token = Some(token);
        Ok(())
    }

    /// Has the token of another schedule, which renews it.
    pub(crate) fn show(&mut self, token: Option<&Token>) {
        (self.token, self.renew, self.ends) = (token.cloned(), None, None);
    }

    /// The server says for how long the token is good yet. Where the token's own dates say less, or
    /// it has none any more, nothing changes.
    pub(crate) fn limit(&mut self, now: Mono, left: Duration) {
        let ends = now + left;
        if self.token.is_none() || self.ends.is_some_and(|own| own <= ends) {
            return;
        }
        let renew = now + self.age_at_renewal(left);
        self.renew = Some(self.renew.map_or(renew, |own| own.min(renew)));
        self.ends = Some(ends);
    }

    /// The host has no token: the request for one has ended, and the next waits for the pause.
    pub(crate) fn fail(&mut self, now: Now) {
        self.void = None;
        self.rest = now.mono + self.config.pause;
    }

    /// The token if its life is not over at this moment.
    pub(crate) fn usable(&self, now: Mono) -> Option<&Token> {
        self.token.as_ref().filter(|_| self.ends.is_none_or(|ends| now < ends))
    }

    /// The token, whatever the time.
    pub(super) fn last(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// The peer refused the token: it is forgotten.
    pub(crate) fn reject(&mut self) {
        (self.token, self.renew, self.ends) = (None, None, None);
    }

    /// Asks the host for a token now, whatever the schedule says. False if it is asked already.
    #[must_use]
    pub(crate) fn ask(&mut self, now: Now) -> bool {
        if self.is_requested(now) {
            return false;
        }
        self.void = Some(now.mono + self.config.patience);
        true
    }

    /// Whether renewal is due and the host is to be asked for a token now: that request is open
    /// from here on.
    #[must_use]
    pub(crate) fn handle_timeout(&mut self, now: Now) -> bool {
        if self.void.is_some_and(|void| now.mono >= void) {
            self.fail(now);
        }
        self.renew.is_some_and(|renew| now.mono >= renew.max(self.rest)) && self.ask(now)
    }

    /// Whether the host was asked for a token and may still provide it.
    pub(crate) fn is_requested(&self, now: Now) -> bool {
        self.void.is_some_and(|void| now.mono < void)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        let at = match (self.void, self.renew) {
            (Some(void), _) => void,
            (None, Some(renew)) => renew.max(self.rest),
            (None, None) => return None,
        };
        Some(Deadline::new(at, TimerReason::TokenRenewal))
    }

    fn age_at_renewal(&mut self, life: Duration) -> Duration {
        let early = (life / 5 * 4).min(life.saturating_sub(self.config.lead));
        let jitter = self.random.up_to(self.config.jitter.min(life / 10));
        early.saturating_sub(jitter).max(life / 2)
    }
}

/// The life of a token when it came.
#[derive(Clone, Copy, Debug)]
struct Life {
    whole: Duration,
    past: Duration,
}

impl Life {
    /// Nothing is known of a token without an end, nor of one without a beginning that seems to
    /// have ended.
    fn of(token: &Token, now: Wall) -> Option<Self> {
        let expires = token.expires?;
        // Without `iat` the life is what is left: the host has only just got the token.
        let issued = token.issued.unwrap_or(now);
        let whole = expires.saturating_since(issued);
        let runs = issued <= now && now < expires;
        let past = if runs { now.saturating_since(issued) } else { Duration::ZERO };
        Some(Self { whole, past }).filter(|life| !life.whole.is_zero())
    }

    fn left(self) -> Duration {
        self.whole.saturating_sub(self.past)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Dates {
    exp: Option<Wall>,
    iat: Option<Wall>,
}

/// The dates of a JWT. Nothing unless its claims are an object whose dates are numbers (RFC 7519
/// section 4); `null` is absence.
fn jwt_dates(token: &str) -> Option<Dates> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims = Raw::parse(str::from_utf8(&payload).ok()?, CLAIMS_DEPTH).ok()?;
    let date = |name| match claims.field(name).filter(|value| !value.is_null()) {
        // A NumericDate (RFC 7519 section 2).
        Some(value) => value.scaled(6).map(|micros| Some(Wall::from_unix_micros(micros))),
        None => Some(None),
    };
    (claims.shape() == Shape::Object).then_some(())?;
    Some(Dates { exp: date("exp")?, iat: date("iat")? })
}

/// How deep the claims of a token may be nested. Issuers put objects of their own among them.
const CLAIMS_DEPTH: u8 = 127;

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
