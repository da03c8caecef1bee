//! Links that have shown no good token.

use core::net::IpAddr;
use core::time::Duration;

use super::metrics::counts;
use super::support::Host;
use crate::hub::{Auth, Full, HubConfig, LinkId};
use crate::link::{AuthError, Claims};

const REFUSED: &str = "pamlink_connections_refused_total";

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

impl Host {
    /// A connection that says nothing.
    fn silent(&mut self, from: u8) -> LinkId {
        let link = self.hub.accept_from(self.now, address(from)).unwrap();
        self.drain();
        link
    }

    /// The same, of whom nothing is known.
    fn gone(&mut self, link: LinkId) -> bool {
        let mut out = Vec::new();
        let transmit = self.hub.poll_transmit(link, &mut out);
        transmit.close_transport
    }
}

fn config() -> HubConfig {
    let mut config = HubConfig::default();
    (config.max_links, config.max_unauthenticated) = (50, 20);
    config.max_unauthenticated_per_address = 8;
    config
}

#[test]
fn silent_sockets_lock_nobody_out() {
    for mut bounds in [config(), config(), config()].into_iter().enumerate() {
        // By address, in all, and by the links of the hub.
        match bounds.0 {
            0 => bounds.1.max_unauthenticated = 1_000,
            1 => bounds.1.max_unauthenticated_per_address = 1_000,
            _ => {
                bounds.1.max_unauthenticated = 1_000;
                bounds.1.max_unauthenticated_per_address = 1_000;
            }
        }
        let mut host = Host::with(bounds.1);
        let ada = host.open("ada");
        for _ in 0..192 {
            host.silent(1);
        }
        let ben = host.open("ben");
        host.say(ben, r#"{"type":"ping"}"#);
        assert!(host.text(ben).contains("pong"));
        host.say(ada, r#"{"type":"ping"}"#);
        assert!(host.text(ada).contains("pong"), "who is in stays in");
        let held = host.hub.links();
        assert!(held <= [10, 22, 50][bounds.0], "{held} links in {}", bounds.0);
        let made_way = 194 - u64::try_from(held).unwrap();
        assert_eq!(counts(&host, REFUSED), [("crowded_out".to_owned(), made_way)]);
    }
}

#[test]
fn a_host_that_is_slow_to_drop_transports_keeps_nobody_out() {
    let mut config = config();
    (config.max_unauthenticated, config.max_unauthenticated_per_address) = (1_000, 1_000);
    let mut host = Host::with(config);
    // It learns of each that made way, and does nothing about it.
    let mut named = Vec::new();
    let silent: Vec<_> = (0..500)
        .map(|_| {
            let link = host.hub.accept_from(host.now, address(1)).unwrap();
            while host.hub.poll_event().is_some() {}
            named.extend(core::iter::from_fn(|| host.hub.poll_writable()));
            link
        })
        .collect();
    assert!(silent[..450].iter().all(|link| named.contains(link)), "each transport is let go");
    let ada = host.open("ada");
    host.say(ada, r#"{"type":"ping"}"#);
    assert!(host.text(ada).contains("pong"));
    assert!(silent[..451].iter().all(|link| host.gone(*link)));
    assert!(silent[451..].iter().all(|link| !host.gone(*link)));
}

#[test]
fn a_host_that_hears_nothing_is_refused_more_and_keeps_what_it_has() {
    let mut host = Host::with(config());
    let taken = (0..500).filter(|_| host.hub.accept_from(host.now, address(1)).is_ok()).count();
    assert_eq!(taken, 50 + 64, "the bound of links, and of those that leave");
    while host.hub.poll_event().is_some() {}
    let named = core::iter::from_fn(|| host.hub.poll_writable()).count();
    assert_eq!(named, taken - 8, "all but those that its address may have");
}

#[test]
fn the_one_that_has_waited_longest_makes_way_and_learns_why() {
    let mut host = Host::with(config());
    let first = host.dial_from("/health", address(2));
    let _ = first;
    let oldest = host.silent(1);
    let others: Vec<_> = (0..7).map(|_| host.silent(1)).collect();
    assert!(!host.gone(oldest));
    host.hub.accept_from(host.now, address(1)).unwrap();
    let mut out = Vec::new();
    while host.hub.poll_event().is_some() {}
    assert!(host.hub.poll_transmit(oldest, &mut out).close_transport);
    assert!(out.starts_with(b"HTTP/1.1 503 "), "{}", String::from_utf8_lossy(&out));
    assert!(others.into_iter().all(|link| !host.gone(link)));
}

#[test]
fn a_bad_token_makes_no_friend() {
    let mut host = Host::with(config());
    for _ in 0..60 {
        // They read their 4001 and answer nothing.
        let link = host.dial_from("/api/v1/pam/ws/ada?token=bad", address(1));
        assert_eq!(host.peers[&link].closed.as_ref().map(|it| it.0), Some(4001));
    }
    assert!(host.hub.links() <= 8, "{}", host.hub.links());
    host.open("ada");
}

#[test]
fn a_full_house_of_friends_takes_nobody_more() {
    let mut config = config();
    config.max_links = 3;
    let mut host = Host::with(config);
    for user in ["ada", "ben", "eve"] {
        host.open(user);
    }
    assert_eq!(host.hub.accept_from(host.now, address(1)), Err(Full::Links));
    assert_eq!(counts(&host, REFUSED), [("full".to_owned(), 1)]);
}

#[test]
fn verdicts_are_bounded_and_one_beyond_the_bound_has_to_come_back() {
    let mut config = config();
    config.max_unauthenticated = 3;
    let mut host = Host::with_auth(config, Auth::Host);
    let target = "/api/v1/pam/ws/ada?token=any";
    let waiting: Vec<_> = (0..3).map(|_| host.dial(target)).collect();
    let late = host.dial(target);
    let why = (1013, "too many tokens wait to be verified".to_owned());
    assert_eq!(host.peers[&late].closed, Some(why));
    assert_eq!(counts(&host, "pamlink_auth_failures_total"), [("busy".to_owned(), 1)]);
    // Those that wait have shown a token: silent ones push out each other, not them.
    for _ in 0..20 {
        host.silent(1);
    }
    for (link, good) in waiting.into_iter().zip([true, false, true]) {
        let claims = Claims::new("ada", host.now.wall + Duration::from_secs(60));
        let verdict = if good { Ok(claims) } else { Err(AuthError::BadSignature) };
        host.hub.authorize(host.now, link, verdict).unwrap();
        host.drain();
        assert_eq!(host.peers[&link].closed.is_none(), good);
    }
    let again = host.dial(target);
    assert_eq!(host.peers[&again].closed, None, "there is room again");
}

#[test]
fn a_verifier_of_the_host_keeps_its_leeway() {
    for (verified, welcomed) in [(true, true), (false, false)] {
        let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
        let link = host.dial("/api/v1/pam/ws/ada?token=any");
        let mut claims = Claims::new("ada", host.now.wall);
        claims.issued = None;
        let (now, hub) = (host.now, &mut host.hub);
        let given = match verified {
            true => hub.verified(now, link, Ok(claims)),
            false => hub.authorize(now, link, Ok(claims)),
        };
        given.unwrap();
        host.drain();
        assert_eq!(host.peers[&link].closed.is_none(), welcomed);
    }
}

#[test]
fn two_renewals_at_once_are_not_mixed_up() {
    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.dial("/api/v1/pam/ws/ada?token=any");
    let claims = Claims::new("ada", host.now.wall + Duration::from_secs(60));
    host.hub.authorize(host.now, link, Ok(claims)).unwrap();
    host.drain();
    host.text(link);
    host.say(link, r#"{"type":"token_refresh","id":1,"token":"first"}"#);
    host.say(link, r#"{"type":"token_refresh","id":2,"token":"second"}"#);
    let busy = host.text(link);
    assert!(busy.contains("\"reply_to\":2") && busy.contains("\"retry_after\":10"), "{busy}");
    host.hub.authorize(host.now, link, Err(AuthError::BadSignature)).unwrap();
    host.drain();
    let bad = host.text(link);
    assert!(bad.contains("\"reply_to\":1") && bad.contains("bad signature"), "{bad}");
}

#[test]
fn out_of_descriptors_is_counted_and_the_oldest_stranger_goes() {
    let mut host = Host::with(config());
    let ada = host.open("ada");
    let (oldest, other) = (host.silent(1), host.silent(2));
    assert!(host.hub.handle_exhausted(host.now), "one goes");
    assert!(host.hub.handle_exhausted(host.now), "it is on its way");
    host.drain();
    assert!(host.gone(oldest) && !host.gone(other));
    assert!(host.hub.handle_exhausted(host.now), "the other goes");
    host.drain();
    assert!(!host.hub.handle_exhausted(host.now), "nobody is left to go");
    host.say(ada, r#"{"type":"ping"}"#);
    assert!(host.text(ada).contains("pong"));
    let counted = [("crowded_out".to_owned(), 2), ("descriptors".to_owned(), 1)];
    assert_eq!(counts(&host, REFUSED), counted);
}

#[test]
fn what_waits_to_be_written_is_summed_up_as_it_changes() {
    let mut host = Host::new();
    let links: Vec<_> = ["ada", "ben", "eve"].map(|user| host.open(user)).into();
    let text = format!(r#"{{"type":"note","a":"{}"}}"#, "x".repeat(50_000));
    assert_eq!(host.hub.metrics_buffered(), 0);
    for _ in 0..3 {
        assert!(host.hub.broadcast(host.now, &text).unwrap().queued > 0);
    }
    assert_eq!(host.hub.metrics_buffered(), host.hub.walked_buffered());
    assert!(host.hub.metrics_buffered() > 450_000);
    host.hub.handle_closed(host.now, links[0]);
    while host.hub.poll_event().is_some() {}
    assert_eq!(host.hub.metrics_buffered(), host.hub.walked_buffered());
    host.drain();
    assert_eq!((host.hub.metrics_buffered(), host.hub.walked_buffered()), (0, 0));
    assert_eq!(host.hub.links_welcomed(), 2);
}

impl crate::hub::Hub {
    fn metrics_buffered(&self) -> usize {
        self.links.buffered()
    }

    fn walked_buffered(&self) -> usize {
        let links = self.links.places().filter_map(|slot| self.links.get(slot));
        links.map(|slot| slot.link.queued()).sum()
    }
}
