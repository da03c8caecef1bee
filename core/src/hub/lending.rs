//! Events on their way to the host: found in places and numbers, lent with their names.

use super::Hub;
use super::event::{Event, RefusedMessage, Request, Unlent};
use super::index::LinkIndex;
use crate::envelope::Envelope;

impl Hub {
    /// Puts names to an event. The text of a message is of its link's, or the one that the host has
    /// `lent`.
    pub(super) fn lend<'a>(&'a mut self, event: Unlent, lent: &'a str) -> Option<Event<'a>> {
        Some(match event {
            Unlent::Request { link, request, text, choice } => {
                let (wants_pieces, user) =
                    (self.requests.wants_pieces(request), self.links.user(link));
                let id = self.links.id(link);
                let text = self.links.text(link, text, lent)?;
                Event::Request(Request {
                    request,
                    link: id,
                    user: self.users.name(user),
                    decision: self.admission.router().decision(choice),
                    wants_pieces,
                    envelope: Envelope::from_scan(text, self.scan),
                })
            }
            Unlent::SessionRequest { session, request, choice } => {
                let v1 = self.v1.as_ref()?;
                Event::Request(Request {
                    request,
                    link: v1.link_named(session),
                    user: self.users.name(self.requests.find(request)?.user),
                    decision: self.admission.router().decision(choice),
                    wants_pieces: self.requests.wants_pieces(request),
                    envelope: Envelope::from_scan(v1.lent(), self.scan),
                })
            }
            Unlent::SessionMessage { session, user } => {
                let v1 = self.v1.as_ref()?;
                let envelope = Envelope::from_scan(v1.lent(), self.scan);
                let (link, user) = (v1.link_named(session), self.users.name(user));
                Event::Message { link, user, envelope }
            }
            Unlent::TurnCame { request, choice } => Event::Request(Request {
                request,
                link: self.links.id(self.link_of_request(request)),
                user: self.users.name(self.requests.find(request)?.user),
                decision: self.admission.router().decision(choice),
                wants_pieces: self.requests.wants_pieces(request),
                envelope: Envelope::from_scan(self.backlog.lent(), self.scan),
            }),
            Unlent::Cancelled { request, user } => {
                Event::Cancelled { request, user: self.users.name(user) }
            }
            Unlent::Message { link, text } => {
                let (id, user) = (self.links.id(link), self.links.user(link));
                let text = self.links.text(link, text, lent)?;
                let envelope = Envelope::from_scan(text, self.scan);
                Event::Message { link: id, user: self.users.name(user), envelope }
            }
            Unlent::Http(link) => {
                let request = self.links.get(link)?.link.request()?;
                Event::Http { link: self.links.id(link), request }
            }
            Unlent::Authorize(link) => {
                let claim = self.links.get(link)?.claim.as_ref()?;
                let (user, token) = (&claim.user, &claim.token);
                Event::Authorize { link: self.links.id(link), user, token }
            }
            Unlent::Opened(link) => {
                let user = self.users.get(self.links.user(link))?;
                let links_of_user = user.links;
                Event::Opened { link: self.links.id(link), user: &user.name, links_of_user }
            }
            Unlent::Duplicate { link, first } => {
                Event::Duplicate { link: self.links.id(link), user: self.user_of(link), first }
            }
            Unlent::Refused { link, code, retry_after, left, closing } => {
                let user = self.user_of(link);
                let link = self.links.id(link);
                Event::Refused(RefusedMessage { link, user, code, retry_after, left, closing })
            }
            Unlent::Expired { request, user } => {
                Event::Expired { request, user: self.users.name(user) }
            }
            Unlent::Overflowed { link, overflowed } => {
                let user = self.user_of(link);
                Event::Overflowed { link: self.links.id(link), user, overflowed }
            }
            Unlent::Closed { link, running, links_of_user } => {
                let closed = self.links.get(link)?.link.closed()?;
                let user = self.user_of(link);
                Event::Closed { link: self.links.id(link), user, closed, running, links_of_user }
            }
            Unlent::Undelivered(push) => {
                let (user, outcome) = self.v1.as_ref()?.undelivered()?;
                Event::Undelivered { push, user, outcome }
            }
            Unlent::Drained => Event::Drained,
        })
    }

    fn user_of(&self, link: LinkIndex) -> &str {
        self.users.name(self.links.user(link))
    }
}
