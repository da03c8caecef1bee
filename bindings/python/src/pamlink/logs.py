"""Events as records of `logging`.

    hub = Hub(answer, auth=keys)
    logs.attach(hub)                      # to the logger `pamlink.events`
    client = logs.attach(Client(url, token=provider), logging.getLogger("chat"))

A record's message names the event; the event itself is its attribute `event`. Texts of messages are
left out, and whatever looks like a token is `***`.
"""

from __future__ import annotations

import dataclasses
import logging
import re
from typing import TypeVar

from . import events
from ._runner import Runner

R = TypeVar("R", bound=Runner)

_TOKEN = re.compile(r"(token=)[^&#\"'\s]*|eyJ[\w-]*(?:\.[\w-]*)*")
# Members that hold what people say, or a whole envelope.
_PRIVATE = {"json", "text", "raw", "bytes", "headers", "target"}

_LEVELS: dict[type[object], int] = {
    events.Closed: logging.INFO,
    events.Drained: logging.INFO,
    events.Failed: logging.WARNING,
    events.Lost: logging.WARNING,
    events.Opened: logging.INFO,
    events.Overflowed: logging.WARNING,
    events.Refused: logging.WARNING,
    events.RequestExpired: logging.WARNING,
    events.Retrying: logging.INFO,
    events.Stopped: logging.WARNING,
    events.Undelivered: logging.WARNING,
    events.UnknownEvent: logging.WARNING,
    events.Unreadable: logging.WARNING,
    events.Welcomed: logging.INFO,
}


def attach(runner: R, logger: logging.Logger | None = None) -> R:
    """Logs every event of a client or hub, whether anybody takes it or not. Returns it."""
    chosen = logging.getLogger("pamlink.events") if logger is None else logger

    def write(event: object) -> None:
        level = _LEVELS.get(type(event), logging.DEBUG)
        if chosen.isEnabledFor(level):
            chosen.log(level, "%s", line(event), extra={"event": event})

    runner.observe(write)
    return runner


def line(event: object) -> str:
    """An event in one line, without what people say and without tokens."""
    if not dataclasses.is_dataclass(event):
        return type(event).__name__
    members = [
        f"{field.name}={_short(getattr(event, field.name))}"
        for field in dataclasses.fields(event)
        if field.name not in _PRIVATE and field.repr
    ]
    return f"{type(event).__name__}({', '.join(members)})"


def redact(text: str) -> str:
    """A text with every value of a `token=` parameter, and whatever looks like a JSON Web Token, as
    `***`."""
    return _TOKEN.sub(lambda match: (match[1] or "") + "***", text)


def _short(value: object) -> str:
    return redact(repr(value))[:200]


# The loggers of servers that write the path of a WebSocket with its query.
_SERVERS = (
    "granian.access",
    "gunicorn.access",
    "hypercorn.access",
    "uvicorn.access",
    "uvicorn.error",
)


class _Hiding(logging.Filter):
    """Changes what a record says, and lets it pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(map(_hidden, record.args))
        elif record.args:
            record.args = {name: _hidden(value) for name, value in record.args.items()}
        record.msg = _hidden(record.msg)
        return True


def _hidden(value: object) -> object:
    return redact(value) if isinstance(value, str) else value


_hiding = _Hiding()


def hide_tokens() -> None:
    """Keeps tokens out of what the ASGI server of this process logs: uvicorn writes path and query of
    each WebSocket. The endpoint does it; proxies, and servers that log in another process, have logs of
    their own."""
    for name in _SERVERS:
        logging.getLogger(name).addFilter(_hiding)
