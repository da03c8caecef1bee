"""Many incoming links of many users: what a server holds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from . import _engine, events, outputs
from ._answering import Answering
from ._link import Link, Telling
from ._records import KINDS, pack
from ._runner import CLOSE_TIMEOUT, Runner
from ._running import must_go_on
from ._sending import time_to_wait
from .authorizing import Auth, Authorizer, Claims
from .errors import AuthError, BusyError, LinkError, PamlinkError, UsageError
from .events import HubEvent
from .options import HS256, JWKS, HubOptions, Keys, Priority
from .outputs import Pushed
from .replies import Handler
from .sansio import HubEngine
from .transports import ByteTransport, Transport
from .values import envelope_text

log: logging.Logger = logging.getLogger("pamlink.hub")

H = TypeVar("H", bound=Handler)

V1 = "pamlink.v1"
"""The subprotocol of sessions that outlive their links."""

# How long `drain` waits beyond its spread, for closes that the engine bounds more tightly.
PATIENCE = 15.0

Respond = Callable[[events.HttpRequest], tuple[int, str, bytes]]
"""Answers a plain HTTP request: status (200 to 599), content type, body."""


class Hub(Runner):
    """All links of a server, and who answers what comes over them.

        hub = Hub(auth=HS256(secret))

        @hub.agent("trip_planner")
        async def plan(request: Request) -> str: ...

        @hub.default
        async def answer(request: Request) -> AsyncIterator[str]:
            yield "One moment. "
            yield await think(request.text)

        async with hub:
            ...

    Each request has a task of its own, as many as the options allow. It is cancelled when the
    request expires, and when who asked cancels it; `Request.cancelled` says so where no task can be
    cancelled: in a thread, or in what the handler has begun elsewhere. A handler that fails, by
    whatever exception, is logged with its traceback, and its peer is sent `PROCESSING_ERROR` and
    nothing else; one that returns nothing is logged once. A plain function runs in a thread.

    It belongs to the event loop that entered it. `push`, `broadcast`, `send_to`, `disconnect` and
    `disconnect_user` may be called from any thread, and take effect at once; what is awaited in
    another loop raises `UsageError` (`wrong_loop`). Nothing blocks. A hub that was made before a
    `fork` has an epoch of its own in each process that opens it; one that was opened before it serves
    the parent alone, and raises `UsageError` (`forked`) in the child.
    """

    def __init__(
        self,
        default: Handler | None = None,
        *,
        agents: Mapping[str, Handler] | None = None,
        auth: Auth | None = None,
        options: HubOptions | None = None,
        respond: Respond | None = None,
        buffer: int = 256,
    ) -> None:
        """A hub without links.

        `agents` answer what is routed to the agent of their id, `default` the rest; `hub.agent` and
        `hub.default` set them, too. `auth` decides about tokens: keys, or an async function. Without
        it only links whose subject the program gives are let in (`serve`). `respond` answers plain
        HTTP requests over raw connections, by default with 404. `buffer` is how many events wait to
        be taken; beyond, the oldest is dropped and `Lost` says so.

        Raises `UsageError`: `bad_option`, `bad_key`, `bad_routes`.
        """
        keys, authorizer = _split(auth)
        engine = HubEngine(auth=keys, options=options)
        super().__init__(engine, buffer)
        self._native = engine
        self._authorizer = authorizer
        self._respond = respond
        self._links: dict[int, Link] = {}
        self._answering = Answering(self._turns, agents or {}, default)
        self._none_left = asyncio.Event()
        self._none_left.set()
        self._drained = asyncio.Event()
        self._draining = False
        self._open = False
        self._closed = False

    async def __aenter__(self) -> Hub:
        self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __aiter__(self) -> Hub:
        return self

    async def __anext__(self) -> HubEvent:
        """What happens beside requests. The iteration ends when the hub is closed."""
        self._belongs()
        event: HubEvent = await self._mailbox.take()
        return event

    def agent(self, *ids: str) -> Callable[[H], H]:
        """Makes a function answer what is routed to the agents of these ids."""

        def add(handler: H) -> H:
            for id_ in ids:
                self._answering.add(id_, handler)
            return handler

        return add

    def default(self, handler: H) -> H:
        """Makes a function answer what no agent's own function does."""
        self._answering.add(None, handler)
        return handler

    def open(self) -> None:
        """Begins; entering the hub does it. Once only."""
        if self._open or self._closed:
            raise UsageError("a hub is opened once; make a new one", code=2)
        if self._native.forked:
            # As under `gunicorn --preload`: the workers must not have one epoch.
            self._native.reseed()
        self._open = True
        self._enter()
        self._feed()

    async def drain(self, spread: float = 5.0) -> None:
        """Sends every link away within `spread` seconds, each at a moment of its own and with the
        time to come back, closes it with 1012, and takes no new ones. A link with running requests
        has the rest of the spread to see them answered. Returns when all are gone.

        A server ends links by itself when it ends, some at once: call this before."""
        self._usable()
        self._belongs()
        self._draining = True
        self._feed(pack(KINDS["drain"], (round(spread * 1e9),), ()))
        try:
            await asyncio.wait_for(self._drained.wait(), spread + PATIENCE)
        except asyncio.TimeoutError:
            log.warning("links are left after %s s", spread + PATIENCE)

    async def close(self, spread: float = 0.0) -> None:
        """Drains and ends; leaving the hub does it. Handlers that still run are cancelled."""
        if self._closed:
            return
        self._belongs()
        try:
            if self._open:
                await self.drain(spread)
        finally:
            self._closed = True
            self._mailbox.end()
            await self._part()
            await self._rest(self._answering.stop())

    # Links.

    def choose_subprotocol(self, offered: Iterable[str]) -> str | None:
        """The subprotocol to agree on with a client that offers these: `pamlink.v1`, where it is among
        them and the hub speaks it, else the first that `HubOptions.subprotocols` names; None for none.
        With any but `pamlink.v1` the peers speak the `pam` dialect."""
        return self._native.choose_subprotocol(offered)

    async def serve(
        self,
        transport: Transport,
        *,
        user: str = "",
        token: str | None = None,
        claims: Claims | None = None,
        max_message: int | None = None,
    ) -> None:
        """Carries a link until its end.

        A transport of bytes brings its own opening handshake, and there with user and token. One of
        whole messages is open already: `user` is who the peer claims to be, and either `token` is
        judged as `auth` says, or the program has found its `claims` by itself. A peer that is not
        believed is closed with 4001; so is one without either. `max_message` is the largest message
        that the peer says it takes, in bytes (`PamTarget.max_message`). A transport that has agreed on
        the subprotocol `pamlink.v1` (`subprotocol`, `choose_subprotocol`) speaks that: then the peer
        says both itself. A token that it brings comes before this one, and `claims` before both.

        Raises `BusyError` (`hub_full`, `hub_draining`): close the transport then. Cancelled, it
        drops the link.
        """
        link, found = self._accepted(transport, user, token, claims, max_message)
        # A frame that waits keeps what it names, and this one may wait for days.
        del token, claims, transport
        try:
            self._handle(found)
            del found
            await link.run()
        finally:
            # In a task of its own: whoever serves may be cancelled, and the hub cancels what is left.
            parting = self._spawn(link.part(), ends=True)
            parting.add_done_callback(lambda _: self._parted(link.number))
        try:
            await asyncio.shield(parting)
        except asyncio.CancelledError:
            if not parting.cancelled():
                raise

    def _accepted(
        self,
        transport: Transport,
        user: str,
        token: str | None,
        claims: Claims | None,
        max_message: int | None,
    ) -> tuple[Link, list[Any]]:
        """A new link, and what followed from it."""
        self._usable()
        self._belongs()
        if isinstance(transport, (Telling, ByteTransport)):
            data = pack(KINDS["accept"], (), ())
        else:
            expires = None if claims is None else claims.expires_micros()
            subject = None if claims is None else claims.subject
            v1 = int(getattr(transport, "subprotocol", None) == V1)
            words, texts = (expires, max_message, v1), (user, token, subject)
            data = pack(KINDS["accept_opened"], words, texts)
        found = self._step(data)
        for record in found:
            if isinstance(record, outputs.Accepted):
                link = self._links[record.link] = Link(record.link, transport, self._turns)
                self._none_left.clear()
                return link, found
        self._handle(found, raising=True)
        raise BusyError("the hub took no link", code=40)

    def _parted(self, number: int) -> None:
        self._links.pop(number, None)
        if not self._links:
            self._none_left.set()

    async def _part(self) -> None:
        """Waits until all links have parted; those that take too long are interrupted."""
        for _ in range(2):
            try:
                await asyncio.wait_for(self._none_left.wait(), CLOSE_TIMEOUT)
                return
            except asyncio.TimeoutError:
                for link in self._links.values():
                    link.interrupt()

    @property
    def links(self) -> int:
        """Links that have not ended."""
        return self._native.links()

    def links_of(self, user: str) -> list[int]:
        """The welcomed links of a user, newest first."""
        return self._native.links_of(user)

    # Sending.

    def push(
        self,
        user: str,
        envelope: Mapping[str, Any] | str,
        *,
        key: str | None = None,
        priority: Priority = "normal",
        time_to_live: float | None = None,
    ) -> Pushed:
        """Sends an envelope to all links and sessions of a user: a JSON text, or anything with a `type`
        that `encode` makes one of. Returns on how many of them it is queued, and how many had no room.

        A session keeps it while there is no link: with a `key` in the place of what waits there under
        the same one, by its `priority` before or behind what else waits, for `time_to_live` seconds, or
        as long as the session is kept. What it does not get is an event `Undelivered`. On a link of the
        `pam` dialect nothing waits, and these have no meaning.

        Raises `UsageError` (`not_an_envelope`, `bad_option`).
        """
        texts = (user, envelope_text(envelope), priority, key)
        return self._sent(pack(KINDS["push"], (time_to_wait(time_to_live),), texts))

    def broadcast(self, envelope: Mapping[str, Any] | str) -> Pushed:
        """Sends an envelope to every link. As `push`."""
        return self._sent(pack(KINDS["broadcast"], (), (envelope_text(envelope),)))

    def send_to(self, link: int, envelope: Mapping[str, Any] | str) -> Pushed:
        """Sends an envelope to one link. As `push`; it is queued nowhere if the link has ended."""
        return self._sent(pack(KINDS["send_to"], (link,), (envelope_text(envelope),)))

    def disconnect(self, link: int, code: int = 1000, reason: str = "") -> bool:
        """Closes a link. Whether there was one."""
        return self._disconnected(pack(KINDS["disconnect_link"], (link, code), (reason,))) > 0

    def disconnect_user(self, user: str, code: int = 1000, reason: str = "") -> int:
        """Closes all links of a user. How many there were."""
        return self._disconnected(pack(KINDS["disconnect_user"], (code,), (user, reason)))

    # Settings and views.

    def replace_routes(self, routes: str | Mapping[str, Any]) -> None:
        """Replaces the routing table between two messages; running requests end under the new one.

        Raises `UsageError` (`bad_routes`), which names every fault; nothing has changed then.
        """
        self._native.replace_routes(routes)

    def set_auth(self, auth: Auth | None) -> None:
        """Replaces who decides about tokens that come from now on. Raises `UsageError`."""
        keys, authorizer = _split(auth)
        self._native.set_auth(keys)
        self._authorizer = authorizer

    def metrics(self) -> str:
        """All that was counted, as text for Prometheus."""
        return self._native.metrics()

    def memory(self) -> int:
        """Bytes held by the engine and its links."""
        return self._native.memory()

    # The engine.

    def _usable(self) -> None:
        if not self._open or self._closed:
            raise LinkError(
                "the hub is not open: enter it, or see to it that the server runs the lifespan",
                code=84,
            )

    def _command(self, data: bytes) -> list[Any]:
        self._usable()
        loop = self._loop
        if loop is not None and self._is_elsewhere():
            found = self._step_elsewhere(data, loop)
            for record in found:
                if isinstance(record, outputs.Fault):
                    raise _engine.fault(record)
            return found
        found = self._step(data)
        self._handle(found, raising=True)
        return found

    def _sent(self, data: bytes) -> Pushed:
        for record in self._command(data):
            if isinstance(record, Pushed):
                return record
        return Pushed(0, 0, 0, 0)

    def _disconnected(self, data: bytes) -> int:
        for record in self._command(data):
            if isinstance(record, outputs.Disconnected):
                return record.links
        return 0

    def _handle(self, records: list[Any], raising: bool = False) -> None:
        refusal: PamlinkError | None = None
        for record in records:
            made = record.__class__
            if made is events.Request:
                self._answering.begin(record, self._links.get(record.link))
            elif made in _WRITES:
                if (link := self._links.get(record.link)) is not None:
                    link.hand_out(record)
            elif made in _RESULTS:
                pass
            elif made is outputs.CloseTransport:
                if (link := self._links.get(record.link)) is not None:
                    link.close_transport()
            elif made is outputs.Authorize:
                self._spawn(self._authorize(record))
            elif made is events.HttpRequest:
                self._answer_http(record)
            elif made is outputs.Fault:
                refusal = _engine.fault(record)
                if not raising:
                    log.log(_level(refusal), "the engine refused an input: %s", refusal)
            elif made is outputs.Refused:
                self._mailbox.put(_seconds(record))
            elif made is outputs.Undelivered:
                self._mailbox.put(_undelivered(record))
            else:
                if made is events.RequestExpired:
                    self._answering.give_up(record.request)
                elif made is events.RequestCancelled:
                    self._answering.cancelled(record.request)
                elif made is events.Drained:
                    self._drained.set()
                self._mailbox.put(record)
        if raising and refusal is not None:
            raise refusal

    def _refused(self, fault: outputs.Fault, owner: events.Request) -> None:
        if fault.code != _NOT_RUNNING:
            self._answering.refused(owner, _engine.fault(fault))

    def _engine_failed(self, error: PamlinkError) -> None:
        for link in self._links.values():
            link.close_transport()

    async def _authorize(self, asked: outputs.Authorize) -> None:
        found: Claims | None = None
        error = "bad_signature"
        try:
            if self._authorizer is not None:
                answer = await self._authorizer(asked.user, asked.token)
                found = Claims(answer) if isinstance(answer, str) else answer
        except AuthError as refused:
            error = refused.name
        except BaseException as failure:
            if self._closed and isinstance(failure, asyncio.CancelledError):
                raise
            log.exception("the authorizer failed")
            error = "verifier_unavailable"
            if must_go_on(failure):
                raise
        expires = None if found is None else found.expires_micros()
        texts = (None, error) if found is None else (found.subject, None)
        self._feed(pack(KINDS["authorize_link"], (asked.link, expires), texts))

    def _answer_http(self, request: events.HttpRequest) -> None:
        status, content_type, body = 404, "text/plain; charset=utf-8", b"not found\n"
        if self._respond is not None:
            try:
                status, content_type, body = self._respond(request)
            except BaseException as failure:
                log.exception("the answer to an HTTP request failed")
                status, body = 500, b"failed\n"
                if must_go_on(failure):
                    raise
        self._turns.feed(pack(KINDS["respond"], (request.link, status), (content_type, body)))


_WRITES = {outputs.WriteBytes, outputs.WriteText, outputs.WriteClose}
_RESULTS = {outputs.Accepted, outputs.Delivered, outputs.Disconnected, Pushed}
_NO_LINK, _NOT_RUNNING = 42, 43


def _split(auth: Auth | None) -> tuple[Keys | None, Authorizer | None]:
    return (auth, None) if isinstance(auth, (HS256, JWKS)) else (None, auth)


def _level(refusal: PamlinkError) -> int:
    """What came too late is the way of things; anything else is not."""
    return logging.DEBUG if refusal.code in (_NO_LINK, _NOT_RUNNING) else logging.WARNING


def _undelivered(record: outputs.Undelivered) -> events.Undelivered:
    wait = None if record.retry_after is None else record.retry_after / 1e9
    return events.Undelivered(
        record.push, wait, record.user, record.outcome, record.error_code
    )


def _seconds(record: outputs.Refused) -> events.Refused:
    wait = None if record.retry_after is None else record.retry_after / 1e9
    return events.Refused(
        record.link, wait, record.left, record.closing, record.user, record.error_code
    )
