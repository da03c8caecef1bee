"""The engine without sockets, clocks and tasks.

`ClientEngine` and `HubEngine` take what happened (`pamlink.inputs`), with both clocks, and return
all that follows (`pamlink.outputs`, `pamlink.events`) with the time of the next call. The same
inputs give the same outputs, so a test needs no network and no waiting:

    hub = HubEngine(auth=HS256(secret), seed=bytes(32))
    (accepted,) = hub.step(0, now, [inputs.AcceptOpened(None, None, False, "ann", token)]).records[:1]
    for record in hub.step(0, now, [inputs.TextIn(accepted.link, text)]).records:
        match record:
            case events.Request(request=request):
                ...

The rest are single rooms of the engine (`pamlink.rooms`), for programs that want no more: `FrameCodec`,
`DuplicateWindow`, `Router`, `TokenVerifier` and functions on envelopes.

Any thread may call any of them; calls of one object follow one another. None can be copied or
pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, Union

from . import _layout, _native, _records, events, inputs, outputs
from ._clock import mono_nanos, wall_micros
from ._engine import Stepped, given_seed, seed
from ._native import native
from .options import ClientOptions, HubOptions, Keys, auth_options, table
from .outputs import Output
from .rooms import (
    Decision,
    DuplicateWindow,
    FrameCodec,
    PamTarget,
    Router,
    TokenVerifier,
    Verdict,
    VerifiedToken,
    backoff_delays,
    describe_envelope,
    engine_version,
    error_codes,
    read_target,
    sign_token,
    state_tables,
    write_frame,
)

if TYPE_CHECKING:
    from ._pamlink import pamlink as generated

__all__ = [
    "ClientEngine",
    "Decision",
    "DuplicateWindow",
    "FrameCodec",
    "HubEngine",
    "Input",
    "Output",
    "PamTarget",
    "Router",
    "Step",
    "TokenVerifier",
    "Verdict",
    "VerifiedToken",
    "backoff_delays",
    "describe_envelope",
    "engine_version",
    "error_codes",
    "events",
    "inputs",
    "mono_nanos",
    "outputs",
    "read_records",
    "read_target",
    "seed",
    "sign_token",
    "state_tables",
    "wall_micros",
    "write_frame",
]

Input: TypeAlias = Union[
    inputs.BytesIn,
    inputs.TextIn,
    inputs.BinaryIn,
    inputs.CloseIn,
    inputs.ClosedIn,
    inputs.Written,
    inputs.Connect,
    inputs.Disconnect,
    inputs.Dialed,
    inputs.OpenedIn,
    inputs.DialFailed,
    inputs.Token,
    inputs.TokenFailed,
    inputs.Wake,
    inputs.NetworkChanged,
    inputs.Ask,
    inputs.Send,
    inputs.Forget,
    inputs.Cancel,
    inputs.Submit,
    inputs.Snapshot,
    inputs.Abandon,
    inputs.Accept,
    inputs.AcceptOpened,
    inputs.AuthorizeLink,
    inputs.Reply,
    inputs.ReplyError,
    inputs.ReplyRaw,
    inputs.ReplyPiece,
    inputs.Dismiss,
    inputs.SendTo,
    inputs.Push,
    inputs.Broadcast,
    inputs.DisconnectLink,
    inputs.DisconnectUser,
    inputs.Drain,
    inputs.Respond,
]
"""What a host gives an engine."""

_KINDS = {
    getattr(inputs, "".join(part.capitalize() for part in name.split("_"))): kind
    for name, kind in _layout.KINDS.items()
    if kind < 100
}
_WRITERS: dict[type[Any], Callable[[Any], bytes]] = {}


class Step(NamedTuple):
    """What followed."""

    records: list[Output]
    """What became of commands, what happened and what is to be written, in order."""
    deadline: int | None
    """When to step again at the latest, on the monotonic clock, in nanoseconds."""
    reason: str | None
    """Why then: `heartbeat`, `backoff`, `request expiry`; the set is open."""


# What a step reads is in the order of its members: no need to take it apart and put it together.
_stepped: Callable[[type[Step], tuple[Any, ...]], Step] = getattr(tuple, "__new__")


def pack(records: Iterable[Input]) -> bytes:
    """Records of a host in the packed layout. Raises `ValueError` for a number out of its range."""
    parts: list[bytes] = []
    for record in records:
        try:
            write = _WRITERS[type(record)]
        except KeyError:
            write = _WRITERS[type(record)] = _layout.writer(_KINDS[type(record)])
        parts.append(write(record))
    return b"".join(parts)


def read_records(packed: bytes) -> list[Output]:
    """Records of the engine from the packed layout, `Next` among them."""
    return _records.read_records(packed)


class ClientEngine(Stepped):
    """One outgoing link with its requests: what an app holds."""

    __slots__ = ()
    _object: generated.Client

    def __init__(
        self,
        url: str,
        *,
        mono_nanos: int,
        wall_micros: int,
        anonymous: bool = False,
        options: ClientOptions | None = None,
        seed: bytes | None = None,
        snapshot: bytes | None = None,
    ) -> None:
        """A client that is not connected; of a `snapshot` (`SnapshotTaken`) the one that goes on with its
        requests, which the first step tells (`Restored`). `url` is `ws://` or `wss://` with the whole path; an
        `anonymous` one has no token and asks for none. `seed` is 32 bytes, from the operating
        system unless a test wants the same thing twice.

        Raises `UsageError`: `bad_url`, `bad_option`, `bad_seed`, `bad_snapshot`.
        """
        made = (options or ClientOptions()).native(url, anonymous)
        seed = given_seed(seed)
        if snapshot is None:
            it = _native.call(native.Client, made, seed, mono_nanos, wall_micros)
        else:
            restore = native.Client.restore
            it = _native.call(restore, made, snapshot, seed, mono_nanos, wall_micros)
        super().__init__(it)

    def step(self, mono_nanos: int, wall_micros: int, records: Iterable[Input] = ()) -> Step:
        """Gives the client what happened and returns all that follows. Without records, time has
        passed. `mono_nanos` is a monotonic clock that counts sleep, from any origin.

        What is wrong with a record is a `Fault` in the output. Raises `Poisoned`.
        """
        return _stepped(Step, self.step_records(mono_nanos, wall_micros, pack(records)))

    def state(self) -> events.State:
        """The state of the link."""
        return events.State(_native.call(self._object.state))

    def metrics(self) -> str:
        """All that was counted, as text for Prometheus."""
        return _native.call(self._object.metrics)


class HubEngine(Stepped):
    """Many incoming links of many users: what a server holds."""

    __slots__ = ()
    _object: generated.Hub

    def __init__(
        self,
        *,
        auth: Keys | None = None,
        options: HubOptions | None = None,
        seed: bytes | None = None,
    ) -> None:
        """A hub without links. Without keys it asks about each token (`Authorize`).

        Raises `UsageError`: `bad_option`, `bad_key`, `bad_routes`, `bad_seed`.
        """
        made = (options or HubOptions()).native(auth)
        super().__init__(_native.call(native.Hub, made, given_seed(seed)))

    def step(self, mono_nanos: int, wall_micros: int, records: Iterable[Input] = ()) -> Step:
        """Gives the hub what happened and returns all that follows; as `ClientEngine.step`."""
        return _stepped(Step, self.step_records(mono_nanos, wall_micros, pack(records)))

    def receive(
        self, mono_nanos: int, wall_micros: int, messages: Iterable[tuple[int, str]]
    ) -> Step:
        """Gives the hub text messages, each with its link, in one call: as `step` with a `TextIn`
        for each, at a fraction of the cost."""
        packed = _records.texts_in(messages)
        return _stepped(Step, self.step_records(mono_nanos, wall_micros, packed))

    def reseed(self, seed: bytes | None = None) -> None:
        """Begins again with another seed, in the process that calls: for a hub that was made before
        a fork, so that each process has an epoch of its own.

        Raises `UsageError`: `forked` if there were links already, which know the epoch.
        """
        _native.call(self._object.reseed, given_seed(seed))
        self._here()

    def replace_routes(self, routes: str | Mapping[str, Any]) -> None:
        """Replaces the routing table between two messages; running requests end under the new one.

        Raises `UsageError` (`bad_routes`), which names every fault; nothing has changed then.
        """
        _native.call(self._object.replace_routes, table(routes))

    def set_auth(self, auth: Keys | None) -> None:
        """Replaces who decides about tokens that come from now on. Raises `UsageError`."""
        _native.call(self._object.set_auth, auth_options(auth))

    def choose_subprotocol(self, offered: Iterable[str]) -> str | None:
        """The subprotocol that a transport which speaks WebSocket itself is to agree on with a client
        that offers these, in its order: `pamlink.v1` where it is among them and the hub speaks it, else
        the first that the options name. With any but `pamlink.v1` the peers speak the `pam` dialect. A
        hub that takes messages of less than 512 KiB does not speak `pamlink.v1`."""
        return _native.call(self._object.choose_subprotocol, list(offered))

    def links(self) -> int:
        """Links that have not ended."""
        return _native.call(self._object.links)

    def links_of(self, user: str) -> list[int]:
        """The welcomed links of a user, newest first."""
        return _native.call(self._object.links_of, user)

    def memory(self) -> int:
        """Bytes held by the hub and its links."""
        return _native.call(self._object.memory)

    def metrics(self) -> str:
        """All that was counted, as text for Prometheus."""
        return _native.call(self._object.metrics)
