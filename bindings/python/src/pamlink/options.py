"""The bounds and choices that a program may set. What is None has the engine's default.

Spans are seconds, sizes bytes. What is out of its bounds is refused when the engine is made, by a
`UsageError` that names it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, Union

from ._native import native


Priority: TypeAlias = Literal["urgent", "normal", "bulk"]
"""What goes first, while several wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """The bounds and choices of a client."""

    request_timeout: float | None = None
    """How long a request waits for its answer, 1 s to 24 h. Default 60 s. One that waits longer
    than the server remembers (5 min by default) may take effect twice."""
    max_requests: int | None = None
    """Most requests at once, 1 to 65,536. Default 64."""
    max_request_bytes: int | None = None
    """Most bytes of requests at once, 1 KiB to 1 GiB. Default 256 KiB."""
    heartbeat_interval: float | None = None
    """The interval of the keepalive: a server that is silent for it is sent a ping, 10 ms to 25 s. Default 20 s."""
    heartbeat_deadline: float | None = None
    """How long the server has to show it, 10 ms to 2 min. Default 10 s."""
    backoff_cap: float | None = None
    """The longest delay between two attempts to connect, 100 ms to 1 h. Default 30 s."""
    dial_timeout: float | None = None
    """How long a transport may take to connect, 10 ms to 10 min. Default 15 s."""
    welcome_timeout: float | None = None
    """How long the server's welcome may take; 0 for servers that send none. 0 to 10 min. Default 10
    s."""
    max_message_bytes: int | None = None
    """The longest message that is read, 1 KiB to 1 GiB. Default 1 MiB."""
    origin: str | None = None
    """The `Origin` header; only browsers have one."""
    subprotocols: tuple[str, ...] = ()
    """Subprotocols to offer, the preferred one first."""
    v1: bool = True
    """Whether to speak `pamlink.v1` where the server has it: then an answer goes on in its middle after a
    break, a request is cancelled, and a snapshot of the client goes on in another process. A server without
    it is called again in the `pam` dialect."""
    compression: bool = False
    """Whether to offer compression (permessage-deflate) over transports of bytes. One that speaks
    WebSocket itself, as `websockets` does, negotiates its own. Off, since it costs a battery more
    than the bytes are worth, and half a megabyte while the link is in use."""

    def native(self, url: str, anonymous: bool) -> Any:
        """The record of the library."""
        return native.ClientOptions(
            url=url,
            anonymous=anonymous,
            request_timeout_ms=_millis(self.request_timeout),
            max_requests=self.max_requests,
            max_request_bytes=self.max_request_bytes,
            heartbeat_interval_ms=_millis(self.heartbeat_interval),
            heartbeat_deadline_ms=_millis(self.heartbeat_deadline),
            backoff_cap_ms=_millis(self.backoff_cap),
            dial_timeout_ms=_millis(self.dial_timeout),
            welcome_timeout_ms=_millis(self.welcome_timeout),
            max_message_bytes=self.max_message_bytes,
            origin=self.origin,
            subprotocols=list(self.subprotocols),
            v1=self.v1,
            compression=self.compression,
        )


@dataclass(frozen=True, slots=True)
class HS256:
    """Tokens are signed with a secret of at least 32 bytes that the hub knows, too."""

    secret: bytes = field(repr=False)
    """The secret."""
    audience: str | None = None
    """The `aud` that a token must name. Default `authenticated`."""
    leeway: float | None = None
    """How far the clocks of issuer and hub may lie apart, in seconds, 0 to 10 min. Default 10 s."""

    def native(self) -> Any:
        """The record of the library."""
        return native.AuthOptions(
            hs256_secret=self.secret,
            jwks=None,
            audience=self.audience,
            leeway_ms=_millis(self.leeway),
        )


@dataclass(frozen=True, slots=True)
class JWKS:
    """Tokens are signed with one of the keys of a document (RFC 7517): HS256, ES256 or RS256."""

    document: str = field(repr=False)
    """The document, as JSON."""
    audience: str | None = None
    """The `aud` that a token must name. Default `authenticated`."""
    leeway: float | None = None
    """How far the clocks of issuer and hub may lie apart, in seconds, 0 to 10 min. Default 10 s."""

    def native(self) -> Any:
        """The record of the library."""
        return native.AuthOptions(
            hs256_secret=None,
            jwks=self.document,
            audience=self.audience,
            leeway_ms=_millis(self.leeway),
        )


Keys: TypeAlias = Union[HS256, JWKS]
"""Keys with which the engine itself judges tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubOptions:
    """The bounds and choices of a hub."""

    routes: str | Mapping[str, Any] | None = None
    """The routing table, as JSON or as what that would be. Default: the five agents of the
    dialect."""
    origins: tuple[str, ...] | None = None
    """The origins from which a browser may connect over bytes. Default: any. With a web framework,
    that is its to look at."""
    subprotocols: tuple[str, ...] = ()
    """The subprotocols beside `pamlink.v1` that a client may offer: of those that it does, the first is
    agreed on, and the link speaks the `pam` dialect. None begins with `pamlink.`. Default: none."""
    max_links: int | None = None
    """Most links at once, 1 to 16,777,216. Default 131,072."""
    max_links_per_user: int | None = None
    """Most links of one user at once, 1 to 65,536. Default 32."""
    refuse_newest: bool = False
    """Whether one link more is refused; otherwise the user's oldest is closed with 1000."""
    max_requests: int | None = None
    """Most running requests at once, 1 to 16,777,216. Default 65,536."""
    max_requests_per_link: int | None = None
    """Most running requests of one link, 1 to 65,536. Default 32."""
    request_timeout: float | None = None
    """How long a request waits for its reply, 100 ms to 24 h. Default 2 min."""
    while_answering: str | None = None
    """What becomes of what a user asks while an answer to the same user runs, over whichever link:
    `parallel`: it runs beside that; `queue`: it waits for its turn; `reject`: it is refused with
    `AGENT_BUSY`; `replace`: it takes the place of that, whose handler is cancelled. Default `parallel`."""
    auth_timeout: float | None = None
    """How long a link waits for the verdict on its token, 10 ms to 24 h. Default 10 s."""
    token_grace: float | None = None
    """How long a link may go on with an expired token, 0 to 24 h. Default 60 s."""
    messages_per_minute: int | None = None
    """Messages of one user a minute, 1 to 10,000,000. Default 100."""
    connects_per_minute: int | None = None
    """Links that one user may open a minute, 1 to 10,000,000. Default 60."""
    repeats_per_minute: int | None = None
    """Repeats of one user a minute, 1 to 10,000,000. Default 500."""
    max_violations: int | None = None
    """Refusals that a link survives within a minute, 1 to 1,000,000. Default 5."""
    window_entries: int | None = None
    """Requests that are remembered, 1 to 16,777,216. Default 262,144."""
    window_age: float | None = None
    """How long a request is remembered, 1 s to 168 h. Default 5 min."""
    window_result_bytes: int | None = None
    """Bytes of results kept for repeats, 0 to 1 GiB. Default 16 MiB."""
    heartbeat_interval: float | None = None
    """Between two pings of the hub, 10 ms to 25 s. Default 20 s."""
    heartbeat_deadline: float | None = None
    """How long a peer has to show life, 10 ms to 2 min. Default 10 s."""
    max_message_bytes: int | None = None
    """The longest message that is read, 1 KiB to 1 GiB. Default 1 MiB."""
    outbox_bytes: int | None = None
    """Bytes that may wait to be written to one link, 0 to 1 GiB. Default 256 KiB."""
    accepts: tuple[str, ...] = ()
    """Types beyond those of the dialect that the program takes."""
    characters: Mapping[str, int] | None = None
    """How many characters a text in a message may have, by the name of its member (`message`), in
    every type that has no limit of its own for it, or by type and name (`voice.message`). 1 to
    1,048,576; what is not named keeps its default."""
    route_unknown_agents: bool = False
    """Whether a request that names an unknown agent goes to the table's error handler; otherwise
    the hub answers it with an error."""
    compression: bool = False
    """Whether to compress messages (permessage-deflate) with peers over bytes that offer it. A web
    framework, as Starlette with its server is, negotiates its own. Off, since it costs memory and
    time of the processor, which a server runs out of before the bytes."""
    max_compressors: int | None = None
    """Most links that hold a compressor between messages, about 380 KB each; the others borrow one
    for each message, and save less. 0 to 100,000. Default 64."""

    def native(self, auth: Keys | None) -> Any:
        """The record of the library."""
        return native.HubOptions(
            auth=auth_options(auth),
            routes=table(self.routes),
            origins=None if self.origins is None else list(self.origins),
            subprotocols=list(self.subprotocols),
            max_links=self.max_links,
            max_links_per_user=self.max_links_per_user,
            refuse_newest=self.refuse_newest,
            max_requests=self.max_requests,
            max_requests_per_link=self.max_requests_per_link,
            request_timeout_ms=_millis(self.request_timeout),
            while_answering=self.while_answering,
            auth_timeout_ms=_millis(self.auth_timeout),
            token_grace_ms=_millis(self.token_grace),
            messages_per_minute=self.messages_per_minute,
            connects_per_minute=self.connects_per_minute,
            repeats_per_minute=self.repeats_per_minute,
            max_violations=self.max_violations,
            window_entries=self.window_entries,
            window_age_ms=_millis(self.window_age),
            window_result_bytes=self.window_result_bytes,
            heartbeat_interval_ms=_millis(self.heartbeat_interval),
            heartbeat_deadline_ms=_millis(self.heartbeat_deadline),
            max_message_bytes=self.max_message_bytes,
            outbox_bytes=self.outbox_bytes,
            accepts=list(self.accepts),
            characters=None if self.characters is None else dict(self.characters),
            route_unknown_agents=self.route_unknown_agents,
            compression=self.compression,
            max_compressors=self.max_compressors,
        )


def auth_options(auth: Keys | None) -> Any:
    """The record of the library for keys, or for a hub whose host gives each verdict."""
    if auth is not None:
        return auth.native()
    return native.AuthOptions(hs256_secret=None, jwks=None, audience=None, leeway_ms=None)


def table(routes: str | Mapping[str, Any] | None) -> str | None:
    """A routing table as JSON."""
    return routes if routes is None or isinstance(routes, str) else json.dumps(routes)


def _millis(seconds: float | None) -> int | None:
    # What lies below a millisecond is rounded away from 0, which often means "never".
    return None if seconds is None else max(round(seconds * 1_000), 1 if seconds > 0 else 0)
