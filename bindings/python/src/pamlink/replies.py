"""What a handler returns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

from .events import Request


@dataclass(frozen=True, slots=True)
class Answer:
    """A `chat_response`, with more than its text."""

    text: str
    """Its `message`, and its `content`."""
    ui_actions: object = None
    """Its `ui_actions`: a sequence of anything that `encode` takes."""
    source: str | None = None
    """Its `source`."""
    model: str | None = None
    """Its `model`."""
    agent: str | None = None
    """Its `agent`; the one that the hub chose if None."""
    failed: bool = False
    """Its `error`: the text is an apology."""


@dataclass(frozen=True, slots=True)
class Error:
    """An `error`: the request is refused, or failed."""

    error_code: str
    """Its `error_code`, for programs: `VALIDATION_ERROR`, `RATE_LIMIT_EXCEEDED`, any other."""
    message: str
    """Its `message`, for people."""
    retry_after: float | None = None
    """Seconds after which the request may be sent again."""


Reply: TypeAlias = Union[str, Answer, Error, Mapping[str, Any], None]
"""A reply: a text, an `Answer`, an `Error`, a whole envelope with its `type`, or None for none."""

Grown: TypeAlias = Union[str, Answer, Error, Mapping[str, Any]]
"""What a handler yields: a piece of the text, or the reply itself, which is the last word."""

Handler: TypeAlias = Callable[
    [Request], Union[Awaitable[Reply], AsyncIterator[Grown], Iterator[Grown], Reply]
]
"""Answers a request: a function that returns the reply, or a generator that yields it in pieces. The
whole answer is made of the texts that it yields; anything else that it yields is the reply itself,
and the last word.

An async function or generator runs in the event loop and must not block it. A plain one runs in a
thread, of which there are 40 for a hub; what is left waits. A thread cannot be cancelled: what it does
for a request that has expired or was cancelled is in vain (`Request.cancelled`)."""
