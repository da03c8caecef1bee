"""Compression over bytes: with the package `websockets` at the other end, and between our own."""

from __future__ import annotations

import json

import pytest
import websockets.asyncio.client
import websockets.asyncio.server
from conftest import KEYS, PATH, connected, token

from pamlink import Answered, Client, ClientOptions, Hub, HubOptions, Request, memory, tcp

LONG = "You spent 42.10 on fuel in March, 39.80 in April and 44.60 in May. " * 4


async def echo(request: Request) -> str:
    return request.text


@pytest.mark.parametrize("compression", [False, True])
async def test_a_hub_compresses_with_a_client_of_websockets(compression: bool) -> None:
    options = HubOptions(compression=compression, max_compressors=1)
    async with Hub(echo, auth=KEYS, options=options) as hub:
        server = await tcp.listen(hub, "127.0.0.1", 0)
        async with server:
            url = "ws://127.0.0.1:%d%sann?token=%s"
            url %= (server.sockets[0].getsockname()[1], PATH, token())
            # It always offers.
            async with websockets.asyncio.client.connect(url) as socket:
                names = [extension.name for extension in socket.protocol.extensions]
                assert names == ["permessage-deflate"] * compression
                assert json.loads(await socket.recv())["type"] == "connection"
                for _ in range(3):
                    await socket.send(json.dumps({"type": "chat", "message": LONG + token()}))
                    assert LONG in json.loads(await socket.recv())["message"]


@pytest.mark.parametrize("compression", [False, True])
async def test_a_client_compresses_with_a_server_of_websockets(compression: bool) -> None:
    seen = []

    async def serve(socket: websockets.asyncio.server.ServerConnection) -> None:
        seen.append([extension.name for extension in socket.protocol.extensions])
        await socket.send(json.dumps({"type": "connection", "features": ["reply_to"]}))
        async for text in socket:
            asked = json.loads(text)
            answer = {"type": "chat_response", "message": asked["message"], "reply_to": asked["id"]}
            await socket.send(json.dumps(answer))

    options = ClientOptions(compression=compression, v1=False)
    async with websockets.asyncio.server.serve(serve, "127.0.0.1", 0) as server:
        url = "ws://127.0.0.1:%d/ws" % next(iter(server.sockets)).getsockname()[1]
        async with Client(url, options=options, dial=tcp.dial) as client:
            for _ in range(3):
                outcome = await client.send(LONG)
                assert isinstance(outcome, Answered) and outcome.text == LONG
    assert seen == [["permessage-deflate"] * compression]


async def test_what_is_compressed_takes_less_of_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    written = 0
    write = memory.Pipe.write

    async def counting(pipe: memory.Pipe, data: bytes) -> None:
        nonlocal written
        written += len(data)
        await write(pipe, data)

    monkeypatch.setattr(memory.Pipe, "write", counting)
    sizes = []
    for compression in (False, True):
        ours, theirs = ClientOptions(compression=compression), HubOptions(compression=compression)
        async with (
            Hub(echo, auth=KEYS, options=theirs) as hub,
            connected(hub, options=ours) as (client, _),
        ):
            await client.send("hi")
            before = written
            outcome = await client.send(LONG)
            assert isinstance(outcome, Answered) and outcome.text == LONG
            sizes.append(written - before)
    plain, compressed = sizes
    assert compressed < plain / 2, sizes
