"""What a handler returns."""

from __future__ import annotations

from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, Union

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

class ModelEvent(Protocol):
    """An event of a model's client, or of its helpers: of OpenAI's responses, of Anthropic's messages.
    Its text, if it has any, is a piece of the answer."""

    @property
    def type(self) -> str:
        """What it is: `response.output_text.delta`, `content_block_delta`, any other."""
        ...


class ModelChoices(Protocol):
    """A part of a chat completion, of OpenAI or of whoever speaks as it does: `choices[].delta.content`
    is a piece of the answer."""

    @property
    def choices(self) -> Sequence[Any]:
        """What the model says next, for each answer that it gives at once; the first is taken."""
        ...


Grown: TypeAlias = Union[str, Answer, Error, Mapping[str, Any], ModelEvent, ModelChoices]
"""A piece of the text, an event of a model's client (as a mapping, too), or the reply itself, which is
the last word."""

Stream: TypeAlias = Union[AsyncIterable[Grown], Iterator[Grown]]
"""An answer in pieces: a generator, or the stream of a model's client as it is."""

Yielded: TypeAlias = Union[Grown, Stream]
"""What a handler yields. A stream that it yields is read to its end before it goes on."""

Handler: TypeAlias = Callable[
    [Request],
    Union[
        Awaitable[Union[Reply, Stream]], AsyncIterator[Yielded], Iterator[Yielded], Stream, Reply
    ],
]
"""Answers a request: a function that returns the reply or a stream of it, or a generator that yields it
in pieces. The whole answer is made of their texts; a reply that is yielded is the last word.

A stream that is left early, because who asked has cancelled or the hub ends, is closed (`aclose`, or
`close`); one that threads read when the thread has come out of it. A model that refuses ends the answer
with the `error_code` `MODEL_REFUSED`, and one that fails as a handler that fails.

An async function or generator runs in the event loop and must not block it. A plain one runs in a
thread, of which there are 40 for a hub; what is left waits. A thread cannot be cancelled: what it does
for a request that has expired or was cancelled is in vain (`Request.cancelled`)."""
