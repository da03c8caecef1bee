"""The realtime layer of an AI assistant.

A `Client` is a connection that outlives its links; a `Hub` is all links of a server. Both run the
same engine, which is written in Rust and opens no socket; this package owns the sockets, the clocks
and the tasks around it. `pamlink.sansio` is the engine without them.

| module | what for |
|---|---|
| `pamlink.events` | what happens at clients and hubs |
| `pamlink.errors` | what goes wrong |
| `pamlink.options` | bounds and choices |
| `pamlink.transports` | what carries a link: `tcp`, `websockets`, `starlette`, `memory`, your own |
| `pamlink.values` | any Python value as JSON |
| `pamlink.sansio` | the engine by itself, and its single rooms |
| `pamlink.prometheus`, `pamlink.logs` | bridges to `prometheus_client` and `logging` |
"""

from __future__ import annotations

from . import _native as _native  # First: a library that does not fit is refused here.
from ._requests import AnswerStream
from .authorizing import Auth, Authorizer, Claims
from .client import Client
from .errors import (
    AbiMismatch,
    AnswerError,
    AuthError,
    BusyError,
    ClientClosed,
    ClientStopped,
    ExpiredError,
    InternalError,
    LinkError,
    PamlinkError,
    Poisoned,
    RejectedError,
    TokenDenied,
    UnknownError,
    UnsentError,
    UsageError,
)
from .events import (
    Answered,
    Binary,
    Cancellation,
    Cancelled,
    CancelResult,
    Closed,
    Drained,
    Duplicate,
    Event,
    Expired,
    Failed,
    Gap,
    HttpRequest,
    HubEvent,
    Late,
    Lost,
    Message,
    Opened,
    Outcome,
    Overflowed,
    Piece,
    Received,
    Refused,
    Rejected,
    Repeated,
    Request,
    RequestCancelled,
    RequestExpired,
    Retrying,
    State,
    StateChanged,
    Stopped,
    SubmitResult,
    Undelivered,
    Unknown,
    Unsent,
    UnknownEvent,
    Unreadable,
    Welcomed,
)
from .hub import Hub
from .options import HS256, JWKS, ClientOptions, HubOptions, Keys
from .outputs import Pushed
from .replies import Answer, Error, Handler, Reply
from .tokens import Need, Token, TokenProvider
from .values import Encoded, Json, encode, encoded

__version__ = _native.native.engine_version()

__all__ = [
    "AbiMismatch",
    "Answer",
    "AnswerError",
    "AnswerStream",
    "Answered",
    "Auth",
    "AuthError",
    "Authorizer",
    "Binary",
    "BusyError",
    "CancelResult",
    "Cancellation",
    "Cancelled",
    "Claims",
    "Client",
    "ClientClosed",
    "ClientOptions",
    "ClientStopped",
    "Closed",
    "Drained",
    "Duplicate",
    "Encoded",
    "Error",
    "Event",
    "Expired",
    "ExpiredError",
    "Failed",
    "Gap",
    "HS256",
    "Handler",
    "HttpRequest",
    "Hub",
    "HubEvent",
    "HubOptions",
    "InternalError",
    "JWKS",
    "Json",
    "Keys",
    "Late",
    "LinkError",
    "Lost",
    "Message",
    "Need",
    "Opened",
    "Outcome",
    "Overflowed",
    "PamlinkError",
    "Piece",
    "Poisoned",
    "Pushed",
    "Received",
    "Refused",
    "Rejected",
    "RejectedError",
    "Repeated",
    "Reply",
    "Request",
    "RequestCancelled",
    "RequestExpired",
    "Retrying",
    "State",
    "StateChanged",
    "Stopped",
    "SubmitResult",
    "Token",
    "TokenDenied",
    "TokenProvider",
    "Undelivered",
    "Unknown",
    "UnknownError",
    "UnknownEvent",
    "Unreadable",
    "Unsent",
    "UnsentError",
    "UsageError",
    "Welcomed",
    "encode",
    "encoded",
]
