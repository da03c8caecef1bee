"""The endpoint for Starlette and FastAPI, which keeps the wire of `/api/v1/pam/ws/{user_id}?token=`.

    hub = Hub(answer, auth=HS256(secret))
    app = FastAPI(lifespan=lifespan(hub))
    app.add_api_websocket_route("/api/v1/pam/ws/{user_id}", endpoint(hub))

The server's own pings are better off: the engine has a heartbeat, and knows a busy peer from a dead
one. With uvicorn that is `ws_ping_interval=None`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from .authorizing import Claims
from .errors import AuthError, BusyError
from .hub import Hub
from .sansio import TokenVerifier, VerifiedToken
from .transports import ABNORMAL, NO_STATUS, TransportClosed


class StarletteTransport:
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
    hub: Hub, *, spread: float = 5.0
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """A lifespan for an app: the hub begins with it, and at its end sends all links away within
    `spread` seconds.

    A server that waits for its connections before it ends the lifespan (uvicorn does) must be told
    to wait no longer than that is worth: `timeout_graceful_shutdown`.
    """

    @asynccontextmanager
    async def run(app: Any) -> AsyncIterator[None]:
        async with hub:
            yield
            await hub.close(spread)

    return run


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
