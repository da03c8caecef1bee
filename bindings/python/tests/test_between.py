"""What answers in between: a proxy, a page, a server of another kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from conftest import token

import pamlink
from pamlink import tcp
from pamlink import websockets as transport
from pamlink.transports import Dialer

DIALERS = {"tcp": tcp.dial, "websockets": transport.dial}


@asynccontextmanager
async def answering(answer: str) -> AsyncIterator[str]:
    """The URL of something that answers every opening request so."""

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {answer}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answered, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"ws://{host}:{port}/api/v1/pam/ws/ann"
    finally:
        server.close()


@pytest.mark.parametrize("dialer", DIALERS)
@pytest.mark.parametrize(
    ("answer", "class_", "status", "reason"),
    [
        ("505 No\r\nContent-Length: 5\r\n\r\nnginx", "setup", 505, "nginx"),
        ("501 No\r\nContent-Length: 0\r\n\r\n", "setup", 501, ""),
        ("426 No\r\nContent-Length: 7\r\n\r\nno\nway!", "setup", 426, "no"),
        ("301 No\r\nLocation: ws://h/x\r\nContent-Length: 0\r\n\r\n", "setup", 301,
         "Location: ws://h/x"),
        ("200 OK\r\nContent-Length: 6\r\n\r\n<html>", "setup", 200, "<html>"),
        ("414 No\r\nContent-Length: 8\r\n\r\ntoken=ab", "setup", 414, "token=***"),
        ("431 No\r\nContent-Length: 0\r\n\r\n", "setup", 431, ""),
        ("400 No\r\nContent-Length: 0\r\n\r\n", "setup", 400, ""),
        ("401 No\r\nContent-Length: 5\r\n\r\nproxy", "authentication", 401, "proxy"),
        ("407 No\r\nContent-Length: 0\r\n\r\n", "authentication", 407, ""),
    ],
)
async def test_a_fault_of_the_setup_ends_it_and_says_what_was_answered(
    dialer: str, answer: str, class_: str, status: int, reason: str
) -> None:
    dial: Dialer = DIALERS[dialer]
    async with answering(answer) as url:
        async with pamlink.Client(url, token=token(), dial=dial) as client:
            events = [event async for event in client]
    stopped = events[-1]
    assert isinstance(stopped, pamlink.Stopped)
    assert (stopped.class_, stopped.status, stopped.reason) == (class_, status, reason)
    assert stopped.cause == f"answered: HTTP {status}" + (f": {reason}" if reason else "")
    closed = [event for event in events if isinstance(event, pamlink.Closed)][-1]
    assert (closed.status, closed.cause) == (status, stopped.cause)
    changed = [event for event in events if isinstance(event, pamlink.StateChanged)][-1]
    assert changed.cause == stopped.cause


@pytest.mark.parametrize("dialer", DIALERS)
async def test_what_is_not_found_is_tried_again_slowly_and_reported(dialer: str) -> None:
    answer = "404 No\r\nRetry-After: 40\r\nContent-Length: 10\r\n\r\nno backend"
    async with answering(answer) as url:
        # Where `pamlink.v1` was refused, `pam` is tried at once.
        options = pamlink.ClientOptions(v1=False)
        dial = DIALERS[dialer]
        async with pamlink.Client(url, token=token(), options=options, dial=dial) as client:
            async for event in client:
                if isinstance(event, pamlink.Retrying):
                    break
    assert isinstance(event, pamlink.Retrying) and 40 <= event.after <= 50
    assert (event.class_, event.status, event.code) == ("not_found", 404, None)
    assert event.cause == "answered: HTTP 404: no backend"


@pytest.mark.parametrize("dialer", DIALERS)
@pytest.mark.parametrize("answer", ["", "101 Switching Protocols\r\nUpgr"])
async def test_an_answer_that_is_cut_is_no_answer_and_stops_nobody(
    dialer: str, answer: str
) -> None:
    async with answering(answer) as url:
        async with pamlink.Client(url, token=token(), dial=DIALERS[dialer]) as client:
            async for event in client:
                if isinstance(event, (pamlink.Retrying, pamlink.Stopped)):
                    break
    assert isinstance(event, pamlink.Retrying) and event.class_ == "network", event


@pytest.mark.parametrize("dialer", DIALERS)
async def test_a_server_that_is_not_there_is_named(dialer: str) -> None:
    async with answering("") as url:
        pass
    async with pamlink.Client(url, token=token(), dial=DIALERS[dialer]) as client:
        async for event in client:
            if isinstance(event, pamlink.Retrying):
                break
    assert isinstance(event, pamlink.Retrying)
    assert event.status is None and event.cause.startswith("dial: ")
