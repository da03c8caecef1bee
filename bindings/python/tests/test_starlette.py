"""The transport over a WebSocket of Starlette, whichever way to the server it finds."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import fastapi
import pytest
import websockets
from conftest import KEYS, PATH, SOON, serving, token
from starlette.types import Message
from starlette.websockets import WebSocket

from pamlink import Hub, HubOptions, Request, starlette
from pamlink.starlette import StarletteTransport
from pamlink.transports import TransportClosed


class Replaced(WebSocket):
    """One whose methods a program has replaced."""

    heard = 0

    async def receive(self) -> Message:
        self.heard += 1
        return await super().receive()


class Server:
    """The server's end of a WebSocket: what it is given and what it has to tell."""

    def __init__(self, made: type[WebSocket]) -> None:
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.coming: asyncio.Queue[Message] = asyncio.Queue()
        self.coming.put_nowait({"type": "websocket.connect"})
        scope: dict[str, Any] = {"type": "websocket", "headers": []}
        self.websocket = made(scope, self.coming.get, self.sent.put)

    async def said(self) -> Message:
        return await asyncio.wait_for(self.sent.get(), SOON)


WAYS = [(True, WebSocket), (False, WebSocket), (True, Replaced)]


@pytest.fixture(params=WAYS, ids=["as it is known", "kept elsewhere", "replaced"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Server:
    known, made = request.param
    if not known:
        # As where a version is found that keeps them under other names.
        monkeypatch.setattr(starlette, "_KEEPS", False)
    return Server(made)


async def test_a_conversation_is_the_same_whichever_way_is_found(server: Server) -> None:
    async def echo(request: Request) -> str:
        return request.text

    async with Hub(echo, auth=KEYS) as hub:
        socket = server.websocket
        serving = asyncio.create_task(
            starlette.serve(hub, socket, user="ann", token=token("ann"))
        )
        assert (await server.said())["type"] == "websocket.accept"
        assert '"connection"' in (await server.said())["text"]
        server.coming.put_nowait(
            {"type": "websocket.receive", "text": '{"type":"chat","id":"1","message":"hi"}'}
        )
        assert '"hi"' in (await server.said())["text"]
        server.coming.put_nowait({"type": "websocket.receive", "bytes": b"\x00"})
        assert "error" in (await server.said())["text"]
        server.coming.put_nowait({"type": "websocket.disconnect", "code": 1000, "reason": ""})
        await asyncio.wait_for(serving, SOON)
        assert hub.links == 0
    if isinstance(socket, Replaced):
        assert socket.heard == 4


async def test_nothing_goes_to_a_peer_that_has_gone(server: Server) -> None:
    await server.websocket.accept()
    transport = StarletteTransport(server.websocket)
    server.coming.put_nowait({"type": "websocket.disconnect", "code": 4_000, "reason": "bye"})
    with pytest.raises(TransportClosed) as closed:
        await transport.receive()
    assert (closed.value.code, closed.value.reason) == (4_000, "bye")
    with pytest.raises(TransportClosed):
        await transport.send("late")
    await transport.close()
    assert server.sent.qsize() == 1


def test_a_starlette_that_keeps_it_elsewhere_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert starlette._keeps()

    class Other:
        def __init__(self, scope: Any, receive: Any, send: Any) -> None:
            self._receive = send
            self._send = receive

    monkeypatch.setattr(starlette, "WebSocket", Other)
    assert not starlette._keeps()


HELLO = '{"type":"hello","versions":[1,1],"features":0,"limits":{"message":1048576}}'


@pytest.mark.parametrize(
    "where, says",
    [("subprotocol", "welcome"), ("header", "welcome"), ("address", "goodbye"), ("", "goodbye")],
)
async def test_a_token_of_v1_is_shown_beside_the_address(where: str, says: str) -> None:
    hub = Hub(auth=KEYS)
    app = fastapi.FastAPI(lifespan=starlette.lifespan(hub, signals=False))
    app.add_api_websocket_route(PATH + "{user_id:path}", starlette.endpoint(hub))
    shown = token()
    offered = ["pamlink.v1", *([f"pamlink.token.{shown}"] if where == "subprotocol" else [])]
    headers = {"Authorization": f"Bearer {shown}"} if where == "header" else {}
    query = f"?token={shown}" if where == "address" else ""
    async with serving(app) as address:
        url = f"ws://{address}{PATH}ann{query}"
        connecting = websockets.connect(
            url, subprotocols=[websockets.Subprotocol(it) for it in offered], additional_headers=headers
        )
        async with connecting as socket:
            assert socket.subprotocol == "pamlink.v1"
            await socket.send(HELLO)
            said = json.loads(await asyncio.wait_for(socket.recv(), SOON))
            assert said["type"] == says


async def test_another_subprotocol_is_agreed_on_where_the_hub_takes_it() -> None:
    hub = Hub(auth=KEYS, options=HubOptions(subprotocols=("app.v1",)))
    app = fastapi.FastAPI(lifespan=starlette.lifespan(hub, signals=False))
    app.add_api_websocket_route(PATH + "{user_id:path}", starlette.endpoint(hub))
    async with serving(app) as address:
        for offered, agreed in (["other", "app.v1"], "app.v1"), (["other"], None):
            url = f"ws://{address}{PATH}ann?token={token()}"
            names = [websockets.Subprotocol(it) for it in offered]
            async with websockets.connect(url, subprotocols=names) as socket:
                assert socket.subprotocol == agreed
                said = json.loads(await asyncio.wait_for(socket.recv(), SOON))
                assert said["type"] == "connection"
