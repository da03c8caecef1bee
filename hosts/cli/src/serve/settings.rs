//! From flags and the configuration file to what the engine takes.

use std::time::Duration;

use pamlink::frame::DeflateConfig;
use pamlink::hub::HubConfig;
use pamlink::limits::{Class, Rate};
use pamlink::link::jwt::DEFAULT_AUDIENCE;

use super::keys::{Keys, Source};
use crate::args::ServeArgs;
use crate::config::Config;
use crate::fault::Fault;

/// What tokens are verified with.
pub(super) fn keys(args: &ServeArgs, config: &Config) -> Result<Keys, Fault> {
    let source = match (&args.jwt_secret_file, &args.jwks_file) {
        (Some(path), _) => Source::Secret(path.clone()),
        (None, Some(path)) => Source::Set(path.clone()),
        (None, None) => Source::Development,
    };
    Keys::read(source, audience(config))
}

/// The `aud` that tokens must name.
pub(super) fn audience(config: &Config) -> &str {
    config.auth.audience.as_deref().unwrap_or(DEFAULT_AUDIENCE)
}

/// The bounds of the hub.
pub(crate) fn hub(config: &Config) -> HubConfig {
    let mut hub = HubConfig::default();
    hub.max_links = config.links.max.count();
    hub.max_unauthenticated = config.links.max_unauthenticated.count();
    hub.max_unauthenticated_per_address = config.links.max_unauthenticated_per_address.count();
    hub.ipv6_prefix = config.links.ipv6_prefix_bits.small();
    hub.max_links_per_user = config.links.max_per_user.count();
    hub.link.outbox.max_bytes = config.links.outbox_bytes.size();
    hub.link.handshake.max_head = config.links.max_head_bytes.size();
    hub.link.handshake.max_headers = config.links.max_headers.size();
    hub.link.handshake.max_target = config.links.max_target_bytes.size();
    hub.link.patience.handshake = config.links.handshake_ms.millis();
    hub.link.frames.max_message = config.messages.max_bytes.size();
    hub.link.frames.max_frame = config.messages.max_bytes.size();
    hub.link.frames.max_fragments = config.messages.max_fragments.count();
    hub.link.deflate = deflate(config);
    hub.max_compressors = config.compression.max_compressors.count();
    hub.link.heartbeat.interval = config.heartbeat.interval_ms.millis();
    hub.link.heartbeat.deadline = config.heartbeat.deadline_ms.millis();
    let origins = config.auth.origins.as_ref();
    hub.origins = origins.map(|origins| origins.iter().map(|it| it.as_str().to_owned()).collect());
    hub.token_grace = config.auth.grace_ms.millis();
    hub.max_requests = config.requests.max.count();
    hub.max_requests_per_link = config.requests.max_per_link.count();
    hub.request_timeout = config.requests.timeout_ms.millis();
    let rate = |count: u32, per: Duration| Rate::new(count, per);
    hub.rates = hub
        .rates
        .with(Class::Message, rate(config.rate.messages.count(), config.rate.per_ms.millis()))
        .with(Class::Connect, rate(config.rate.connects.count(), config.rate.per_ms.millis()))
        .with(Class::Repeat, rate(config.rate.repeats.count(), config.rate.per_ms.millis()));
    config.characters.set(&mut hub.sizes);
    hub.max_violations = config.violations.max.count();
    hub.violation_window = config.violations.window_ms.millis();
    hub.window.max_entries = config.duplicates.max_entries.size();
    hub.window.max_age = config.duplicates.max_age_ms.millis();
    hub.window.max_result_bytes = config.duplicates.max_result_bytes.size();
    hub
}

/// What is agreed to of the compression that peers offer, if anything.
fn deflate(config: &Config) -> Option<DeflateConfig> {
    let given = config.compression;
    let mut deflate = DeflateConfig::server();
    deflate.level = given.level.small();
    deflate.threshold = given.threshold_bytes.size();
    deflate.send.bits = given.send_window_bits.small();
    deflate.receive.bits = given.receive_window_bits.small();
    deflate.max_ratio = given.max_ratio.count();
    (deflate.level > 0).then_some(deflate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_the_file_are_the_defaults_of_the_engine() {
        let (file, mut engine) = (hub(&Config::default()), HubConfig::default());
        // A server has the time for it; the engine leaves it to its host.
        engine.link.deflate = Some(DeflateConfig::server());
        assert_eq!(format!("{file:#?}"), format!("{engine:#?}"));
    }
}
