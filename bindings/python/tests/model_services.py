"""A server on loopback that streams as the services of models do, what it streams, and clients of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import StreamingResponse
from starlette.routing import Route

Script = list[tuple[str | None, Any]]
"""What a service streams: events with their names, or without."""

MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": []}
RESPONSE = {"id": "r", "object": "response", "created_at": 1, "model": "m", "output": []}


def completion(*deltas: dict[str, Any], **last: Any) -> Script:
    """The chunks of a chat completion, and what ends it."""

    def one(choices: list[Any], **more: Any) -> tuple[None, Any]:
        made = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return None, made | {"choices": choices} | more

    script: Script = [
        one([{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas
    ]
    script.append(one([{"index": 0, "delta": {}, "finish_reason": "stop"} | last]))
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    return [*script, one([], usage=usage), (None, "[DONE]")]


def named(*events: dict[str, Any]) -> Script:
    """Events with their types as names."""
    return [(event["type"], event) for event in events]


def spoken(*deltas: dict[str, Any], stop: str = "end_turn") -> Script:
    """The events of a message of Anthropic's."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    start = {"type": "message_start", "message": MESSAGE | {"usage": usage}}
    block = {"type": "text", "text": ""}
    return named(
        start,
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    )


def responded(*events: dict[str, Any], end: dict[str, Any] | None = None) -> Script:
    """The events of a response of OpenAI's."""
    where = {"item_id": "i", "output_index": 0, "content_index": 0, "logprobs": []}
    last = end or {"type": "response.completed", "response": RESPONSE | {"status": "completed"}}
    all_ = [{"type": "response.created", "response": RESPONSE}, *(where | it for it in events), last]
    return named(*({"sequence_number": at} | event for at, event in enumerate(all_)))


def says(text: str) -> dict[str, Any]:
    """A delta of Anthropic's."""
    return {"type": "text_delta", "text": text}


def grows(text: str) -> dict[str, Any]:
    """An event of OpenAI's responses."""
    return {"type": "response.output_text.delta", "delta": text}


class Service:
    """The services of both, as far as they stream: each request gets the script. One that `waits` says
    no end until its peer has gone, and one that `repeats` says its last word until then."""

    def __init__(self) -> None:
        self.script: Script = []
        self.waits = self.repeats = False
        self.left = 0
        """How many have closed before the end."""
        paths = ["/v1/chat/completions", "/v1/responses", "/v1/messages"]
        self.app = Starlette(
            routes=[Route(path, self._stream, methods=["POST"]) for path in paths]
        )

    async def _stream(self, request: HttpRequest) -> StreamingResponse:
        assert (await request.json())["stream"] is True
        return StreamingResponse(self._events(), media_type="text/event-stream")

    async def _events(self) -> AsyncIterator[str]:
        last = ""
        for name, data in self.script:
            text = data if isinstance(data, str) else json.dumps(data)
            last = (f"event: {name}\n" if name else "") + f"data: {text}\n\n"
            yield last
        try:
            while self.waits:
                await asyncio.sleep(0.02 if self.repeats else 60)
                yield last
        except asyncio.CancelledError:
            self.left += 1
            raise


class Services:
    """The clients of a service, for as long as it is there."""

    def __init__(self, url: str, opened: contextlib.AsyncExitStack) -> None:
        self._url, self._opened = url, opened
        # Nothing is tried twice: a test would wait for it.
        self._login: dict[str, Any] = {"api_key": "none", "max_retries": 0}

    async def openai(self) -> openai.AsyncOpenAI:
        made = openai.AsyncOpenAI(base_url=f"{self._url}/v1", **self._login)
        return await self._opened.enter_async_context(made)

    def plain_openai(self) -> openai.OpenAI:
        return self._opened.enter_context(openai.OpenAI(base_url=f"{self._url}/v1", **self._login))

    async def anthropic(self) -> anthropic.AsyncAnthropic:
        made = anthropic.AsyncAnthropic(base_url=self._url, **self._login)
        return await self._opened.enter_async_context(made)

    def plain_anthropic(self) -> anthropic.Anthropic:
        return self._opened.enter_context(anthropic.Anthropic(base_url=self._url, **self._login))
