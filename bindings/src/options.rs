//! The bounds and choices that a host may set. What is left out has the engine's default.

use std::collections::HashMap;
use std::sync::Arc;

use pamlink::client::ClientConfig;
use pamlink::frame::DeflateConfig;
use pamlink::frame::handshake::check_origin;
use pamlink::hub::{Auth, HubConfig, UnknownAgent, UserCap, WhileAnswering, check_subprotocol};
use pamlink::link::Endpoint;
use pamlink::link::jwt::{DEFAULT_AUDIENCE, Verifier};
use pamlink::routing::Table;

use crate::routing;
use pamlink_border::{Code, Fault};

/// The bounds and choices of a client.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ClientOptions {
    /// `ws://` or `wss://`, with the whole path. A token in its query is taken out and ignored.
    pub url: String,
    /// Whether to connect without a token and never ask for one.
    #[uniffi(default = false)]
    pub anonymous: bool,
    /// How long a request waits for its answer, 1 s to 24 h. Default 60 s. One that waits longer
    /// than the server remembers (5 min by default) may take effect twice.
    #[uniffi(default = None)]
    pub request_timeout_ms: Option<u64>,
    /// Most requests at once, 1 to 65,536. Default 64.
    #[uniffi(default = None)]
    pub max_requests: Option<u32>,
    /// Most bytes of requests at once, 1 KiB to 1 GiB. Default 256 KiB.
    #[uniffi(default = None)]
    pub max_request_bytes: Option<u64>,
    /// The interval of the keepalive: a server that is silent for it is sent a ping, 10 ms to 25 s. Default 20 s.
    #[uniffi(default = None)]
    pub heartbeat_interval_ms: Option<u64>,
    /// How long the server has to show it, 10 ms to 2 min. Default 10 s.
    #[uniffi(default = None)]
    pub heartbeat_deadline_ms: Option<u64>,
    /// The longest delay between two attempts to connect, 100 ms to 1 h. Default 30 s.
    #[uniffi(default = None)]
    pub backoff_cap_ms: Option<u64>,
    /// How long a transport may take to connect, 10 ms to 10 min. Default 15 s.
    #[uniffi(default = None)]
    pub dial_timeout_ms: Option<u64>,
    /// How long the server's welcome may take; 0 for servers that send none. 0 to 10 min. Default
    /// 10 s.
    #[uniffi(default = None)]
    pub welcome_timeout_ms: Option<u64>,
    /// The longest message that is read, in bytes, 1 KiB to 1 GiB. Default 1 MiB.
    #[uniffi(default = None)]
    pub max_message_bytes: Option<u64>,
    /// The `Origin` header; only browsers have one. Default none.
    #[uniffi(default = None)]
    pub origin: Option<String>,
    /// Subprotocols to offer, the preferred one first.
    #[uniffi(default = [])]
    pub subprotocols: Vec<String>,
    /// Whether to speak `pamlink.v1` where the server has it: then answers go on in the middle after
    /// a break, requests are cancelled, and the client is kept as a snapshot. A server without it
    /// is called again in the `pam` dialect. Default yes.
    #[uniffi(default = true)]
    pub v1: bool,
    /// Whether to offer compression (permessage-deflate, RFC 7692) over bytes; a transport that
    /// speaks WebSocket itself negotiates its own. Default no: a phone's battery is worth more than
    /// the bytes, and a link that talks takes half a megabyte more.
    #[uniffi(default = false)]
    pub compression: bool,
}

impl ClientOptions {
    pub(crate) fn build(self) -> Result<(ClientConfig, Endpoint), Fault> {
        let (endpoint, _) = Endpoint::parse(&self.url)
            .map_err(|error| Fault::new(Code::BadUrl, error.to_string()))?;
        let endpoint = if self.v1 { endpoint.offering_v1() } else { endpoint };
        let mut config = ClientConfig::default();
        let link = &mut config.link;
        link.anonymous = self.anonymous;
        link.origin = self.origin;
        link.subprotocols = self.subprotocols;
        link.link.deflate = self.compression.then(DeflateConfig::client);
        let wanted = [
            ("request_timeout_ms", self.request_timeout_ms),
            ("max_requests", self.max_requests.map(u64::from)),
            ("max_request_bytes", self.max_request_bytes),
            ("heartbeat_interval_ms", self.heartbeat_interval_ms),
            ("heartbeat_deadline_ms", self.heartbeat_deadline_ms),
            ("backoff_cap_ms", self.backoff_cap_ms),
            ("dial_timeout_ms", self.dial_timeout_ms),
            ("welcome_timeout_ms", self.welcome_timeout_ms),
            ("max_message_bytes", self.max_message_bytes),
        ];
        for (name, value) in given(wanted) {
            config.set(name, value)?;
        }
        Ok((config, endpoint))
    }
}

/// Who decides whether tokens are good. Without a secret and keys: the host, token by token.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct AuthOptions {
    /// The secret of HS256 tokens, at least 32 bytes.
    #[uniffi(default = None)]
    pub hs256_secret: Option<Vec<u8>>,
    /// A JWKS document (RFC 7517) with keys for HS256, ES256 or RS256, in place of a secret.
    #[uniffi(default = None)]
    pub jwks: Option<String>,
    /// The `aud` that a token must name. Default `authenticated`.
    #[uniffi(default = None)]
    pub audience: Option<String>,
    /// How far the clocks of issuer and server may lie apart, 0 to 10 min. Default 10 s.
    #[uniffi(default = None)]
    pub leeway_ms: Option<u64>,
}

impl AuthOptions {
    pub(crate) fn build(self) -> Result<Auth, Fault> {
        Ok(match self.verifier()? {
            Some(verifier) => Auth::Verifier(Box::new(verifier)),
            None => Auth::Host,
        })
    }

    /// A verifier, if there is a key.
    pub(crate) fn verifier(self) -> Result<Option<Verifier>, Fault> {
        let audience = self.audience.as_deref().unwrap_or(DEFAULT_AUDIENCE);
        let verifier = match (&self.hs256_secret, &self.jwks) {
            (None, None) => return Ok(None),
            (Some(secret), None) => Verifier::hs256(secret, audience),
            (None, Some(document)) => Verifier::from_jwks(document, audience),
            (Some(_), Some(_)) => {
                return Err(Fault::new(Code::BadKey, "either a secret or a JWKS document"));
            }
        };
        let mut verifier = verifier.map_err(|error| Fault::new(Code::BadKey, error.to_string()))?;
        for (name, value) in given([("leeway_ms", self.leeway_ms)]) {
            verifier.set(name, value)?;
        }
        Ok(Some(verifier))
    }
}

/// The bounds and choices of a hub.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct HubOptions {
    /// Who decides whether tokens are good.
    pub auth: AuthOptions,
    /// The routing table as JSON. Default: the five agents of the dialect.
    #[uniffi(default = None)]
    pub routes: Option<String>,
    /// The origins from which a browser may connect over bytes. Default: any.
    #[uniffi(default = None)]
    pub origins: Option<Vec<String>>,
    /// The subprotocols beside `pamlink.v1` that a client may offer: of those that it does, the first is
    /// agreed on, and the link speaks the `pam` dialect. None begins with `pamlink.`. Default: none.
    #[uniffi(default = [])]
    pub subprotocols: Vec<String>,
    /// Most links at once, 1 to 16,777,216. Default 131,072.
    #[uniffi(default = None)]
    pub max_links: Option<u32>,
    /// Most links of one user at once, 1 to 65,536. Default 32.
    #[uniffi(default = None)]
    pub max_links_per_user: Option<u32>,
    /// Whether one link more is refused; otherwise the user's oldest is closed with 1000.
    #[uniffi(default = false)]
    pub refuse_newest: bool,
    /// Most running requests at once, 1 to 16,777,216. Default 65,536.
    #[uniffi(default = None)]
    pub max_requests: Option<u32>,
    /// Most running requests of one link, 1 to 65,536. Default 32.
    #[uniffi(default = None)]
    pub max_requests_per_link: Option<u32>,
    /// How long a request waits for its reply, 100 ms to 24 h. Default 2 min.
    #[uniffi(default = None)]
    pub request_timeout_ms: Option<u64>,
    /// What becomes of what a user asks while an answer to the same user runs: `parallel`, `queue`,
    /// `reject` or `replace`. Default `parallel`.
    #[uniffi(default = None)]
    pub while_answering: Option<String>,
    /// How long a link waits for the host's verdict on its token, 10 ms to 24 h. Default 10 s.
    #[uniffi(default = None)]
    pub auth_timeout_ms: Option<u64>,
    /// How long a link may go on with an expired token, 0 to 24 h. Default 60 s.
    #[uniffi(default = None)]
    pub token_grace_ms: Option<u64>,
    /// Messages of one user a minute, 1 to 10,000,000. Default 100.
    #[uniffi(default = None)]
    pub messages_per_minute: Option<u32>,
    /// Links that one user may open a minute, 1 to 10,000,000. Default 60.
    #[uniffi(default = None)]
    pub connects_per_minute: Option<u32>,
    /// Repeats of one user a minute, 1 to 10,000,000. Default 500.
    #[uniffi(default = None)]
    pub repeats_per_minute: Option<u32>,
    /// Refusals that a link survives within a minute, 1 to 1,000,000. Default 5.
    #[uniffi(default = None)]
    pub max_violations: Option<u32>,
    /// Requests that are remembered, 1 to 16,777,216. Default 262,144.
    #[uniffi(default = None)]
    pub window_entries: Option<u64>,
    /// How long a request is remembered, 1 s to 168 h. Default 5 min.
    #[uniffi(default = None)]
    pub window_age_ms: Option<u64>,
    /// Bytes of results kept for repeats, 0 to 1 GiB. Default 16 MiB.
    #[uniffi(default = None)]
    pub window_result_bytes: Option<u64>,
    /// Between two pings of the hub, 10 ms to 25 s. Default 20 s.
    #[uniffi(default = None)]
    pub heartbeat_interval_ms: Option<u64>,
    /// How long a peer has to show life, 10 ms to 2 min. Default 10 s.
    #[uniffi(default = None)]
    pub heartbeat_deadline_ms: Option<u64>,
    /// The longest message that is read, in bytes, 1 KiB to 1 GiB. Default 1 MiB.
    #[uniffi(default = None)]
    pub max_message_bytes: Option<u64>,
    /// Bytes that may wait to be written to one link, 0 to 1 GiB. Default 256 KiB.
    #[uniffi(default = None)]
    pub outbox_bytes: Option<u64>,
    /// Types beyond those of the dialect that the host takes.
    #[uniffi(default = [])]
    pub accepts: Vec<String>,
    /// How many characters a text in a message may have, by the name of its member (`message`), in
    /// every type that has no limit of its own for it, or by type and name (`voice.message`). 1 to
    /// 1,048,576; what is not named keeps its default.
    #[uniffi(default = None)]
    pub characters: Option<HashMap<String, u32>>,
    /// Whether a request that names an unknown agent goes to the table's error handler; otherwise
    /// the hub answers it with an error.
    #[uniffi(default = false)]
    pub route_unknown_agents: bool,
    /// Whether to compress messages (permessage-deflate, RFC 7692) with peers over bytes that offer
    /// it; a transport that speaks WebSocket itself negotiates its own. Default no: it takes memory
    /// and time of the processor, which servers run out of before the bytes.
    #[uniffi(default = false)]
    pub compression: bool,
    /// Most links that hold a compressor between messages, about 380 KB each; the others borrow one
    /// for each message, and save less. 0 to 100,000. Default 64.
    #[uniffi(default = None)]
    pub max_compressors: Option<u32>,
}

impl HubOptions {
    pub(crate) fn build(self) -> Result<(HubConfig, Auth, Arc<Table>), Fault> {
        let auth = self.auth.build()?;
        let routes = match &self.routes {
            Some(json) => routing::table(json)?,
            None => Arc::new(Table::default()),
        };
        let mut config = HubConfig::default();
        config.link.deflate = self.compression.then(DeflateConfig::server);
        for origin in self.origins.iter().flatten() {
            let fault = |error| Fault::new(Code::BadOption, format!("origins: {origin}: {error}"));
            check_origin(origin).map_err(fault)?;
        }
        config.origins = self.origins;
        for name in &self.subprotocols {
            let fault =
                |error| Fault::new(Code::BadOption, format!("subprotocols: {name}: {error}"));
            check_subprotocol(name).map_err(fault)?;
        }
        config.subprotocols = self.subprotocols;
        config.accepts = self.accepts;
        for (member, limit) in self.characters.unwrap_or_default() {
            config.sizes.set_characters(&member, limit.into())?;
        }
        if let Some(name) = &self.while_answering {
            config.while_answering = WhileAnswering::from_name(name).ok_or_else(|| {
                let names = WhileAnswering::NAMES.map(|(name, _)| name).join(", ");
                Fault::new(Code::BadOption, format!("while_answering is {name}, none of {names}"))
            })?;
        }
        if self.refuse_newest {
            config.at_user_cap = UserCap::RefuseNewest;
        }
        if self.route_unknown_agents {
            config.unknown_agent = UnknownAgent::Route;
        }
        let wanted = [
            ("max_links", self.max_links.map(u64::from)),
            ("max_links_per_user", self.max_links_per_user.map(u64::from)),
            ("max_requests", self.max_requests.map(u64::from)),
            ("max_requests_per_link", self.max_requests_per_link.map(u64::from)),
            ("request_timeout_ms", self.request_timeout_ms),
            ("auth_timeout_ms", self.auth_timeout_ms),
            ("token_grace_ms", self.token_grace_ms),
            ("messages_per_minute", self.messages_per_minute.map(u64::from)),
            ("connects_per_minute", self.connects_per_minute.map(u64::from)),
            ("repeats_per_minute", self.repeats_per_minute.map(u64::from)),
            ("max_violations", self.max_violations.map(u64::from)),
            ("window_entries", self.window_entries),
            ("window_age_ms", self.window_age_ms),
            ("window_result_bytes", self.window_result_bytes),
            ("heartbeat_interval_ms", self.heartbeat_interval_ms),
            ("heartbeat_deadline_ms", self.heartbeat_deadline_ms),
            ("max_message_bytes", self.max_message_bytes),
            ("outbox_bytes", self.outbox_bytes),
            ("max_compressors", self.max_compressors.map(u64::from)),
        ];
        for (name, value) in given(wanted) {
            config.set(name, value)?;
        }
        Ok((config, auth, routes))
    }
}

/// The options that were given, by name.
fn given<const N: usize>(
    wanted: [(&'static str, Option<u64>); N],
) -> impl Iterator<Item = (&'static str, u64)> {
    wanted.into_iter().filter_map(|(name, value)| Some((name, value?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_bounds_is_named() {
        let options = HubOptions { max_links: Some(0), ..HubOptions::default() };
        let fault = options.build().map(|_| ()).unwrap_err();
        assert_eq!(fault.code, Code::BadOption);
        assert_eq!(fault.what, "max_links is 0, not from 1 to 16777216");
        let options = HubOptions { window_age_ms: Some(u64::MAX), ..HubOptions::default() };
        assert!(options.build().map(|_| ()).unwrap_err().what.starts_with("window_age_ms is "));
    }

    #[test]
    fn a_hub_without_options_is_the_engine_s_own() {
        let (config, auth, routes) = HubOptions::default().build().unwrap();
        assert_eq!(format!("{config:?}"), format!("{:?}", HubConfig::default()));
        assert!(matches!(auth, Auth::Host));
        assert_eq!(routes.agents().len(), Table::default().agents().len());
    }

    #[test]
    fn a_hub_compresses_if_asked_to_with_so_many_compressors() {
        let hub = |compression, max_compressors| {
            let options = HubOptions { compression, max_compressors, ..HubOptions::default() };
            let (config, ..) = options.build().unwrap();
            (config.link.deflate, config.max_compressors)
        };
        assert_eq!(hub(false, None), (None, HubConfig::default().max_compressors));
        assert_eq!(hub(true, Some(0)), (Some(DeflateConfig::server()), 0));
        let options = HubOptions { max_compressors: Some(100_001), ..HubOptions::default() };
        let fault = options.build().map(|_| ()).unwrap_err();
        assert_eq!(fault.what, "max_compressors is 100001, not from 0 to 100000");
    }

    #[test]
    fn a_weak_or_doubled_key_is_refused() {
        let weak = AuthOptions { hs256_secret: Some(vec![0; 31]), ..AuthOptions::default() };
        assert_eq!(weak.build().unwrap_err().code, Code::BadKey);
        let both = AuthOptions {
            hs256_secret: Some(vec![0; 32]),
            jwks: Some("{\"keys\":[]}".into()),
            ..AuthOptions::default()
        };
        assert_eq!(both.build().unwrap_err().code, Code::BadKey);
    }
}
