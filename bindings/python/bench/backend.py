"""What the backend does today for one chat, as its public source has it: `json.loads`, a pydantic
model with the rules of `SecureWebSocketMessage`, two limiters, dispatch, the window of equal texts,
`json.dumps`. Its limiter in Redis is one in memory here, so no network is in the figure. What else it
does (size checks, a filter for prompts, logs) is left out: the figure is what it has to spend.
"""

from __future__ import annotations

import html
import json
import re
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone
from hashlib import md5
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

ALLOWED = frozenset(
    "chat ping pong init auth context_update test user_message system_message heartbeat "
    "connection_established voice_input text_input error status_update typing_indicator "
    "conversation_end init_ack".split()
)
REJECTED = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"<script[^>]*>",
        r"<iframe[^>]*>",
        r"<object[^>]*>",
        r"<embed[^>]*>",
        r"<style[^>]*>",
        r"<link[^>]*>",
        r"javascript:",
        r"vbscript:",
        r"data:text/html",
        r"on\w+\s*=",
    )
]
TAG = re.compile(r"<[^>]*>")
BLANKS = re.compile(r"\s+")
KEY = re.compile(r"[A-Za-z0-9_.-]{1,100}")
WINDOW = 5.0
MINUTE = 60.0


def clean(text: str) -> str:
    """A text without markup, or `ValueError` for what is refused."""
    for pattern in REJECTED:
        if pattern.search(text):
            raise ValueError("suspicious content")
    text = BLANKS.sub(" ", TAG.sub("", html.unescape(text))).strip()
    # Twice, as there.
    return html.escape(html.escape(text, quote=False))


def clean_map(values: dict[str, Any], depth: int = 1) -> dict[str, Any]:
    """A context: scalars, and one level of objects of scalars."""
    if len(values) > 50:
        raise ValueError("too many keys")
    cleaned: dict[str, Any] = {}
    for key, value in values.items():
        if not KEY.fullmatch(key):
            raise ValueError("a key of other characters")
        if isinstance(value, str):
            cleaned[key] = clean(value[:1_000])
        elif isinstance(value, (bool, int, float)):
            cleaned[key] = value
        elif isinstance(value, dict) and depth:
            cleaned[key] = clean_map(value, depth - 1)
    return cleaned


class SecureWebSocketMessage(BaseModel):
    """What of a frame is taken; other members are dropped."""

    model_config = ConfigDict(extra="ignore")

    type: str = Field(max_length=50, pattern=r"^[A-Za-z0-9_]+$")
    message: str | None = Field(None, max_length=2_000)
    content: str | None = Field(None, max_length=2_000)
    context: dict[str, Any] | None = None
    user_id: str | None = Field(
        None, pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
    )
    session_id: str | None = Field(None, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")
    timestamp: str | int | float | None = None
    metadata: dict[str, Any] | None = None

    @field_validator("type")
    @classmethod
    def _allowed(cls, kind: str) -> str:
        if kind not in ALLOWED:
            raise ValueError("not allowed")
        return kind

    @field_validator("message", "content")
    @classmethod
    def _text(cls, text: str | None) -> str | None:
        return None if text is None else clean(text)

    @field_validator("context", "metadata")
    @classmethod
    def _map(cls, values: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if values is None else clean_map(values)

    @field_validator("timestamp")
    @classmethod
    def _moment(cls, moment: str | int | float | None) -> str | None:
        if isinstance(moment, (int, float)):
            return datetime.fromtimestamp(moment / 1_000, timezone.utc).isoformat() + "Z"
        return moment


class Limiter:
    """So many a minute for each user, by the times of the last minute."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: dict[str, deque[float]] = {}

    def admits(self, user: str, now: float) -> bool:
        times = self._times.setdefault(user, deque())
        while times and times[0] <= now - MINUTE:
            times.popleft()
        if len(times) >= self._most:
            return False
        times.append(now)
        return True


class Backend:
    """The state of the backend, and what it does with a frame."""

    def __init__(self, most: int) -> None:
        """`most` is the limit a minute, the same for both limiters: lifted, where speed is
        measured."""
        self._first, self._second = Limiter(most), Limiter(most)
        self._answers: dict[str, dict[str, float]] = {}
        self._handlers: dict[str, Callable[[SecureWebSocketMessage], str | None]] = {
            "chat": self._chat,
            "ping": lambda _: None,
            "pong": lambda _: None,
            "init": lambda _: None,
            "auth": lambda _: None,
            "context_update": lambda _: None,
        }

    def handle(self, frame: str, user: str, now: float) -> str | None:
        """The text that is sent back."""
        data = json.loads(frame)
        if not isinstance(data, dict):
            return None
        if data.get("type") not in ("ping", "pong") and not self._first.admits(user, now):
            return self._error("RATE_LIMIT_EXCEEDED")
        try:
            message = SecureWebSocketMessage(**data)
        except ValueError:
            return self._error("VALIDATION_ERROR")
        if not self._second.admits(user, now):
            return self._error("RATE_LIMIT_EXCEEDED")
        handler = self._handlers.get(message.type)
        if handler is None:
            return self._error(f"Unknown message type: {message.type}")
        answer = handler(message)
        if answer is None or self._was_there(user, message.message or "", answer, now):
            return None
        return json.dumps(
            {
                "type": "chat_response",
                "message": answer,
                "content": answer,
                "ui_actions": [],
                "source": "claude_pam_primary",
                "model": "m",
                "error": False,
                "timestamp": datetime.now(timezone.utc).replace(tzinfo=None).isoformat(),
            }
        )

    def _chat(self, message: SecureWebSocketMessage) -> str:
        """The answer: the text, since what the model says costs the same everywhere."""
        return message.message or message.content or ""

    def _was_there(self, user: str, text: str, answer: str, now: float) -> bool:
        """Whether the same was answered to the same within the window."""
        answers = self._answers.setdefault(user, {})
        for key in [key for key, at in answers.items() if now - at > WINDOW]:
            del answers[key]
        key = md5(f"{text.strip().lower()}|{answer[:200]}".encode()).hexdigest()
        if key in answers:
            return True
        answers[key] = now
        return False

    def _error(self, code: str) -> str:
        return json.dumps({"type": "error", "message": code, "error_code": code})
