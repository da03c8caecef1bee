//! A link whose token is valid is welcomed, unless its user is at its cap of links.

use super::Hub;
use super::effects::{Effects, Say};
use super::envelopes::Own;
use super::index::LinkIndex;
use crate::envelope::ErrorCode;
use crate::limits::RateClass;
use crate::link::{Claims, ServerClose};
use crate::metric_families::RefusedConnection;

impl Hub {
    /// Opens a link: its first frame is the welcome.
    pub(super) fn welcome(&mut self, index: LinkIndex, name: &str, claims: &Claims) {
        if let Err(wait) = self.admission.may_connect(self.now.mono, name) {
            self.metrics.connections_refused.increment(RefusedConnection::RateLimited);
            if !wait.crowded {
                self.metrics.rate_limited.increment(RateClass::Connect);
            }
            let close = ServerClose::ConnectsTooFast;
            let error = Own::Error {
                code: &ErrorCode::RateLimitExceeded,
                message: close.reason(),
                retry_after: Some(wait.retry_after),
                reply_to: None,
            };
            self.goodbye(index, close.goodbye(), Some(wait.retry_after));
            let is_pam = self.links.agreed(index).is_none();
            let (say, close) = (is_pam.then_some(Say::Now(error)), Some(close));
            self.apply(index, Effects { say, close, tell: None });
            return;
        }
        if !self.make_room(name) {
            self.metrics.connections_refused.increment(RefusedConnection::UserFull);
            self.close(index, ServerClose::UserFull);
            return;
        }
        let user = self.users.enter(name, self.requests.user_key(name));
        self.links.welcome(index, user, &mut self.users, self.now.mono);
        self.expires(index, claims);
        self.metrics.connections.increment();
        self.metrics.connections_active.add(1);
        if self.links.agreed(index).is_some() {
            self.welcome_v1(index, claims);
            return;
        }
        let welcome = Own::Welcome { max_message: self.links.largest() };
        self.apply(index, Effects { say: Some(Say::Now(welcome)), ..Effects::default() });
    }
}
