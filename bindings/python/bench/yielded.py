"""A token from the `yield` of a handler to the bytes of a transport, beside what is written by hand with
FastAPI: `await websocket.send_text(json.dumps(...))`.

All of it in this process, on transports that only count: from the first token to the last byte of the
answer there is the handler, the loop and the server (uvicorn, or the hub's own), and no system call.
Before each token the handler lets the loop have a turn, as one does that waits for a model.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable
from time import perf_counter_ns
from typing import Any, cast

import uvicorn
from fastapi import FastAPI, WebSocket
from pamlink import HS256, Hub, HubOptions, Request, outputs, tcp
from pamlink.sansio import ClientEngine, Input, inputs, mono_nanos, sign_token, wall_micros
from pamlink.starlette import HubMiddleware
from rows import Rows, middle
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.server import ServerState

TOKENS = 500
"""Tokens of an answer."""
TOKEN = "twenty bytes of it. "
TOGETHER = 16
"""Answers that grow at the same time, each over a connection of its own."""
TURNS = 30
"""Turns of the loop in which whatever was given is done."""
SECRET = bytes(range(32))
PATH = "/api/v1/pam/ws/"


class Clock:
    """When the first token was yielded, and when the last byte was written."""

    def __init__(self) -> None:
        self.reset(1)

    def reset(self, answers: int) -> None:
        """Begins anew, for so many answers."""
        self.first = self.last = 0
        self.running = answers
        self.ended = asyncio.Event()


async def tokens(clock: Clock) -> AsyncIterator[str]:
    """What a model would bring."""
    for _ in range(TOKENS):
        await asyncio.sleep(0)
        clock.first = clock.first or perf_counter_ns()
        yield TOKEN
    clock.running -= 1
    if clock.running == 0:
        clock.ended.set()


class Sink(asyncio.Transport):
    """A transport whose peer takes everything at once."""

    def __init__(self, clock: Clock) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self._clock = clock
        self._protocol: asyncio.BaseProtocol | None = None
        self.written = bytearray()

    def connect(self, protocol: asyncio.Protocol) -> None:
        self._protocol = protocol
        protocol.connection_made(self)

    def receive(self, data: bytes) -> None:
        """Bytes that the peer has sent."""
        cast(asyncio.Protocol, self._protocol).data_received(data)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data
        self._clock.last = perf_counter_ns()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self._protocol is not None
        return self._protocol

    def is_closing(self) -> bool:
        return self._protocol is None

    def close(self) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            asyncio.get_running_loop().call_soon(protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0


class Peer:
    """What is at the other end of a sink."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    async def open(self) -> None:
        """Opens the connection."""
        raise NotImplementedError

    def ask(self) -> None:
        """Asks for an answer."""
        raise NotImplementedError

    def check(self) -> None:
        """Takes what was written, which is to be an answer."""
        raise NotImplementedError


class Engine(Peer):
    """A client of the engine, at a hub."""

    def __init__(self, sink: Sink, user: str) -> None:
        super().__init__(sink)
        self._user = user
        url = f"ws://127.0.0.1{PATH}{user}"
        self._engine = ClientEngine(url, mono_nanos=mono_nanos(), wall_micros=wall_micros())
        self._grown = self._answers = 0

    async def open(self) -> None:
        token = sign_token(SECRET, self._user, wall_micros() + 3_600_000_000)
        self._step(inputs.Connect(), inputs.Token(None, token), inputs.Dialed())
        for _ in range(TURNS):
            await asyncio.sleep(0)
            self._read()

    def ask(self) -> None:
        self._grown = self._answers = 0
        self._step(inputs.Ask(True, "fuel so far?"))

    def check(self) -> None:
        self._read()
        assert self._answers == 1, f"{self._answers} answers"
        assert self._grown == TOKENS * len(TOKEN), f"{self._grown} bytes of pieces"

    def _read(self) -> None:
        data = bytes(self.sink.written)
        self.sink.written.clear()
        if data:
            self._step(inputs.BytesIn(0, data))

    def _step(self, *records: Input) -> None:
        for it in self._engine.step(mono_nanos(), wall_micros(), records).records:
            match it:
                case outputs.WriteBytes(bytes=data):
                    self.sink.receive(data)
                    self._step(inputs.Written(0))
                case outputs.Piece(text=text):
                    self._grown += len(text)
                case outputs.Answer(rest=rest):
                    self._grown += len(rest or "")
                    self._answers += 1
                case _:
                    pass


class ByHand(Peer):
    """A client that was written by hand, at an app with FastAPI."""

    async def open(self) -> None:
        self.sink.receive(
            f"GET {PATH}ann HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        for _ in range(TURNS):
            await asyncio.sleep(0)
        assert self.sink.written.startswith(b"HTTP/1.1 101"), bytes(self.sink.written[:99])
        self.sink.written.clear()

    def ask(self) -> None:
        text = b'{"type":"chat","id":"1","message":"fuel so far?"}'
        # Masked with zeros.
        self.sink.receive(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)

    def check(self) -> None:
        # Each token in a piece and in the answer.
        count = self.sink.written.count(TOKEN.encode())
        assert count == 2 * TOKENS, f"{count} tokens"
        self.sink.written.clear()


class Answers:
    """Connections to a server, over which answers grow at the same time."""

    def __init__(self, peers: list[Peer], clock: Clock) -> None:
        self._peers, self._clock = peers, clock

    async def a_token(self) -> float:
        """Nanoseconds of a token."""
        self._clock.reset(len(self._peers))
        gc.collect()
        gc.disable()
        for peer in self._peers:
            peer.ask()
        await self._clock.ended.wait()
        # The end of the last answer.
        for _ in range(TURNS):
            await asyncio.sleep(0)
        gc.enable()
        for peer in self._peers:
            peer.check()
        return (self._clock.last - self._clock.first) / (TOKENS * len(self._peers))


def hub_of(clock: Clock) -> Hub:
    """A hub whose answers are tokens."""
    hub = Hub(auth=HS256(SECRET), options=HubOptions(messages_per_minute=10_000_000))

    @hub.default
    async def grow(request: Request) -> AsyncIterator[str]:
        async for token in tokens(clock):
            yield token

    return hub


def app_of(clock: Clock) -> FastAPI:
    """What is written by hand."""
    app = FastAPI()

    @app.websocket(PATH + "{user}")
    async def pam(websocket: WebSocket, user: str) -> None:
        await websocket.accept()
        while True:
            chat = json.loads(await websocket.receive_text())
            texts = list[str]()
            async for token in tokens(clock):
                texts.append(token)
                piece = {"type": "chat_response_delta", "content": token, "reply_to": chat["id"]}
                await websocket.send_text(json.dumps(piece))
            answer = {"type": "chat_response", "content": "".join(texts), "reply_to": chat["id"]}
            await websocket.send_text(json.dumps(answer))

    return app


def under_uvicorn(app: Any) -> Callable[[], asyncio.Protocol]:
    """What makes the protocol of a connection that uvicorn takes."""
    config = uvicorn.Config(app, log_level="critical", ws_ping_interval=None, lifespan="off")
    config.load()
    state = ServerState()
    # Which of two classes it is depends on what is installed.
    kind: Any = AutoHTTPProtocol

    def made() -> asyncio.Protocol:
        protocol: asyncio.Protocol = kind(config=config, server_state=state, app_state={})
        return protocol

    return made


async def measured(rounds: int) -> dict[str, float]:
    """The median nanoseconds of a token, of each server with so many answers at a time."""
    clock = Clock()
    hub = hub_of(clock)
    app = FastAPI()
    app.add_middleware(HubMiddleware, hub=hub)
    servers: dict[str, tuple[Callable[[], asyncio.Protocol], bool]] = {
        "FastAPI": (under_uvicorn(app_of(clock)), False),
        "uvicorn": (under_uvicorn(app), True),
        "tcp": (lambda: tcp._Connection(hub, False), True),
    }
    contenders: dict[str, Answers] = {}
    async with hub:
        for name, (made, has_engine) in servers.items():
            for count in (1, TOGETHER):
                peers = list[Peer]()
                for at in range(count):
                    sink = Sink(clock)
                    sink.connect(made())
                    user = f"{name}-{count}-{at}"
                    peers.append(Engine(sink, user) if has_engine else ByHand(sink))
                    await peers[-1].open()
                contenders[f"{name} {count}"] = Answers(peers, clock)
        figures: dict[str, list[float]] = {name: [] for name in contenders}
        names = list(contenders)
        for turn in range(rounds + 1):
            for at in range(len(names)):
                name = names[(at + turn) % len(names)]
                nanos = await contenders[name].a_token()
                if turn > 0:
                    figures[name].append(nanos)
    return {name: middle(all_) for name, all_ in figures.items()}


def add(rows: Rows, quick: bool) -> None:
    """Adds the rows."""
    nanos = asyncio.run(measured(3 if quick else 15))
    micros = {name: value / 1e3 for name, value in nanos.items()}
    for server in ("uvicorn", "tcp"):
        shown = "under uvicorn" if server == "uvicorn" else "by `pamlink.tcp`"
        for count, how in ((1, "alone"), (TOGETHER, f"{TOGETHER} answers at once")):
            peer = ("FastAPI, `send_text(json.dumps(...))`", micros[f"FastAPI {count}"])
            name = f"a token from `yield` to bytes {shown}, {how}"
            rows.add(name, micros[f"{server} {count}"], "us", beside=peer, at_most=0.3)
