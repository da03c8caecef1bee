"""A user's program, for type checkers alone: strict ones find nothing to say about it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta, timezone
from typing import assert_never, assert_type

import anthropic
import fastapi
import openai
import prometheus_client
from anthropic.lib.streaming import ParsedMessageStreamEvent
from anthropic.types import MessageParam
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent

import pamlink
from pamlink import events, inputs, logs, memory, outputs, sansio, tcp
from pamlink.prometheus import EngineCollector
from pamlink.starlette import HubMiddleware, bearer, endpoint, lifespan
from pamlink.transports import ByteTransport, MessageTransport, Target, Transport, TransportClosed


async def provider(need: pamlink.Need) -> pamlink.Token:
    if need == "rejected":
        raise pamlink.TokenDenied("logged out")
    return pamlink.Token("secret", datetime.now(timezone.utc) + timedelta(hours=1))


async def chat() -> None:
    options = pamlink.ClientOptions(request_timeout=30, subprotocols=("pam",))
    async with pamlink.Client("wss://h/ws/ann", token=provider, options=options) as client:
        assert_type(client, pamlink.Client)
        outcome = await client.send("hi", agent="Trip Planner", context={"at": datetime.now()})
        match outcome:
            case pamlink.Answered(text=text):
                assert_type(text, str)
            case pamlink.Rejected(error_code=code, retry_after=wait):
                assert_type(code, str | None)
                assert_type(wait, float | None)
            case (
                pamlink.Expired() | pamlink.Unknown() | pamlink.Unsent() | pamlink.Cancelled()
            ):
                pass
            case _:
                # Nothing is left: there are six ends and no seventh.
                assert_never(outcome)
        asking = client.ask("hi")
        async for piece in asking:
            assert_type(piece, pamlink.Piece)
            print(piece.text, end="")
        assert_type(asking.answer, pamlink.Answered | None)
        try:
            await client.post({"type": "init"})
        except pamlink.BusyError as busy:
            await asyncio.sleep(busy.retry_after or 1)
        except pamlink.LinkError as error:
            assert_type(error.retryable, bool)
        async for event in client:
            assert_type(event, pamlink.Event)
            print(describe(event))


def describe(event: pamlink.Event) -> str:
    match event:
        case pamlink.StateChanged(to=pamlink.State.OPEN):
            return "open"
        case events.Message(kind="timer_expired", text=text):
            return text
        case events.Lost(count=count):
            return str(count + 1)
        case events.UnknownEvent(kind=kind, raw=raw):
            assert_type(raw, bytes)
            return str(kind)
        case other:
            return type(other).__name__


async def allowed(user: str, token: str) -> pamlink.Claims:
    if not token:
        raise pamlink.AuthError("no", code=64)
    return pamlink.Claims(user)


hub = pamlink.Hub(auth=allowed, options=pamlink.HubOptions(max_links=10))


@hub.agent("trips")
async def grow(request: pamlink.Request) -> AsyncIterator[str]:
    assert_type(request.wants_pieces, bool)
    yield request.text


@hub.default
async def answer(request: pamlink.Request) -> pamlink.Answer | pamlink.Error:
    if request.refused is not None:
        return pamlink.Error("VALIDATION_ERROR", request.refused, retry_after=1.5)
    return pamlink.Answer(request.text, ui_actions=[{"type": "reload_calendar"}])


@hub.agent("models")
async def completed(request: pamlink.Request) -> openai.AsyncStream[ChatCompletionChunk]:
    return await openai.AsyncOpenAI().chat.completions.create(
        model="m", messages=[{"role": "user", "content": request.text}], stream=True
    )


@hub.agent("responses")
def responded(request: pamlink.Request) -> Iterator[openai.Stream[ResponseStreamEvent] | str]:
    yield "One moment. "
    yield openai.OpenAI().responses.create(model="m", input=request.text, stream=True)


@hub.agent("messages")
async def spoken(request: pamlink.Request) -> AsyncIterator[ParsedMessageStreamEvent[None]]:
    client = anthropic.AsyncAnthropic()
    asked: list[MessageParam] = [{"role": "user", "content": request.text}]
    async with client.messages.stream(model="m", max_tokens=9, messages=asked) as stream:
        async for event in stream:
            yield event


@hub.agent("mappings")
async def mapped(request: pamlink.Request) -> AsyncIterator[dict[str, object]]:
    yield {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}}


app = fastapi.FastAPI(lifespan=lifespan(hub, spread=2.5))
app.add_middleware(HubMiddleware, hub=hub)
app.add_api_websocket_route("/again/{user_id:path}", endpoint(hub))
verified = bearer(sansio.TokenVerifier(pamlink.HS256(b"secret")))


@app.get("/me")
async def me(claims: sansio.VerifiedToken = fastapi.Depends(verified)) -> str:
    assert_type(hub.push("ann", {"type": "news"}), pamlink.Pushed)
    return claims.subject


class Socket:
    """A transport of one's own."""

    async def send(self, text: str, /) -> None:
        print(text)

    async def receive(self) -> str | bytes:
        raise TransportClosed(1000)

    async def close(self, code: int | None = None, reason: str = "", /) -> None:
        print(code, reason)


async def dial(target: Target) -> Transport:
    socket: MessageTransport = Socket()
    return socket


def one_step() -> None:
    engine = sansio.HubEngine(seed=bytes(32))
    step = engine.step(0, 0, [inputs.AcceptOpened(None, None, False, "ann", subject="ann")])
    assert_type(step, sansio.Step)
    for record in step.records:
        match record:
            case outputs.Accepted(link=link):
                assert_type(link, int)
            case events.Request(user=user):
                assert_type(user, str)
            case _:
                pass


async def main() -> None:
    logs.attach(hub, logging.getLogger("app"))
    prometheus_client.REGISTRY.register(EngineCollector(hub, {"node": "1"}))
    here, there = memory.pair()
    transport: ByteTransport = here
    async with hub, await tcp.listen(hub, "127.0.0.1", 0):
        await hub.serve(there)
        await transport.close()
        async for event in hub:
            assert_type(event, pamlink.HubEvent)
    assert_type(pamlink.encode({1, 2}), str)
    client = pamlink.Client("ws://h/ws/ann", dial=dial)
    await client.close()
