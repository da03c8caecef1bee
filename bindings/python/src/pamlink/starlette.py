"""The endpoint for Starlette and FastAPI, which keeps the wire of `/api/v1/pam/ws/{user_id}?token=`.

    hub = Hub(answer, auth=HS256(secret))
    app = FastAPI(lifespan=lifespan(hub))
    app.add_api_websocket_route("/api/v1/pam/ws/{user_id}", endpoint(hub))

The server's own pings are better off: the engine has a heartbeat, and knows a busy peer from a dead
one. With uvicorn that is `ws_ping_interval=None`.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from types import FrameType
from typing import Any

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from .authorizing import Claims
from .errors import AuthError, BusyError
from .hub import Hub
from .sansio import TokenVerifier, VerifiedToken
from .transports import ABNORMAL, NO_STATUS, MessageTransport, TransportClosed


class StarletteTransport(MessageTransport):
    """A WebSocket of Starlette, once it is accepted, as a transport."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def send(self, text: str, /) -> None:
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:
            # Starlette says so by a RuntimeError if the close has come in between.
            raise TransportClosed(ABNORMAL) from error

    async def receive(self) -> str | bytes:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise TransportClosed(message.get("code") or NO_STATUS, message.get("reason") or "")
        text: str | None = message.get("text")
        return message["bytes"] if text is None else text

    async def close(self, code: int | None = None, reason: str = "", /) -> None:
        if (
            self._websocket.application_state is WebSocketState.CONNECTED
            and self._websocket.client_state is WebSocketState.CONNECTED
        ):
            await self._websocket.close(1000 if code is None else code, reason)


def endpoint(hub: Hub) -> Callable[[WebSocket], Awaitable[None]]:
    """An endpoint for a route with `{user_id}`.

    A request without a `token` parameter is refused with 403. Any other is accepted before its
    token is judged, because clients in browsers see no status: a peer that is not believed is closed
    with 4001.
    """

    async def pam(websocket: WebSocket) -> None:
        token = websocket.query_params.get("token")
        if token is None:
            # Before it is accepted, this is the status 403.
            await websocket.close(1008)
            return
        await serve(hub, websocket, user=websocket.path_params["user_id"], token=token)

    return pam


async def serve(
    hub: Hub,
    websocket: WebSocket,
    *,
    user: str,
    token: str | None = None,
    claims: Claims | None = None,
) -> None:
    """Accepts a WebSocket and carries its link until the end, for an endpoint of your own.

    Give the `token`, and the hub judges it; or `claims`, if a dependency of yours has found out who
    it is: the hub then only compares their subject with `user`.
    """
    await websocket.accept()
    transport = StarletteTransport(websocket)
    try:
        await hub.serve(transport, user=user, token=token, claims=claims)
    except BusyError as busy:
        await transport.close(1013, busy.name)


def lifespan(
    hub: Hub, *, spread: float = 5.0, signals: bool = True
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """A lifespan for an app: the hub begins with it and ends with it.

    A server that is told to end by SIGTERM or SIGINT closes its connections before it ends the
    lifespan. Therefore the hub hears of the signal first, sends all links away within `spread`
    seconds, each at a moment of its own and with the time to come back, and passes the signal on
    when they are gone. A second signal is passed on at once. `signals=False` leaves them alone;
    call `hub.drain` yourself then.
    """

    @asynccontextmanager
    async def run(app: Any) -> AsyncGenerator[None]:
        async with hub:
            with _Signals(hub, spread) if signals else nullcontext():
                yield

    return run


class _Signals:
    """Hears of the signals before the server does."""

    def __init__(self, hub: Hub, spread: float) -> None:
        self._hub = hub
        self._spread = spread
        self._loop = asyncio.get_running_loop()
        self._before: dict[int, Any] = {}
        self._draining: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            # One that is no function is the server's business alone, if there is a server.
            if callable(before):
                self._before[number] = before
                signal.signal(number, self._heard)

    def __exit__(self, *error: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self._draining is not None:
            self._before[number](number, frame)
            return
        self._loop.call_soon_threadsafe(self._drain, number)

    def _drain(self, number: int) -> None:
        if self._draining is None:
            self._draining = self._loop.create_task(self._hub.drain(self._spread))
            self._draining.add_done_callback(lambda _: self._before[number](number, None))


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
