"""A connection that outlives its links: what an app holds."""

from __future__ import annotations

import asyncio
import contextlib
import json as _json
import logging
from collections.abc import Mapping
from datetime import timezone
from types import TracebackType
from typing import Any, cast

from . import _engine, events, outputs, tokens
from ._clock import mono_nanos, wall_micros
from ._dialing import default_dialer, no_transport, target_of
from ._link import Link
from ._records import KINDS, pack
from ._requests import AnswerStream, PendingRequest
from ._results import Results
from ._runner import Runner
from ._sending import time_to_wait
from .errors import ClientClosed, PamlinkError, TokenDenied, UsageError
from .events import (
    Answered,
    Cancelled,
    CancelResult,
    Event,
    Expired,
    Late,
    Outcome,
    Rejected,
    State,
    SubmitResult,
    Unknown,
    Unsent,
)
from .options import ClientOptions, Priority
from .sansio import ClientEngine
from .tokens import Token, TokenProvider
from .transports import ByteTransport, Dialer
from .values import encode, envelope_text

log: logging.Logger = logging.getLogger("pamlink.client")

# How long `close` waits for the engine's own deadline of the close frame, which comes first.
PATIENCE = 15.0


class Client(Runner):
    """One outgoing link with its requests.

        async with Client("wss://example.org/api/v1/pam/ws/ann", token=provider) as client:
            outcome = await client.send("fuel so far?")

    It connects when it is entered, connects again whenever its link ends, renews its token in time,
    and sends again under the same id what got no answer. Requests may be made at any time,
    connected or not. Where the server speaks `pamlink.v1`, answers go on in their middle after a break,
    and requests are cancelled; `snapshot` and `restore` take them into another process.

    It belongs to the event loop that entered it: awaited in another one, its methods raise
    `UsageError` (`wrong_loop`). `wake` and `network_changed` may be called from any thread. None of
    them blocks. A client that was made before a `fork` may be entered in each process; one that was
    entered before it belongs to the parent, and raises `UsageError` (`forked`) in the child. One of a snapshot
    is restored in the process that enters it.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | Token | TokenProvider | None = None,
        options: ClientOptions | None = None,
        dial: Dialer | None = None,
        buffer: int = 256,
        snapshot: bytes | None = None,
    ) -> None:
        """A client of `url`, `ws://` or `wss://` with the whole path.

        `token` is the token, or what gives one when the client needs it; without it the client
        connects as nobody. `dial` makes the transports: TCP and TLS of asyncio by default. `buffer`
        is how many events wait to be taken; beyond, the oldest is dropped and `Lost` says so. With a
        `snapshot` it goes on with the requests of that (`restore`).

        Raises `UsageError`: `bad_url`, `bad_option`, `bad_snapshot`.
        """
        self._options = options or ClientOptions()
        self._url = url
        self._token = token
        self._snapshot = snapshot
        engine = self._made()
        super().__init__(engine, buffer)
        self._native = engine
        self._state = engine.state()
        self._dial = dial
        self._requests: dict[int, PendingRequest] = {}
        self._cancels = Results[CancelResult]()
        self._submits = Results[SubmitResult]()
        self.restored: list[AnswerStream] = []
        """The requests of the snapshot that go on, the oldest first, once the client is entered. The
        pieces of their answers come again from the beginning. Each is in nobody's hands but this list's:
        clear it of those that are not wanted."""
        self._link: Link | None = None
        self._dialing: asyncio.Task[None] | None = None
        self._opened = False
        self._closed = False
        self._stopped: events.Stopped | None = None
        self._at_rest = asyncio.Event()

    @classmethod
    def restore(
        cls,
        snapshot: bytes,
        url: str,
        *,
        token: str | Token | TokenProvider | None = None,
        options: ClientOptions | None = None,
        dial: Dialer | None = None,
        buffer: int = 256,
    ) -> Client:
        """The client of which `snapshot` has made these bytes, not connected. Once it is entered,
        `restored` has the requests that go on. The rest is as for a new one.

        Raises `UsageError`: `bad_snapshot`, `bad_url`, `bad_option`.
        """
        return cls(
            url, token=token, options=options, dial=dial, buffer=buffer, snapshot=snapshot
        )

    def _made(self) -> ClientEngine:
        """An engine, with ids and masks of its own."""
        return ClientEngine(
            self._url,
            anonymous=self._token is None,
            options=self._options,
            mono_nanos=mono_nanos(),
            wall_micros=wall_micros(),
            snapshot=self._snapshot,
        )

    async def __aenter__(self) -> Client:
        self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __aiter__(self) -> Client:
        return self

    async def __anext__(self) -> Event:
        """What else happens: all that is no answer to a request that somebody waits for.

        The iteration ends after `Stopped`; after `connect` there is more. A step that is cancelled
        has lost nothing. If several tasks iterate, each event goes to one of them.
        """
        self._belongs()
        event: Event = await self._mailbox.take()
        return event

    def open(self) -> None:
        """Connects, and stays connected from now on; entering the client does it. Once only."""
        if self._opened:
            raise ClientClosed("a client is opened once; make a new one")
        if self._native.forked:
            if self._snapshot is not None:
                what = "a client of a snapshot goes on in one process: restore it after the fork"
                raise UsageError(what, code=7)
            # Ids and masks made before the fork are those of the other process, too.
            self._engine = self._native = self._made()
        self._opened = True
        self._enter()
        self._snapshot = None
        self._feed(pack(KINDS["connect"], (), ()))

    def connect(self) -> None:
        """Connects again after `Stopped`; otherwise nothing happens, but that a wait is cut short.

        Raises `ClientClosed`.
        """
        self._usable()
        if self._stopped is not None:
            self._stopped = None
            self._at_rest.clear()
            self._mailbox.reopen()
        self._feed(pack(KINDS["connect"], (), ()))

    async def close(self) -> None:
        """Sends the close frame, and ends everything; leaving the client does it.

        Requests that wait raise `ClientClosed`. The events so far can still be taken.
        """
        if self._closed:
            return
        self._belongs()
        self._closed = True
        try:
            if self._opened and self._stopped is None:
                self._feed(pack(KINDS["disconnect"], (), ()))
                await asyncio.wait_for(self._at_rest.wait(), PATIENCE)
        except (asyncio.TimeoutError, PamlinkError) as error:
            log.warning("the client was closed without a close frame: %r", error)
        finally:
            self._give_up(ClientClosed("the client was closed"))
            self._mailbox.end()
            await self._rest()

    @property
    def state(self) -> State:
        """The state of the link."""
        return self._state

    def metrics(self) -> str:
        """All that was counted, as text for Prometheus."""
        return self._native.metrics()

    async def send(
        self,
        text: str,
        *,
        agent: str | None = None,
        intent: str | None = None,
        session_id: str | None = None,
        context: Mapping[str, Any] | str | None = None,
    ) -> Outcome:
        """Sends a request, now or as soon as there is a link, and waits for how it ends.

        `agent` names who is to answer, else the server decides; `intent` is what the user wants, if
        that is known. `context` is an object, as JSON or as anything that `encode` makes one of.

        Cancelled, it waits no longer: a request that was not sent yet is not sent; a server that speaks
        `pamlink.v1` ends the answer to any other; towards a server that does not, it has its effect, and
        what the server says of it is a `Late` event.

        Raises `BusyError` (`requests_full`) if too many are under way, `UsageError` (`bad_context`),
        `ClientStopped` and `ClientClosed`.
        """
        request = PendingRequest()
        self._ask(request, 0, text, agent, intent, session_id, context)
        try:
            return await request.ended()
        except asyncio.CancelledError:
            self.leave(request)
            raise

    def ask(
        self,
        text: str,
        *,
        agent: str | None = None,
        intent: str | None = None,
        session_id: str | None = None,
        context: Mapping[str, Any] | str | None = None,
    ) -> AnswerStream:
        """A request whose answer is read as it grows, by `async for`; the first step of the
        iteration makes it. Arguments are those of `send`."""

        def ask(request: PendingRequest) -> None:
            self._ask(request, 1, text, agent, intent, session_id, context)

        return AnswerStream(text, ask, self)

    async def post(self, envelope: Mapping[str, Any] | str) -> None:
        """Sends an envelope that wants no answer: a JSON text, or anything with a `type` that
        `encode` makes one of. It is sent over the open link, or not at all.

        Raises `LinkError` (`not_open`), `BusyError` (`outbox_full`), `UsageError`
        (`not_an_envelope`), `ClientStopped` and `ClientClosed`.
        """
        self._usable()
        self._belongs()
        self._command(pack(KINDS["send"], (), (envelope_text(envelope),)))

    async def submit(
        self,
        envelope: Mapping[str, Any] | str,
        *,
        priority: Priority = "normal",
        key: str | None = None,
        agent: str | None = None,
        time_to_live: float | None = None,
    ) -> SubmitResult:
        """Sends an envelope over `pamlink.v1`, now or as soon as a link speaks it, and waits for what has
        become of it. It is taken as `post` takes one.

        It takes the place of what waits under the same `key`, which expires (`replaced`); `urgent`
        goes before all else that waits, `bulk` after it; it waits for `time_to_live` seconds at most.
        Cancelled, it waits no longer, and the envelope goes its way. Towards a server of the `pam` dialect
        alone it waits until its `time_to_live` is over, and for ever without one.

        Raises `LinkError` (`needs_v1`) if the client was made without `v1`, `BusyError`
        (`outbox_full`), `UsageError` (`not_an_envelope`, `bad_option`), `ClientStopped` and
        `ClientClosed`.
        """
        self._usable()
        self._belongs()
        wait = time_to_wait(time_to_live)
        texts = (envelope_text(envelope), priority, key, agent)
        found = self._step(pack(KINDS["submit"], (wait,), texts))
        taken = [it.command for it in found if isinstance(it, outputs.Submitted)]
        results = [self._submits.expect(command) for command in taken]
        # Without a command it raises.
        self._handle(found, raising=True)
        return await results[0]

    def snapshot(self) -> bytes:
        """The client as bytes, of which `restore` makes it again in another process: its requests, and
        where its sessions are. That of a client without `v1` has none, and nothing is restored of it. They
        are as confidential as what was asked, and hold no token. Take one whenever the app may be ended.

        Raises `ClientClosed`.
        """
        self._usable()
        self._belongs()
        found = self._step(pack(KINDS["snapshot"], (), ()))
        self._handle(found, raising=True)
        taken = next(record for record in found if isinstance(record, outputs.SnapshotTaken))
        return taken.bytes

    def wake(self) -> None:
        """The device woke up, or the app came to the front: the link is probed at once."""
        self._stirred(pack(KINDS["wake"], (), ()))

    def network_changed(self) -> None:
        """The device has another network than before: the link is probed at once."""
        self._stirred(pack(KINDS["network_changed"], (), ()))

    def _stirred(self, data: bytes) -> None:
        if self._running and (loop := self._loop) is not None:
            if self._is_elsewhere():
                loop.call_soon_threadsafe(self._feed, data)
            else:
                self._feed(data)

    # Requests.

    def _ask(
        self,
        request: PendingRequest,
        stream: int,
        text: str,
        agent: str | None,
        intent: str | None,
        session_id: str | None,
        context: Mapping[str, Any] | str | None,
    ) -> None:
        self._usable()
        self._belongs()
        json = context if context is None or isinstance(context, str) else encode(context)
        data = pack(KINDS["ask"], (stream,), (text, agent, intent, session_id, json))
        found = self._step(data)
        for record in found:
            if isinstance(record, outputs.Asked):
                request.number = record.request
                self._requests[record.request] = request
                break
        self._handle(found, raising=True)

    @property
    def is_resuming(self) -> bool:
        """Whether there is no link that requests could go on over."""
        return self._state is not State.OPEN

    def leave(self, request: PendingRequest, running: bool = False) -> None:
        """Nobody waits for a request any more: for `AnswerStream`."""
        if request.number is None or request.error is not None:
            return
        if request.outcome is not None:
            # It ended in the moment in which its task was cancelled.
            self._late(request.number, request.outcome)
        elif self._requests.pop(request.number, None) is not None and self._loop is not None:
            command = KINDS["forget" if running else "abandon"]
            # Whoever drops an `AnswerStream` may do so in any thread.
            with contextlib.suppress(RuntimeError):
                # Without a loop there is nothing to be told.
                self._loop.call_soon_threadsafe(self._leave, command, request.number)

    def _leave(self, command: int, number: int) -> None:
        if self._running:
            self._feed(pack(command, (number,), ()))

    async def cancel(self, request: PendingRequest) -> CancelResult:
        """Ends the answer to a request: for `AnswerStream`."""
        self._usable()
        self._belongs()
        number = request.number
        if number is None:
            return CancelResult("cancelled", 0)
        # What has come in this turn may have ended it.
        self._turns.take()
        result = self._cancels.get(number)
        if result is None:
            result = self._cancels.expect(number)
            try:
                self._command(pack(KINDS["cancel"], (number,), ()))
            except PamlinkError:
                self._cancels.drop(number)
                raise
        return await asyncio.shield(result)

    def _restored(self, number: int, json: str) -> None:
        request = PendingRequest(stream=True)
        request.number = number
        self._requests[number] = request
        request_text = _json.loads(json).get("message") or ""
        self.restored.append(AnswerStream(request_text, _asked, self, request))

    def _late(self, number: int, outcome: Outcome) -> None:
        match outcome:
            case Answered(text, json) | Rejected(message=text, json=json):
                self._mailbox.put(Late(number, text, json))
            case Expired() | Unknown() | Unsent() | Cancelled():
                # Whoever left has no answer to miss.
                pass

    def _end(self, number: int, outcome: Outcome) -> None:
        request = self._requests.pop(number, None)
        if request is None:
            # Its task was cancelled a moment ago.
            self._late(number, outcome)
        else:
            request.end(outcome)

    def _give_up(self, error: PamlinkError) -> None:
        requests, self._requests = self._requests, {}
        for request in requests.values():
            request.fail(error)
        self._cancels.fail(error)
        self._submits.fail(error)

    # The engine.

    @property
    def _running(self) -> bool:
        return self._opened and not self._closed

    def _usable(self) -> None:
        if not self._running:
            raise ClientClosed("the client is not open")

    def _command(self, data: bytes) -> None:
        self._handle(self._step(data), raising=True)

    def _handle(self, records: list[Any], raising: bool = False) -> None:
        refusal: PamlinkError | None = None
        for record in records:
            match record:
                case outputs.WriteBytes() | outputs.WriteText() | outputs.WriteClose():
                    if self._link is not None:
                        self._link.hand_out(record)
                case outputs.CloseTransport():
                    self._close_transport()
                case outputs.Dial():
                    self._dialing = self._spawn(self._make(record), ends=True)
                case outputs.NeedToken(need):
                    self._spawn(self._provide(cast("tokens.Need", need)))
                case outputs.Asked() | outputs.Submitted() | outputs.SnapshotTaken():
                    pass
                case outputs.Piece(number, restart, text, json):
                    request = self._requests.get(number)
                    if request is None:
                        self._mailbox.put(Late(number, text, json))
                    elif request.stream:
                        request.piece(text, restart)
                case outputs.Answer(number, restart, text, rest, json):
                    request = self._requests.get(number)
                    if request is not None and request.stream:
                        request.piece(text if rest is None else rest, restart)
                    self._end(number, Answered(text, json))
                case outputs.Rejected(number, retry_after, error_code, message, json):
                    wait = None if retry_after is None else retry_after / 1e9
                    self._end(number, Rejected(error_code, message, wait, json))
                case outputs.Expired(number):
                    self._end(number, Expired())
                case outputs.Unknown(number):
                    self._end(number, Unknown())
                case outputs.Unsent(number):
                    self._end(number, Unsent())
                case outputs.Cancelled(number):
                    self._end(number, Cancelled())
                case outputs.CancelResult(number, offset, outcome, error_code):
                    self._cancels.settle(number, CancelResult(outcome or "unknown", offset, error_code))
                case outputs.Outcome(command, retry_after, outcome, error_code):
                    wait = None if retry_after is None else retry_after / 1e9
                    self._submits.settle(command, SubmitResult(outcome, error_code, wait))
                case outputs.Restored(number, json):
                    self._restored(number, json)
                case outputs.Fault():
                    refusal = _engine.fault(record)
                    if not raising:
                        log.warning("the engine refused an input: %s", refusal)
                case outputs.Retrying(attempt, after, status, code, class_, cause, reason):
                    self._mailbox.put(
                        events.Retrying(attempt, after / 1e9, status, code, class_, cause, reason)
                    )
                case events.Stopped():
                    self._stop(record)
                case events.StateChanged():
                    self._state = record.to
                    self._mailbox.put(record)
                case _:
                    self._mailbox.put(record)
        if raising and refusal is not None:
            raise refusal

    def _engine_failed(self, error: PamlinkError) -> None:
        self._give_up(error)
        self._mailbox.end()
        self._close_transport()

    def _stop(self, stopped: events.Stopped) -> None:
        self._stopped = stopped
        self._mailbox.put(stopped)
        self._mailbox.end()
        self._at_rest.set()

    # Transports and tokens.

    def _close_transport(self) -> None:
        if self._dialing is not None:
            self._dialing.cancel()
        if self._link is not None:
            self._link.close_transport()
            self._link = None

    async def _make(self, dial: outputs.Dial) -> None:
        """Makes the transport that the engine asked for, and carries the link over it."""
        try:
            transport = await (self._dial or default_dialer())(target_of(dial, self._options))
        except Exception as error:
            log.debug("attempt %d: %r", dial.attempt, error)
            self._dialing = None
            self._feed(no_transport(error))
            return
        self._dialing = None
        link = self._link = Link(0, transport, self._turns)
        if isinstance(transport, ByteTransport):
            self._feed(pack(KINDS["dialed"], (), ()))
        else:
            subprotocol = getattr(transport, "subprotocol", None)
            self._feed(pack(KINDS["opened_in"], (), (subprotocol,)))
        try:
            await link.run()
        finally:
            try:
                await link.part()
            finally:
                if self._link is link:
                    self._link = None

    async def _provide(self, need: tokens.Need) -> None:
        assert self._token is not None, "an anonymous client asks for no token"
        try:
            token = await tokens.fetch(self._token, need)
        except TokenDenied as denied:
            log.info("there is no token: %s", denied.message)
            self._feed(pack(KINDS["token_failed"], (1,), ()))
        except Exception:
            log.warning("no token for now", exc_info=True)
            self._feed(pack(KINDS["token_failed"], (0,), ()))
        else:
            expires = None
            if token.expires is not None:
                at = token.expires
                at = at if at.tzinfo is not None else at.replace(tzinfo=timezone.utc)
                expires = round(at.timestamp() * 1e6)
            self._feed(pack(KINDS["token"], (expires,), (token.text,)))


def _asked(request: PendingRequest) -> None:
    """A restored request was asked before."""
