"""A hub behind Starlette and FastAPI, which keeps the wire of `/api/v1/pam/ws/{user_id}?token=`.

    hub = Hub(answer, auth=HS256(secret))
    app = FastAPI(lifespan=lifespan(hub))
    app.add_middleware(HubMiddleware, hub=hub)

The server's own pings are better off: the engine has a heartbeat, and knows a busy peer from a dead
one. With uvicorn that is `ws_ping_interval=None`, and on its command line a day,
`--ws-ping-interval 86400`: 0 means without a pause where it runs on `websockets`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any
from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ._signals import Signals, trigger
from .authorizing import Claims
from .errors import AuthError, BusyError
from .hub import V1, Hub
from .logs import hide_tokens
from .sansio import TokenVerifier, VerifiedToken, read_target
from .transports import ABNORMAL, NO_STATUS, MessageTransport, TransportClosed


class StarletteTransport(MessageTransport):
    """A WebSocket of Starlette, once it is accepted, as a transport."""

    # For the link: a message goes to the server at once, unless it has to wait.
    begins_at_once = True

    __slots__ = ("_is_over", "_receive", "_send", "_websocket", "subprotocol")

    def __init__(self, websocket: WebSocket, subprotocol: str | None = None) -> None:
        self._websocket = websocket
        self.subprotocol: str | None = subprotocol
        """The one that it was accepted with."""
        self._send, self._receive = _given(websocket)
        self._is_over = False

    async def send(self, text: str, /) -> None:
        if self._is_over:
            raise TransportClosed(ABNORMAL)
        try:
            await self._send({"type": "websocket.send", "text": text})
        except (WebSocketDisconnect, RuntimeError) as error:
            # Servers say so by a RuntimeError if the close has come in between.
            raise TransportClosed(ABNORMAL) from error

    async def receive(self) -> str | bytes:
        message = await self._receive()
        text: str | None = message.get("text")
        if text is not None:
            return text
        if message["type"] == "websocket.disconnect":
            self._is_over = True
            raise TransportClosed(message.get("code") or NO_STATUS, message.get("reason") or "")
        data: bytes = message["bytes"]
        return data

    async def close(self, code: int | None = None, reason: str = "", /) -> None:
        if not self._is_over and self._websocket.application_state is WebSocketState.CONNECTED:
            self._is_over = True
            await self._websocket.close(1000 if code is None else code, reason)


def _given(websocket: WebSocket) -> tuple[Send, Receive]:
    """What the server gave to send and receive by, if it is known where Starlette keeps that: its own
    methods look at each message again. Otherwise they do, and where somebody has replaced them."""
    made = websocket.__class__
    if _KEEPS and made.send is WebSocket.send and made.receive is WebSocket.receive:
        return getattr(websocket, "_send"), getattr(websocket, "_receive")
    return websocket.send, websocket.receive


def _keeps() -> bool:
    """Whether this version of Starlette keeps what it is given where the known ones do: by trying."""

    async def receive() -> Message:
        raise NotImplementedError

    async def send(message: Message) -> None:
        raise NotImplementedError

    made = WebSocket({"type": "websocket"}, receive, send)
    kept = getattr(made, "_send", None), getattr(made, "_receive", None)
    return kept == (send, receive)


_KEEPS = _keeps()


_TOKEN = "pamlink.token."


class HubMiddleware:
    """A middleware that serves a hub's links, and leaves everything else to the app.

    What an app has between a server and its routes stays on the stack of every WebSocket for as long
    as it is open, and each message that is sent passes through it. A link that is taken here holds a
    quarter less than one of `endpoint`, which suits an app that wants its own dependencies or exception
    handlers on the way. Middlewares that are added later are still around it.
    """

    def __init__(self, app: ASGIApp, hub: Hub, path: str = "/api/v1/pam/ws/") -> None:
        """`path` is what comes before the user id; what is said of requests at `endpoint` holds."""
        self._app = app
        self._pam = endpoint(hub)
        self._path = path

    # A coroutine function: by that servers know which version of ASGI an app is of.
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            if path.startswith(self._path):
                # As a route would find it.
                scope["path_params"] = {"user_id": path[len(self._path) :]}
                handling = self._pam(WebSocket(scope, receive, send))
                # A frame that waits keeps what it names, and this one may wait for days.
                del scope, receive, send, path
                return await handling
        await self._app(scope, receive, send)


def endpoint(hub: Hub) -> Callable[[WebSocket], Awaitable[None]]:
    """An endpoint for a route that ends in `{user_id:path}`:

        app.add_api_websocket_route("/api/v1/pam/ws/{user_id:path}", endpoint(hub))

    Path and query are read by the engine, as they were sent: the user id is one segment, in which a
    slash is encoded. Another path is refused with 404 where the server can say so, else with 403; a
    request without a `token` parameter with 403, unless it offers `pamlink.v1`, which shows its token
    over the link. Any other is accepted before its token is judged,
    because clients in browsers see no status: a peer that is not believed is closed with 4001.
    """
    hide_tokens()

    async def pam(websocket: WebSocket) -> None:
        read = read_target(*_target(websocket))
        if read is None:
            await _refuse(websocket, 404)
            return
        speaks_v1 = hub.choose_subprotocol(websocket.scope.get("subprotocols", ())) == V1
        # A token is never in the address of a link that speaks it.
        token = _shown(websocket) if speaks_v1 else read.token
        if token is None and not speaks_v1:
            await _refuse(websocket, 403)
        else:
            carrying = serve(
                hub, websocket, user=read.user, token=token, max_message=read.max_message
            )
            # A frame that waits keeps what it names, and this one may wait for days.
            del read, token, websocket
            await carrying

    return pam


def _target(websocket: WebSocket) -> tuple[str, str]:
    """Path and query as they were sent, and what of the path stands before the user id."""
    scope = websocket.scope
    path: str = scope["path"]
    before = path[: len(path) - len(websocket.path_params["user_id"])]
    raw: bytes | None = scope.get("raw_path")
    sent = quote(path) if raw is None else raw.decode("latin-1")
    query: bytes = scope.get("query_string", b"")
    # A route of other letters than those of a URL is encoded there.
    prefix = before if sent.startswith(before) else quote(before)
    return f"{sent}?{query.decode('latin-1')}", prefix


async def _refuse(websocket: WebSocket, status: int) -> None:
    """Before it is accepted: what servers make of a close is the status 403."""
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(Response(status_code=status))
    else:
        await websocket.close(1008)


def _shown(websocket: WebSocket) -> str | None:
    """The token in the opening request of `pamlink.v1`: that of `Authorization`, else the one among the
    subprotocols."""
    scheme, _, token = websocket.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.lstrip()
    offered = websocket.scope.get("subprotocols", ())
    return next((it[len(_TOKEN) :] for it in offered if it.startswith(_TOKEN)), None)


async def serve(
    hub: Hub,
    websocket: WebSocket,
    *,
    user: str,
    token: str | None = None,
    claims: Claims | None = None,
    max_message: int | None = None,
) -> None:
    """Accepts a WebSocket and carries its link until the end, for an endpoint of your own.

    Give the `token`, and the hub judges it; or `claims`, if a dependency of yours has found out who
    it is: the hub then only compares their subject with `user`. `max_message` is the largest message
    that the peer says it takes, in bytes: the parameter of that name (`read_target`). A client that
    offers `pamlink.v1` is accepted with it, and says both itself.
    """
    subprotocol = hub.choose_subprotocol(websocket.scope.get("subprotocols", ()))
    await websocket.accept(subprotocol)
    transport = StarletteTransport(websocket, subprotocol)
    carrying = hub.serve(
        transport, user=user, token=token, claims=claims, max_message=max_message
    )
    del token, claims, websocket
    try:
        await carrying
    except BusyError as busy:
        await transport.close(1013, busy.name)


def lifespan(
    hub: Hub, *, spread: float = 5.0, signals: bool = True
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """A lifespan for an app: the hub begins with it and ends with it.

    A server that is told to end by SIGTERM or SIGINT closes its connections before it ends the
    lifespan. Therefore the hub hears of the signal first, sends all links away within `spread`
    seconds, each at a moment of its own and with the time to come back, and passes the signal on
    when they are gone. A second signal is passed on at once. Where the signals do not come to hear of,
    a warning is logged. `signals=False` leaves them alone; call `hub.drain` yourself then, or see
    `shutdown_trigger`.
    """
    hide_tokens()

    @asynccontextmanager
    async def run(app: Any) -> AsyncGenerator[None]:
        async with hub:
            with Signals(hub, spread) if signals else nullcontext():
                yield

    return run


def shutdown_trigger(hub: Hub, *, spread: float = 5.0) -> Callable[[], Awaitable[None]]:
    """What hypercorn takes under this name: it waits for SIGTERM or SIGINT, drains the hub, and then
    lets the server end.

        app = FastAPI(lifespan=lifespan(hub, signals=False))
        await hypercorn.asyncio.serve(app, config, shutdown_trigger=shutdown_trigger(hub))
    """
    return trigger(hub, spread)


def bearer(verifier: TokenVerifier) -> Callable[[HTTPConnection], Awaitable[VerifiedToken]]:
    """A dependency of FastAPI for HTTP routes: the claims of the request's bearer token, by the same
    keys as the hub's. Raises the status 401."""
    from starlette.exceptions import HTTPException

    async def claims(connection: HTTPConnection) -> VerifiedToken:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        challenge = {"WWW-Authenticate": "Bearer"}
        if scheme.lower() != "bearer":
            raise HTTPException(401, "missing_token", headers=challenge)
        try:
            return verifier.verify(token.strip())
        except AuthError as refused:
            raise HTTPException(401, refused.name, headers=challenge) from None

    return claims
