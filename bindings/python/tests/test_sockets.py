"""Clients and hubs over real sockets on loopback: asyncio, `websockets`, Starlette under uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import fastapi
import httpx
import pytest
import websockets.asyncio.client
import websockets.exceptions
from conftest import KEYS, PATH, PLENTY, SOON, provider, serving, take, token, until
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

import pamlink
from pamlink import Claims, Client, ClientOptions, Hub, HubOptions, Request, tcp
from pamlink import websockets as transport
from pamlink.sansio import TokenVerifier, VerifiedToken
from pamlink.starlette import HubMiddleware, bearer, endpoint, lifespan, serve

DIALERS = [pytest.param(tcp.dial, id="asyncio"), pytest.param(transport.dial, id="websockets")]


async def echo(request: Request) -> str:
    return f"{request.user}: {request.text}"


async def grow(request: Request) -> AsyncIterator[str]:
    for word in request.text.split():
        yield word + " "
        await asyncio.sleep(0)


def app_of(hub: Hub, by: str = "route", **options: Any) -> Any:
    app = fastapi.FastAPI(lifespan=lifespan(hub, signals=False, **options))
    if by == "route":
        app.add_api_websocket_route(PATH + "{user_id:path}", endpoint(hub))
    elif by == "middleware":
        app.add_middleware(HubMiddleware, hub=hub)
    else:
        return HubMiddleware(app, hub=hub)
    return app


WAYS = ["route", "middleware", "around the app"]


def client_of(address: str, user: str = "ann", **options: Any) -> Client:
    options.setdefault("token", provider(user))
    return Client(f"ws://{address}{PATH}{user}", **options)


@pytest.mark.parametrize("by", WAYS)
@pytest.mark.parametrize("dial", DIALERS)
async def test_a_client_talks_to_an_app_of_fastapi(dial: Any, by: str) -> None:
    async with serving(app_of(Hub(grow, auth=KEYS), by)) as address:
        async with client_of(address, dial=dial) as client:
            pieces = [piece.text async for piece in client.ask("one two three")]
            assert "".join(pieces) == "one two three "
            outcome = await client.send("é漢👩 " * 500)
            assert isinstance(outcome, pamlink.Answered)
            assert outcome.text.split() == ["é漢👩"] * 500
        assert client.state is pamlink.State.CLOSED
        events = [event async for event in client]
        closed = next(event for event in events if isinstance(event, pamlink.Closed))
        assert closed.clean and closed.code == 1000


async def test_an_app_knows_how_large_a_message_its_peer_takes() -> None:
    options = pamlink.ClientOptions(max_message_bytes=2_048)
    async with serving(app_of(Hub(echo, auth=KEYS))) as address:
        async with client_of(address, options=options) as client:
            # The text of an answer goes out twice.
            outcome = await client.send("x" * 1_200)
            assert isinstance(outcome, pamlink.Rejected), outcome
            assert outcome.error_code == "MESSAGE_TOO_LARGE" and "2048" in outcome.message
            assert isinstance(await client.send("hi"), pamlink.Answered)


@pytest.mark.parametrize("dial", DIALERS)
async def test_a_client_talks_to_a_hub_that_listens_by_itself(dial: Any) -> None:
    def respond(request: pamlink.HttpRequest) -> tuple[int, str, bytes]:
        assert "host: 127.0.0.1" in request.headers.lower()
        return 200, "text/plain", f"{request.method} {request.target}".encode()

    async with Hub(echo, auth=KEYS, respond=respond) as hub:
        server = await tcp.listen(hub, "127.0.0.1", 0)
        async with server:
            address = "127.0.0.1:%d" % server.sockets[0].getsockname()[1]
            async with client_of(address, dial=dial) as client:
                outcome = await client.send("hi")
                assert isinstance(outcome, pamlink.Answered) and outcome.text == "ann: hi"
            async with httpx.AsyncClient() as http:
                response = await http.get(f"http://{address}/health")
                assert (response.status_code, response.text) == (200, "GET /health")


@pytest.mark.parametrize("dial", [tcp.dialer, transport.dialer], ids=["asyncio", "websockets"])
async def test_tls_is_checked(dial: Any, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        + ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext"]
        + ["subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with Hub(echo, auth=KEYS) as hub:
        server = await tcp.listen(hub, "127.0.0.1", 0, tls=served)
        async with server:
            url = "wss://127.0.0.1:%d%sann" % (server.sockets[0].getsockname()[1], PATH)
            async with Client(url, token=provider(), dial=dial(trusting)) as client:
                assert isinstance(await client.send("hi"), pamlink.Answered)
            async with Client(url, token=provider(), dial=dial()) as client:
                assert (await take(client, pamlink.Retrying)).class_ == "network"


async def test_the_wire_of_old_clients_is_kept() -> None:
    """What clients without the engine see, frame by frame, through Starlette."""
    hub = Hub(echo, auth=KEYS)
    app = Starlette(
        routes=[WebSocketRoute(PATH + "{user_id:path}", endpoint(hub))],
        lifespan=lifespan(hub, signals=False),
    )
    async with serving(app) as address:
        url = f"ws://{address}{PATH}ann"
        async with websockets.asyncio.client.connect(f"{url}?token={token()}") as socket:
            welcome = json.loads(await socket.recv())
            assert (welcome["type"], welcome["status"]) == ("connection", "connected")
            await socket.send('{"type":"ping","timestamp":1757120000123}')
            assert json.loads(await socket.recv())["type"] == "pong"
            await socket.send('{"type":"chat","user_id":"7b1e","message":"fuel so far?"}')
            answer = json.loads(await socket.recv())
            assert answer["type"] == "chat_response" and answer["error"] is False
            assert answer["message"] == answer["content"] == "ann: fuel so far?"
            assert answer["ui_actions"] == []
            await socket.send("no JSON")
            await socket.send(b"binary")
            await socket.send('{"type":"context_update","context":{}}')
            types = [json.loads(await socket.recv())["type"] for _ in range(3)]
            assert types == ["error", "error", "context_updated"]


@pytest.mark.parametrize("by", WAYS)
async def test_a_token_is_judged_after_the_upgrade_and_its_absence_before(by: str) -> None:
    async with serving(app_of(Hub(echo, auth=KEYS), by)) as address:
        url = f"ws://{address}{PATH}ann"
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
            await websockets.asyncio.client.connect(url)
        assert refused.value.response.status_code == 403
        for bad in ("", "x", token("eve"), token(seconds=-60)):
            async with websockets.asyncio.client.connect(f"{url}?token={bad}") as socket:
                with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
                    await socket.recv()
                assert closed.value.rcvd is not None and closed.value.rcvd.code == 4001
                assert len(closed.value.rcvd.reason.encode()) <= 123


async def test_a_client_whose_token_is_not_believed_stops() -> None:
    async with serving(app_of(Hub(echo, auth=KEYS))) as address:
        for dial in (tcp.dial, transport.dial):
            async with client_of(address, token=token("eve"), dial=dial) as client:
                assert await client.send("hi") == pamlink.Unsent()
                assert (await take(client, pamlink.Closed)).code == 4001


async def test_a_middleware_leaves_everything_else_to_the_app() -> None:
    app = app_of(Hub(echo, auth=KEYS), "middleware")

    @app.get(PATH + "me")
    async def me() -> str:
        return "you"

    @app.websocket("/other/{name}")
    async def other(websocket: WebSocket, name: str) -> None:
        await websocket.accept()
        await websocket.send_text(name)

    async with serving(app) as address:
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"http://{address}{PATH}me")).json() == "you"
        async with websockets.asyncio.client.connect(f"ws://{address}/other/ann") as socket:
            assert await socket.recv() == "ann"


async def test_a_middleware_is_found_behind_a_prefix_that_the_server_knows() -> None:
    app = fastapi.FastAPI()
    app.mount("/v2", app_of(hub := Hub(echo, auth=KEYS), "middleware"))
    async with hub, serving(app) as address:
        url = f"ws://{address}/v2{PATH}a%20b?token={token('a b')}"
        async with websockets.asyncio.client.connect(url) as socket:
            assert json.loads(await socket.recv())["type"] == "connection"


async def test_a_dependency_may_decide_who_it_is() -> None:
    hub = Hub(echo)
    app = fastapi.FastAPI(lifespan=lifespan(hub, signals=False))

    async def current_user(websocket: WebSocket) -> str:
        return websocket.headers.get("x-user", "nobody")

    @app.websocket(PATH + "{user_id}")
    async def pam(
        websocket: WebSocket, user_id: str, subject: str = fastapi.Depends(current_user)
    ) -> None:
        await serve(hub, websocket, user=user_id, claims=Claims(subject))

    headers = {"x-user": "ann"}
    async with serving(app) as address:
        dial = transport.dialer(additional_headers=headers)
        async with client_of(address, token=None, dial=dial) as client:
            outcome = await client.send("hi")
            assert isinstance(outcome, pamlink.Answered) and outcome.text == "ann: hi"
        async with client_of(address, "bob", token=None, dial=dial) as client:
            assert await client.send("hi") == pamlink.Unsent()


async def test_http_routes_take_the_same_tokens() -> None:
    hub = Hub(echo, auth=KEYS)
    app = app_of(hub)
    verified = bearer(TokenVerifier(KEYS))

    @app.get("/me")
    async def me(claims: VerifiedToken = fastapi.Depends(verified)) -> str:
        return claims.subject

    async with serving(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as http:
        good = await http.get("/me", headers={"authorization": f"Bearer {token()}"})
        assert (good.status_code, good.json()) == (200, "ann")
        for header, detail in (
            ({}, "missing_token"),
            ({"authorization": "Basic x"}, "missing_token"),
            ({"authorization": "Bearer x"}, "malformed"),
            ({"authorization": f"Bearer {token(seconds=-60)}"}, "expired"),
        ):
            bad = await http.get("/me", headers=header)
            assert (bad.status_code, bad.json()["detail"]) == (401, detail)
            assert bad.headers["www-authenticate"] == "Bearer"


async def test_a_hub_that_is_full_says_when_to_come_back() -> None:
    async with serving(app_of(Hub(echo, auth=KEYS, options=HubOptions(max_links=1)))) as address:
        async with client_of(address) as client:
            await take(client, pamlink.Welcomed)
            url = f"ws://{address}{PATH}bob?token={token('bob')}"
            async with websockets.asyncio.client.connect(url) as socket:
                with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
                    await socket.recv()
                assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013


class Proxy:
    """A way to a server that may be cut."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.partition(":")
        self._port = int(port)
        self._writers: set[asyncio.StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        async with server:
            yield "127.0.0.1:%d" % server.sockets[0].getsockname()[1]
            self.cut()

    def cut(self) -> int:
        """Drops every connection, with whatever is under way."""
        cut = len(self._writers) // 2
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        return cut

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection(self._host, self._port)
        self._writers |= {writer, here}
        await asyncio.gather(
            self._pump(reader, here), self._pump(there, writer), return_exceptions=True
        )

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()


@pytest.mark.parametrize("dial", DIALERS)
async def test_with_cuts_everything_arrives_once_and_in_order(dial: Any) -> None:
    done: list[str] = []

    async def work(request: Request) -> str:
        done.append(request.text)
        await asyncio.sleep(0.003)
        return request.text

    hub = Hub(work, auth=KEYS, options=PLENTY)
    async with serving(app_of(hub)) as address:
        proxy = Proxy(address)
        async with proxy.running() as way:
            options = ClientOptions(backoff_cap=0.2)
            async with client_of(way, dial=dial, options=options, buffer=4_096) as client:
                cuts = 0

                async def cut() -> None:
                    nonlocal cuts
                    while True:
                        await asyncio.sleep(0.15)
                        cuts += proxy.cut()
                        client.network_changed()

                cutting = asyncio.create_task(cut())
                texts = [str(number) for number in range(150)]
                answers = []
                for text in texts:
                    outcome = await asyncio.wait_for(client.send(text), SOON)
                    assert isinstance(outcome, pamlink.Answered), outcome
                    answers.append(outcome.text)
                cutting.cancel()
                assert cuts >= 2
                assert answers == texts and done == texts


async def test_many_requests_at_once_survive_cuts() -> None:
    done: list[str] = []

    async def work(request: Request) -> str:
        done.append(request.text)
        await asyncio.sleep(0.01)
        return request.text

    hub = Hub(work, auth=KEYS, options=PLENTY)
    async with serving(app_of(hub)) as address:
        proxy = Proxy(address)
        async with proxy.running() as way:
            options = ClientOptions(backoff_cap=0.2, max_requests=64)
            async with client_of(way, options=options) as client:
                for turn in range(6):
                    texts = [f"{turn}.{number}" for number in range(25)]
                    asked = [asyncio.create_task(client.send(text)) for text in texts]
                    await asyncio.sleep(0.01 * turn)
                    proxy.cut()
                    client.network_changed()
                    outcomes = await asyncio.wait_for(asyncio.gather(*asked), SOON)
                    assert [getattr(it, "text", it) for it in outcomes] == texts
    assert sorted(done) == sorted(set(done)) and len(done) == 150


SERVER = """
import asyncio, sys
import fastapi, uvicorn
import pamlink
from pamlink.starlette import endpoint, lifespan

async def answer(request):
    print("begun", flush=True)
    await asyncio.sleep(0.5)
    return "done"

hub = pamlink.Hub(answer, auth=pamlink.HS256(sys.argv[1].encode()))
app = fastapi.FastAPI(lifespan=lifespan(hub, spread=2.0))
app.add_api_websocket_route("/api/v1/pam/ws/{user_id:path}", endpoint(hub))

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)

Server(uvicorn.Config(app, port=0, log_level="warning", ws_ping_interval=None)).run()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_that_ends_sends_its_links_away_first(number: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", SERVER, KEYS.secret.decode(), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = int(await asyncio.wait_for(process.stdout.readline(), SOON))
        async with client_of(f"127.0.0.1:{port}", dial=transport.dial) as client:
            asked = asyncio.create_task(client.send("hi"))
            assert await asyncio.wait_for(process.stdout.readline(), SOON) == b"begun\n"
            process.send_signal(number)
            outcome = await asyncio.wait_for(asked, SOON)
            assert isinstance(outcome, pamlink.Answered) and outcome.text == "done"
            closed = await take(client, pamlink.Closed)
            assert (closed.code, closed.class_) == (1012, "server_unavailable")
            # It was told within which time to come back.
            assert 0 < (await take(client, pamlink.Retrying)).after <= 3.0
        await asyncio.wait_for(process.wait(), SOON)
        assert process.returncode in (0, -number)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


# The server in Rust.

BINARY = os.environ.get("PAMLINK") or str(
    Path(__file__).parents[3] / "target" / "debug" / "pamlink"
)


@contextlib.asynccontextmanager
async def pamlink_serve() -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        BINARY, "serve", "--dev", "--listen", "127.0.0.1:0", stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        while line := (await asyncio.wait_for(process.stdout.readline(), SOON)).decode():
            if "127.0.0.1:" in line:
                yield "127.0.0.1:" + line.split("127.0.0.1:")[1].split("/")[0].split()[0]
                break
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), SOON)


@pytest.mark.parametrize("dial", DIALERS)
async def test_a_client_talks_to_the_server_in_rust(dial: Any) -> None:
    async with pamlink_serve() as address:
        async with httpx.AsyncClient() as http:
            response = await http.get(f"http://{address}/dev/token?user=ann")
            given = response.json()["token"]
        async with Client(f"ws://{address}{PATH}ann", token=given, dial=dial) as client:
            outcome = await client.send("plan a trip to the coast")
            assert isinstance(outcome, pamlink.Answered), outcome
            assert outcome.text == "Trip Planner (Mapping Module): plan a trip to the coast"
            pieces = [piece async for piece in client.ask("what is left of my budget?")]
            assert pieces and not any(piece.restart for piece in pieces)
            await until(lambda: client.state is pamlink.State.OPEN)
