//! When clients of other libraries dial again for the first time after their server has gone, by
//! their default settings. Each is the rule of its source as arithmetic.

use pamlink_benches::samples::Random;

/// A library and its rule: milliseconds from the loss to the first dial of one client.
pub(crate) type Policy = (&'static str, fn(&mut Random) -> f64);

pub(crate) const POLICIES: [Policy; 4] = [
    ("socket.io-client", socket_io),
    ("phoenix.js", phoenix),
    ("SignalR", signalr),
    ("centrifuge-js", centrifuge),
];

/// 1 s, and a part of it up to a half added or taken away: which of both is the parity of the tenth
/// that the same draw falls into. (github.com/socketio/socket.io,
/// `packages/socket.io-client/lib/contrib/backo2.ts` at 7f78747, with the defaults of `manager.ts`:
/// `reconnectionDelay` 1000, `reconnectionDelayMax` 5000, `randomizationFactor` 0.5.)
fn socket_io(random: &mut Random) -> f64 {
    let drawn = fraction(random);
    let deviation = (drawn * 0.5 * 1_000.0).floor();
    let is_earlier = ((drawn * 10.0).floor() as u64).is_multiple_of(2);
    if is_earlier { 1_000.0 - deviation } else { 1_000.0 + deviation }
}

/// 10 ms, the first of a fixed row; then 50, 100, 150, 200, 250, 500, 1000, 2000, and 5000 for
/// ever. (github.com/phoenixframework/phoenix, `reconnectAfterMs` of
/// `assets/js/phoenix/socket.js` at f7a8532; `timer.ts` at 4a9738c counts the first as try 1.)
fn phoenix(_: &mut Random) -> f64 {
    10.0
}

/// At once, the first of a fixed row; then 2, 10 and 30 s. That is with `withAutomaticReconnect()`:
/// without it a client does not come back. (github.com/dotnet/aspnetcore,
/// `src/SignalR/clients/ts/signalr/src/DefaultReconnectPolicy.ts` at 280f4a4.)
fn signalr(_: &mut Random) -> f64 {
    0.0
}

/// 500 ms and a uniform time up to `500 * 2^n` ms more, 20 s at most in all.
/// (github.com/centrifugal/centrifuge-js, `backoff` of `src/utils.ts` at fbfb750, with
/// `minReconnectDelay` 500 and `maxReconnectDelay` 20000 of `src/centrifuge.ts` at 01685eb.)
fn centrifuge(random: &mut Random) -> f64 {
    500.0 + (fraction(random) * 501.0).floor()
}

/// A uniform number from 0 to below 1.
fn fraction(random: &mut Random) -> f64 {
    (random.draw() >> 11) as f64 / (1_u64 << 53) as f64
}
