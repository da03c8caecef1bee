"""The streams of models' clients as answers: with the real packages against a server on loopback that
speaks as their services do, and with what comes in between made by hand."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import anthropic
import openai
import pytest
from anthropic import AsyncMessageStream
from anthropic.types import RawMessageStreamEvent
from conftest import KEYS, PLENTY, SOON, connected, serving, until
from model_services import (
    RESPONSE,
    Script,
    Service,
    Services,
    completion,
    grows,
    responded,
    says,
    spoken,
)
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent

import pamlink
from pamlink import Hub, Request
from pamlink.replies import Handler, ModelEvent

ASKED: Any = [{"role": "user", "content": "hi"}]
COMPLETION: Any = {"model": "m", "messages": ASKED}
RESPOND: Any = {"model": "m", "input": "hi", "stream": True}
MESSAGES: Any = {"model": "m", "max_tokens": 9, "messages": ASKED}


async def completions(services: Services) -> Handler:
    client = await services.openai()

    async def answer(request: Request) -> openai.AsyncStream[ChatCompletionChunk]:
        return await client.chat.completions.create(**COMPLETION, stream=True)

    return answer


async def completions_in_a_thread(services: Services) -> Handler:
    client = services.plain_openai()

    def answer(request: Request) -> openai.Stream[ChatCompletionChunk]:
        return client.chat.completions.create(**COMPLETION, stream=True)

    return answer


async def completions_helped(services: Services) -> Handler:
    client = await services.openai()

    async def answer(request: Request) -> AsyncIterator[ModelEvent]:
        async with client.chat.completions.stream(**COMPLETION) as stream:
            async for event in stream:
                yield event

    return answer


async def responses(services: Services) -> Handler:
    client = await services.openai()

    async def answer(request: Request) -> openai.AsyncStream[ResponseStreamEvent]:
        return await client.responses.create(**RESPOND)

    return answer


async def responses_in_a_thread(services: Services) -> Handler:
    client = services.plain_openai()

    def answer(request: Request) -> Iterator[openai.Stream[ResponseStreamEvent]]:
        yield client.responses.create(**RESPOND)

    return answer


async def messages(services: Services) -> Handler:
    client = await services.anthropic()

    async def answer(request: Request) -> anthropic.AsyncStream[RawMessageStreamEvent]:
        return await client.messages.create(**MESSAGES, stream=True)

    return answer


async def messages_in_a_thread(services: Services) -> Handler:
    client = services.plain_anthropic()

    def answer(request: Request) -> anthropic.Stream[RawMessageStreamEvent]:
        return client.messages.create(**MESSAGES, stream=True)

    return answer


async def messages_helped(services: Services) -> Handler:
    client = await services.anthropic()

    async def answer(request: Request) -> AsyncIterator[AsyncMessageStream[Any]]:
        async with client.messages.stream(**MESSAGES) as stream:
            yield stream

    return answer


@contextlib.asynccontextmanager
async def answering(
    service: Service, way: Callable[[Services], Awaitable[Handler]]
) -> AsyncIterator[pamlink.Client]:
    """A client of a hub whose handler has a client of a service."""
    async with contextlib.AsyncExitStack() as opened:
        address = await opened.enter_async_context(serving(service.app))
        handler = await way(Services(f"http://{address}", opened))
        hub = Hub(handler, auth=KEYS, options=PLENTY)
        await opened.enter_async_context(hub)
        client, _ = await opened.enter_async_context(connected(hub))
        yield client


TOOL = {"index": 0, "id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ANSWERS: dict[str, Script] = {
    "completions": completion(
        {"role": "assistant", "content": ""},
        {"content": "40 "},
        {"tool_calls": [TOOL]},
        {"content": "left"},
    ),
    "responses": responded(
        {"type": "response.in_progress", "response": RESPONSE},
        grows("40 "),
        {"type": "response.reasoning_text.delta", "delta": "hm"},
        {"type": "response.function_call_arguments.delta", "delta": "{}"},
        grows("left"),
        {"type": "response.output_text.done", "text": "40 left"},
    ),
    "messages": spoken(
        says("40 "), {"type": "thinking_delta", "thinking": "hm"}, says("left")
    ),
}
# How much of it there is up to its first text.
CUT = {"completions": 2, "responses": 3, "messages": 4}
WAYS = [
    (completions, "completions"),
    (completions_in_a_thread, "completions"),
    (completions_helped, "completions"),
    (responses, "responses"),
    (responses_in_a_thread, "responses"),
    (messages, "messages"),
    (messages_in_a_thread, "messages"),
    (messages_helped, "messages"),
]
every_way = pytest.mark.parametrize("way, api", WAYS, ids=[way.__name__ for way, _ in WAYS])


@every_way
async def test_the_stream_of_a_client_is_an_answer(way: Any, api: str) -> None:
    service = Service()
    service.script = ANSWERS[api]
    async with answering(service, way) as client:
        assert "".join([piece.text async for piece in client.ask("hi")]) == "40 left"
        whole = await asyncio.wait_for(client.send("hi"), SOON)
        assert isinstance(whole, pamlink.Answered) and whole.text == "40 left"


@every_way
async def test_a_cancel_closes_the_connection_to_the_model(way: Any, api: str) -> None:
    service = Service()
    service.script = ANSWERS[api][: CUT[api]]
    service.waits = True
    # Who reads in a thread comes out of it with the next event.
    service.repeats = "thread" in way.__name__
    async with answering(service, way) as client:
        answer = client.ask("hi")
        assert (await asyncio.wait_for(anext(answer), SOON)).text.startswith("40 ")
        await answer.cancel()
        await until(lambda: service.left == 1)


@every_way
async def test_a_hub_that_ends_closes_the_connection_to_the_model(way: Any, api: str) -> None:
    service = Service()
    service.script = ANSWERS[api][: CUT[api]]
    service.waits, service.repeats = True, "thread" in way.__name__
    async with contextlib.AsyncExitStack() as opened:
        address = await opened.enter_async_context(serving(service.app))
        handler = await way(Services(f"http://{address}", opened))
        async with Hub(handler, auth=KEYS, options=PLENTY) as hub, connected(hub) as (client, _):
            answer = client.ask("hi")
            await asyncio.wait_for(anext(answer), SOON)
            await hub.close()
            await until(lambda: service.left == 1)
            answer.detach()


REFUSALS: dict[str, tuple[Any, Script, str]] = {
    "completions": (
        completions,
        completion({"content": "I "}, {"refusal": "I will "}, {"refusal": "not."}),
        "I will not.",
    ),
    "completions, filtered": (
        completions,
        completion({"content": "I "}, finish_reason="content_filter"),
        "The model refused to answer.",
    ),
    "completions, helped": (
        completions_helped,
        completion({"refusal": "I will "}, {"refusal": "not."}),
        "I will not.",
    ),
    "responses": (
        responses,
        responded(
            {"type": "response.refusal.delta", "delta": "I will "},
            {"type": "response.refusal.delta", "delta": "not."},
        ),
        "I will not.",
    ),
    "responses, filtered": (
        responses,
        responded(
            grows("I "),
            end={
                "type": "response.incomplete",
                "response": RESPONSE | {"incomplete_details": {"reason": "content_filter"}},
            },
        ),
        "The model refused to answer.",
    ),
    "messages": (messages, spoken(says("I "), stop="refusal"), "The model refused to answer."),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_model_that_refuses_ends_the_answer_as_refused(name: str) -> None:
    service = Service()
    way, service.script, why = REFUSALS[name]
    async with answering(service, way) as client:
        outcome = await asyncio.wait_for(client.send("hi"), SOON)
        assert isinstance(outcome, pamlink.Rejected), outcome
        assert (outcome.error_code, outcome.message) == ("MODEL_REFUSED", why)
        with pytest.raises(pamlink.RejectedError):
            async for _ in client.ask("hi"):
                pass


OVERLOADED = {"type": "overloaded_error", "message": "too busy", "code": None}
FAILURES: dict[str, tuple[Any, Script]] = {
    "completions": (
        completions,
        [*completion({"content": "I "})[:1], (None, {"error": OVERLOADED})],
    ),
    "responses": (
        responses,
        responded(
            end={"type": "error", "code": "overloaded_error", "message": "too busy", "param": None}
        ),
    ),
    "responses, failed": (
        responses,
        responded(end={"type": "response.failed", "response": RESPONSE | {"error": OVERLOADED}}),
    ),
    "messages": (
        messages,
        [*spoken(says("I "))[:4], ("error", {"type": "error", "error": OVERLOADED})],
    ),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_model_that_fails_ends_the_answer_as_failed(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service()
    way, service.script = FAILURES[name]
    async with answering(service, way) as client:
        outcome = await asyncio.wait_for(client.send("hi"), SOON)
    assert isinstance(outcome, pamlink.Rejected), outcome
    assert outcome.error_code == "PROCESSING_ERROR" and "busy" not in outcome.json
    (record,) = (it for it in caplog.records if it.name == "pamlink.hub")
    assert record.exc_info is not None and "too busy" in str(record.exc_info[1])


# Without the packages.


async def outcome_of(handler: Handler) -> Any:
    """What a request comes to that a handler answers."""
    async with Hub(handler, auth=KEYS, options=PLENTY) as hub, connected(hub) as (client, _):
        return await asyncio.wait_for(client.send("hi"), SOON)


def as_objects(made: Any) -> Any:
    """Mappings as objects with attributes, all the way down."""
    if isinstance(made, dict):
        return SimpleNamespace(**{name: as_objects(value) for name, value in made.items()})
    return [as_objects(it) for it in made] if isinstance(made, list) else made


@pytest.mark.parametrize("shape", [lambda it: it, as_objects], ids=["mappings", "objects"])
@pytest.mark.parametrize("way", ["async", "plain"])
@pytest.mark.parametrize("api", ["completions", "responses", "messages"])
async def test_events_without_their_packages_are_pieces(api: str, way: str, shape: Any) -> None:
    events = [shape(data) for _, data in ANSWERS[api] if data != "[DONE]"]

    async def grow(request: Request) -> AsyncIterator[Any]:
        for event in events:
            yield event

    def plain(request: Request) -> Iterator[Any]:
        return iter(events)

    outcome = await outcome_of(grow if way == "async" else plain)
    assert isinstance(outcome, pamlink.Answered) and outcome.text == "40 left"


async def test_texts_and_streams_and_the_last_word_go_together() -> None:
    async def inner() -> AsyncIterator[Any]:
        for _, event in ANSWERS["messages"]:
            yield event

    async def mixes(request: Request) -> AsyncIterator[Any]:
        yield "You have "
        yield inner()
        yield iter([". ", completion({"content": "Anything else?"})[0][1]])

    async def ends(request: Request) -> AsyncIterator[Any]:
        yield inner()
        yield {"type": "chat_response", "message": "another"}
        raise AssertionError("the last word was said")

    outcome = await outcome_of(mixes)
    assert outcome.text == "You have 40 left. Anything else?"
    assert (await outcome_of(ends)).text == "another"


async def test_only_the_first_of_several_answers_is_taken() -> None:
    async def both(request: Request) -> AsyncIterator[Any]:
        for index in (0, 1, 0, 1):
            yield {"choices": [{"index": index, "delta": {"content": f"{index}"}}]}

    assert (await outcome_of(both)).text == "00"


async def test_an_error_of_the_dialect_is_a_reply_and_an_error_of_a_model_is_none() -> None:
    async def refuses(request: Request) -> AsyncIterator[Any]:
        yield {"type": "error", "error_code": "VALIDATION_ERROR", "message": "no"}

    outcome = await outcome_of(refuses)
    assert (outcome.error_code, outcome.message) == ("VALIDATION_ERROR", "no")


async def test_what_a_newer_client_adds_is_passed_over() -> None:
    async def grow(request: Request) -> AsyncIterator[Any]:
        yield SimpleNamespace(type="message_start")
        yield SimpleNamespace(type="of_tomorrow", text="none")
        yield SimpleNamespace(type="content_block_delta", delta=as_objects(says("text")))

    assert (await outcome_of(grow)).text == "text"


@dataclasses.dataclass
class Stranger:
    content: str = "a text?"
    type: str = "ai"


@pytest.mark.parametrize(
    "item, named_as",
    [
        (Stranger(), "test_models.Stranger of the type 'ai'"),
        (b"bytes", "bytes"),
        (None, "NoneType"),
        (("a", {}), "tuple"),
        ({"choices": [{"index": 0, "text": "a"}]}, "dict have no delta"),
        ({"choices": [{"delta": {"content": [{"text": "a"}]}}]}, "no text but list"),
    ],
    ids=["object", "bytes", "none", "tuple", "no stream", "no text"],
)
async def test_what_nobody_can_tell_is_named(
    item: Any, named_as: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def grow(request: Request) -> AsyncIterator[Any]:
        yield item

    outcome = await outcome_of(grow)
    assert isinstance(outcome, pamlink.Rejected) and outcome.error_code == "PROCESSING_ERROR"
    (record,) = (it for it in caplog.records if it.name == "pamlink.hub")
    assert record.exc_info is not None and named_as in str(record.exc_info[1])


async def test_a_stream_within_a_stream_within_an_answer_is_one_too_many() -> None:
    async def grow(request: Request) -> AsyncIterator[Any]:
        yield iter([iter(["a"])])

    assert isinstance(await outcome_of(grow), pamlink.Rejected)


# Closing.


class Slow:
    """A plain stream whose next item comes when it is let go, and that bears no second visitor."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.closed: list[str] = []
        self._inside = False

    def __iter__(self) -> Slow:
        return self

    def __next__(self) -> str:
        self._inside = True
        assert self.let_go.wait(SOON)
        self._inside = False
        return "late"

    def close(self) -> None:
        self.closed.append("inside" if self._inside else "alone")


async def test_a_plain_stream_is_closed_once_and_by_nobody_while_a_thread_is_inside() -> None:
    stream = Slow()

    async def answer(request: Request) -> AsyncIterator[Any]:
        yield "first"
        yield stream

    async with Hub(answer, auth=KEYS) as hub, connected(hub) as (client, _):
        asked = client.ask("hi")
        await asyncio.wait_for(anext(asked), SOON)
        await asyncio.sleep(0.05)
        await asked.cancel()
        await asyncio.sleep(0.05)
        assert stream.closed == []
        stream.let_go.set()
        await until(lambda: stream.closed)
    assert stream.closed == ["alone"]


async def test_a_plain_generator_that_was_left_is_closed_in_a_thread() -> None:
    closed: list[str] = []

    def grow(request: Request) -> Iterator[str]:
        try:
            while True:
                yield "a"
        finally:
            closed.append(threading.current_thread().name)

    async with Hub(grow, auth=KEYS) as hub, connected(hub) as (client, _):
        asked = client.ask("hi")
        await asyncio.wait_for(anext(asked), SOON)
        await asked.cancel()
        await until(lambda: closed)
    assert len(closed) == 1 and closed[0].startswith("pamlink")


async def test_the_stream_of_a_request_that_is_cancelled_while_it_is_made_is_closed() -> None:
    stream, begun = Slow(), threading.Event()

    def answer(request: Request) -> Any:
        begun.set()
        assert stream.let_go.wait(SOON)
        return stream

    async with Hub(answer, auth=KEYS) as hub, connected(hub) as (client, _):
        asked = client.ask("hi")
        reading = asyncio.create_task(anext(asked, None))
        assert await asyncio.to_thread(begun.wait, SOON)
        reading.cancel()
        await asked.cancel()
        await asyncio.sleep(0.05)
        stream.let_go.set()
        await until(lambda: stream.closed)
    assert stream.closed == ["alone"]


async def test_an_iterable_whose_iterator_is_a_generator_is_closed() -> None:
    closed = asyncio.Event()

    class Items:
        async def __aiter__(self) -> AsyncIterator[str]:
            try:
                yield "a"
                await asyncio.sleep(60)
            finally:
                closed.set()

    async def answer(request: Request) -> Items:
        return Items()

    async with Hub(answer, auth=KEYS) as hub, connected(hub) as (client, _):
        asked = client.ask("hi")
        await asyncio.wait_for(anext(asked), SOON)
        await asked.cancel()
        await asyncio.wait_for(closed.wait(), SOON)


class Open:
    """A stream that is no generator, and whose connection stays open until it is closed."""

    def __init__(self) -> None:
        self.closed = 0

    def __aiter__(self) -> Open:
        return self

    async def __anext__(self) -> str:
        return "a"


class Closes(Open):
    async def close(self) -> None:
        self.closed += 1


class ClosesLikeAGenerator(Open):
    async def aclose(self) -> None:
        self.closed += 1


class ClosesAtOnce(Open):
    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("kind", [Closes, ClosesLikeAGenerator, ClosesAtOnce])
async def test_a_stream_of_a_client_is_closed_however_its_close_is_called(kind: Any) -> None:
    stream = kind()

    async def answer(request: Request) -> Any:
        return stream

    async with Hub(answer, auth=KEYS) as hub, connected(hub) as (client, _):
        asked = client.ask("hi")
        await asyncio.wait_for(anext(asked), SOON)
        assert stream.closed == 0
        await asked.cancel()
        await until(lambda: stream.closed)
    assert stream.closed == 1
