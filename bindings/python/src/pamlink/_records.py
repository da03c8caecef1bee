"""The records of a step: what is read as which class, and the writers of the frequent ones."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import Any

from . import _layout, events, outputs
from ._layout import KINDS, pack, utf8
from .outputs import (
    Accepted,
    Asked,
    Authorize,
    CloseTransport,
    Delivered,
    Dial,
    Disconnected,
    Fault,
    NeedToken,
    Next,
    Pushed,
    WriteBytes,
    WriteClose,
    WriteText,
)

__all__ = [
    "KINDS",
    "Accepted",
    "Asked",
    "Authorize",
    "Delivered",
    "Dial",
    "Disconnected",
    "Fault",
    "CloseTransport",
    "NeedToken",
    "Next",
    "Pushed",
    "WriteBytes",
    "WriteClose",
    "WriteText",
    "pack",
]

CLASSES: dict[int, type[Any]] = {
    100: outputs.Next,
    101: outputs.Fault,
    102: outputs.Asked,
    103: outputs.Accepted,
    104: outputs.Delivered,
    105: outputs.Pushed,
    106: outputs.Disconnected,
    107: outputs.Submitted,
    108: outputs.SnapshotTaken,
    110: outputs.WriteBytes,
    111: outputs.WriteText,
    112: outputs.WriteClose,
    113: outputs.CloseTransport,
    120: outputs.Dial,
    121: outputs.NeedToken,
    122: events.StateChanged,
    123: events.Welcomed,
    124: outputs.Piece,
    125: outputs.Answer,
    126: outputs.Rejected,
    127: outputs.Expired,
    128: outputs.Unknown,
    129: events.Late,
    130: events.Message,
    131: events.Repeated,
    132: events.Unreadable,
    133: events.Binary,
    134: events.Overflowed,
    135: events.Failed,
    136: events.Closed,
    137: outputs.Retrying,
    138: events.Stopped,
    139: outputs.Unsent,
    140: outputs.Cancelled,
    141: outputs.CancelResult,
    142: outputs.Outcome,
    143: events.Gap,
    144: outputs.Restored,
    150: events.HttpRequest,
    151: outputs.Authorize,
    152: events.Opened,
    153: events.Request,
    154: events.Received,
    155: events.Duplicate,
    156: outputs.Refused,
    157: events.RequestExpired,
    158: events.Drained,
    159: events.RequestCancelled,
    160: outputs.Undelivered,
    170: outputs.Ping,
    171: outputs.Pong,
    172: outputs.CloseRead,
    173: outputs.TextRead,
}
"""What each record of the engine is read as."""

_READERS: dict[int, _layout.Reader] = {}
_head = Struct("<IH").unpack_from
_next = Struct("<QI").unpack_from
_NEXT = KINDS["next"]
_REASONS = {reason.encode(): reason for reason in ("heartbeat", "liveness", "request expiry")}


def read(
    buffer: bytes, unread: frozenset[int] = frozenset()
) -> tuple[list[Any], int | None, str | None]:
    """The records of an output but those of kinds that nobody wants, and the deadline that it ends with:
    nanoseconds, and the reason."""
    found: list[Any] = []
    at, end = 0, len(buffer)
    readers = _READERS
    while at < end:
        size, kind = _head(buffer, at)
        if kind == _NEXT:
            deadline, length = _next(buffer, at + 8)
            if deadline == _layout.NONE:
                return found, None, None
            reason = buffer[at + 20 : at + 20 + length]
            # There are few, and the same ones again and again.
            return found, deadline, _REASONS.get(reason) or reason.decode()
        if kind not in unread:
            try:
                found.append(readers[kind](buffer, at, size))
            except KeyError:
                found.append(_first(kind)(buffer, at, size))
        at += size
    return found, None, None


def read_records(buffer: bytes) -> list[Any]:
    """All records of a buffer, `next` too."""
    found: list[Any] = []
    at = 0
    while at < len(buffer):
        size, kind = _head(buffer, at)
        found.append(_first(kind)(buffer, at, size))
        at += size
    return found


def _first(kind: int) -> _layout.Reader:
    """The reader of a kind, made when it is met first."""
    found = _READERS.get(kind)
    if found is None:
        made = CLASSES.get(kind)
        if made is None:
            return _unknown
        found = _READERS[kind] = _layout.reader(kind, made)
    return found


def _unknown(buffer: bytes, at: int, size: int) -> events.UnknownEvent:
    return events.UnknownEvent(_head(buffer, at)[1], bytes(buffer[at : at + size]))


# A record of one word; of one word and one text; of two words and one text; an answer that is a text.
_link = Struct("<IHBBQ").pack
_link_text = Struct("<IHBBQI").pack
_code_text = Struct("<IHBBQQI").pack
_answer = Struct("<IHBBQQIIIII").pack


def bytes_in(link: int, data: bytes) -> bytes:
    """`bytes_in`."""
    return _link_text(20 + len(data), 1, 1, 1, link, len(data)) + data


def text_in(link: int, text: str) -> bytes:
    """`text_in`."""
    data = utf8(text)
    return _link_text(20 + len(data), 2, 1, 1, link, len(data)) + data


def texts_in(messages: Iterable[tuple[int, str]]) -> bytes:
    """`text_in`, for each link and text."""
    parts: list[bytes] = []
    for link, text in messages:
        try:
            data = text.encode()
        except UnicodeEncodeError:
            data = utf8(text)
        size = len(data)
        parts += _link_text(20 + size, 2, 1, 1, link, size), data
    return b"".join(parts)


def binary_in(link: int, data: bytes) -> bytes:
    """`binary_in`."""
    return _link_text(20 + len(data), 3, 1, 1, link, len(data)) + data


def close_in(link: int, code: int | None, reason: str) -> bytes:
    """`close_in`."""
    data = utf8(reason)
    code = _layout.NONE if code is None else code
    return _code_text(28 + len(data), 4, 2, 1, link, code, len(data)) + data


def closed_in(link: int) -> bytes:
    """`closed_in`."""
    return _link(16, 5, 1, 0, link)


def reply(request: int, text: str, agent: str) -> bytes:
    """`reply` of a text, of which nothing else is to be said."""
    try:
        data, by = text.encode(), agent.encode()
    except UnicodeEncodeError:
        data, by = utf8(text), utf8(agent)
    none = _layout.ABSENT
    size = 44 + len(data) + len(by)
    return _answer(size, 35, 2, 5, request, 0, len(data), none, none, none, len(by)) + data + by


def written(link: int) -> bytes:
    """`written`."""
    return _link(16, 6, 1, 0, link)
