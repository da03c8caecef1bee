"""Reads what the clients of models stream, and imports none of them.

What is known, as objects with attributes and as mappings:

- the chat completions of OpenAI and of all who speak as it does: `choices[].delta.content`;
- the events of OpenAI's responses: `response.output_text.delta`, and of its `stream()` helpers;
- the events of Anthropic's messages: `content_block_delta` with a `text_delta`.

Only that is text. Roles, tool calls, thoughts, usage and whatever else comes in between is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .replies import Answer, Error

REFUSED = "MODEL_REFUSED"
"""The `error_code` of an answer that a model, or the filter behind it, refused."""

# Events without text, as they come over the wire. Those of OpenAI's responses begin alike.
_SILENT = frozenset(
    "message_start message_delta message_stop content_block_start content_block_delta "
    "content_block_stop ping keepalive".split()
)
_RESPONSES = "response."
# What the helpers of the clients add, as objects alone: a mapping with such a type is an envelope.
_HELPERS = frozenset(
    "text citation thinking signature input_json compaction chunk content.done refusal.done "
    "tool_calls.function.arguments.delta tool_calls.function.arguments.done logprobs.content.delta "
    "logprobs.content.done logprobs.refusal.delta logprobs.refusal.done".split()
)


class ModelStream:
    """One answer of a model, read event by event."""

    def __init__(self) -> None:
        # Whether an event was known: then one of a newer client is none to wonder about.
        self._is_known = False
        self._is_refused = False
        self._refusal: list[str] = []

    def read(self, item: Any) -> str | Answer | Error | Mapping[str, Any]:
        """What a handler has yielded, if it is no text itself: the text of an event, which may be empty,
        or the reply itself.

        Raises `TypeError` where nobody can tell what it is, and `RuntimeError` for an event that
        says that the model has failed.
        """
        if isinstance(item, (Answer, Error)):
            return item
        kind = _of(item, "type")
        if isinstance(kind, str) and self._is_event(item, kind):
            self._is_known = True
            return self._event(item, kind)
        if kind is None and isinstance(_of(item, "error"), Mapping):
            raise _failed(_of(item, "error"))
        if kind is None and isinstance(_of(item, "choices"), (list, tuple)):
            self._is_known = True
            return self._choices(item)
        if isinstance(item, Mapping):
            return item
        if self._is_known and isinstance(kind, str):
            return ""
        of = f" of the type {kind!r}" if isinstance(kind, str) else ""
        raise TypeError(
            f"a handler yields texts, a reply or the events of a model, and no {named(item)}{of}"
        )

    def refusal(self) -> Error | None:
        """After the last event: why there is no answer, if the model has refused one."""
        if not self._is_refused:
            return None
        return Error(REFUSED, "".join(self._refusal) or "The model refused to answer.")

    def _is_event(self, item: Any, kind: str) -> bool:
        if kind == "error" and isinstance(item, Mapping):
            # An envelope of the dialect has the same type.
            return isinstance(item.get("error"), Mapping) or "sequence_number" in item
        if kind == "error" or kind in _SILENT or kind.startswith(_RESPONSES):
            return True
        if isinstance(item, Mapping):
            return False
        return kind in _HELPERS or kind in ("content.delta", "refusal.delta")

    def _event(self, item: Any, kind: str) -> str:
        delta = _of(item, "delta")
        match kind:
            case "response.output_text.delta" | "content.delta":
                return _text(delta, item)
            case "content_block_delta":
                return _text(_of(delta, "text"), item) if _of(delta, "type") == "text_delta" else ""
            case "response.refusal.delta" | "refusal.delta":
                self._refuse(_text(delta, item))
            case "message_delta" if _of(delta, "stop_reason") == "refusal":
                self._refuse()
            case "response.incomplete":
                details = _of(_of(item, "response"), "incomplete_details")
                if _of(details, "reason") == "content_filter":
                    self._refuse()
            case "response.failed":
                raise _failed(_of(_of(item, "response"), "error"))
            case "error":
                raise _failed(_of(item, "error") or item)
        return ""

    def _choices(self, item: Any) -> str:
        texts: list[str] = []
        for choice in _of(item, "choices"):
            if not _has(choice, "delta"):
                raise TypeError(f"the choices of {named(item)} have no delta: it is no stream")
            if _of(choice, "index") not in (None, 0):
                # Another answer to the same request.
                continue
            delta = _of(choice, "delta")
            texts.append(_text(_of(delta, "content"), item))
            if refusal := _text(_of(delta, "refusal"), item):
                self._refuse(refusal)
            if _of(choice, "finish_reason") == "content_filter":
                self._refuse()
        return "".join(texts)

    def _refuse(self, why: str = "") -> None:
        self._is_refused = True
        self._refusal.append(why)


def _of(item: Any, name: str) -> Any:
    """A member of a mapping or of an object; None if it has none."""
    return item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)


def _has(item: Any, name: str) -> bool:
    return name in item if isinstance(item, Mapping) else hasattr(item, name)


def _text(found: Any, item: Any) -> str:
    if found is None:
        return ""
    if not isinstance(found, str):
        raise TypeError(f"what {named(item)} says is no text but {named(found)}")
    return found


def named(item: Any) -> str:
    """The type of a value, for people."""
    made = type(item)
    where = "" if made.__module__ == "builtins" else f"{made.__module__}."
    return where + made.__qualname__


def _failed(error: Any) -> RuntimeError:
    """What ends an answer whose model has failed: logged, and its peer hears nothing of the cause."""
    code, message = _of(error, "code") or _of(error, "type"), _of(error, "message")
    return RuntimeError(f"the stream of the model ended with an error: {code}: {message}")
