"""Any value that a program hands over, and the JSON it becomes.

| value | becomes |
|---|---|
| `None`, `bool`, `int`, `float`, `str` | what they are; NaN and the infinities are `null` |
| an integer that JavaScript would round | its digits, as a string |
| `Enum` | its value |
| `datetime` | RFC 3339 in UTC with milliseconds; a naive one is taken as UTC |
| `date`, `time`, `UUID`, paths, addresses | as `isoformat` or `str` spell them |
| `timedelta` | seconds |
| `Decimal` | a number with the same digits; beyond 15 of them a string |
| `bytes` and the like | Base64 |
| mappings, dataclasses, pydantic models | an object; a key that is no text becomes that of its JSON |
| sequences, sets and other collections | an array; a set is sorted |
| `Json` | itself |
| any other object | what its `__str__` says, or `<Name>` if it has none of its own |

Every value has an encoding. What is nested deeper than allowed, or within itself, is `"…"`, and so is
what comes after a hundred thousand parts. Nothing is iterated that can be iterated only once.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import logging
import uuid
from collections.abc import Collection, Iterable, Mapping, Set
from itertools import islice
from struct import Struct
from typing import Any

from . import _native
from ._native import native

log: logging.Logger = logging.getLogger("pamlink.values")

DEPTH = 10
"""How deep an envelope of the dialect may be nested."""

# Parts of one value.
MOST = 100_000
CUT = "…"
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_MICROSECOND = datetime.timedelta(microseconds=1)

_signed = Struct("<Bq").pack
_unsigned = Struct("<BQ").pack
_float = Struct("<Bd").pack
_count = Struct("<BI").pack


class Json(str):
    """A text that is JSON already. One that is not becomes a string."""

    __slots__ = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Encoded:
    """A value as JSON."""

    json: str
    """The JSON."""
    adjusted: Mapping[str, int]
    """How often it could not say exactly what the value held, by cause: `clamped_times`, `cut`,
    `invalid_raw`, `keys`, `non_finite`, `repeated_keys`, `replaced`, `wide_integers`."""


def encode(value: object, *, depth: int = DEPTH) -> str:
    """A value as JSON, nested no deeper than `depth` (1 to 255)."""
    return encoded(value, depth=depth).json


def encoded(value: object, *, depth: int = DEPTH) -> Encoded:
    """A value as JSON, and what could not be said exactly."""
    packed = Packer(depth).pack(value)
    it = _native.call(native.encode_value, packed, depth)
    return Encoded(it.json, it.adjusted)


def envelope_text(envelope: Mapping[str, Any] | str | object) -> str:
    """An envelope as JSON. What could not be said exactly is logged."""
    if isinstance(envelope, str):
        return envelope
    it = encoded(envelope)
    if it.adjusted.keys() - {"keys", "wide_integers"}:
        log.warning("an envelope could not be said exactly: %s", dict(it.adjusted))
    return it.json


class Packer:
    """Packs values in the tagged layout of `encode_value`."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._left = MOST
        self._around: set[int] = set()
        self._out: list[bytes] = []

    def pack(self, value: object) -> bytes:
        """The bytes of a value."""
        self._value(value, 0)
        return b"".join(self._out)

    def _value(self, value: object, level: int) -> None:
        self._left -= 1
        add = self._out.append
        kind = type(value)
        if kind is str:
            self._text(value)  # type: ignore[arg-type]
        elif value is None:
            add(b"\0")
        elif value is False or value is True:
            add(b"\2" if value else b"\1")
        elif kind is int:
            self._int(value)  # type: ignore[arg-type]
        elif kind is float:
            add(_float(5, value))
        elif kind is dict:
            self._map(value, value.items(), len(value), level)  # type: ignore
        elif kind is list or kind is tuple:
            self._list(value, value, len(value), level)  # type: ignore
        else:
            self._other(value, level)

    def _other(self, value: object, level: int) -> None:
        add = self._out.append
        it: Any = value
        match value:
            case enum.Enum():
                self._within(value, value.value, level)
            case Json():
                self._bytes(14, _utf8(value))
            case str():
                self._text(str.__str__(value))
            case int():
                self._int(int(value))
            case float():
                add(_float(5, float(value)))
            case bytes() | bytearray() | memoryview():
                self._bytes(9, bytes(it))
            case datetime.datetime():
                moment = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
                add(_signed(10, (moment - _EPOCH) // _MICROSECOND))
            case datetime.date() | datetime.time():
                self._text(value.isoformat())
            case datetime.timedelta():
                self._span(value)
            case decimal.Decimal():
                self._decimal(value)
            case uuid.UUID():
                self._text(str(value))
            case Mapping():
                self._map(it, it.items(), len(it), level)
            case Set():
                self._set(it, level)
            case Collection():
                self._list(it, it, len(it), level)
            case _:
                self._object(value, level)

    def _object(self, value: object, level: int) -> None:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [field.name for field in dataclasses.fields(value)]
            items = [(name, getattr(value, name, None)) for name in names]
            self._map(value, items, len(items), level)
            return
        # A pydantic model says what it holds; numpy's arrays and numbers do as well.
        for says in ("model_dump", "tolist"):
            method = getattr(type(value), says, None)
            if callable(method):
                try:
                    inside = method(value)
                except Exception:
                    log.warning("%s of %s failed", says, type(value).__name__, exc_info=True)
                    break
                self._within(value, inside, level)
                return
        self._text(_name(value))

    def _within(self, value: object, inside: object, level: int) -> None:
        """What stands for a value, which may stand for itself again."""
        if id(value) in self._around or len(self._around) > 2 * self._depth:
            self._text(CUT)
            return
        self._around.add(id(value))
        self._value(inside, level)
        self._around.discard(id(value))

    def _int(self, value: int) -> None:
        if -(1 << 63) <= value < 1 << 63:
            self._out.append(_signed(3, value))
        elif 0 < value < 1 << 64:
            self._out.append(_unsigned(4, value))
        elif value.bit_length() < 10_000:
            self._bytes(15, str(value).encode())
        else:
            # Python itself refuses to spell such numbers in decimal.
            spelled = hex(value) if value.bit_length() < 4 * MOST else CUT
            self._bytes(15, spelled.encode())

    def _span(self, value: datetime.timedelta) -> None:
        micros = value // _MICROSECOND
        nanos = micros * 1_000
        if 0 <= nanos < 1 << 64:
            self._out.append(_unsigned(11, nanos))
        else:
            self._number(decimal.Decimal(micros).scaleb(-6).normalize())

    def _decimal(self, value: decimal.Decimal) -> None:
        if not value.is_finite():
            self._out.append(_float(5, float("nan")))
        elif len(value.as_tuple().digits) <= 15 and -15 <= value.adjusted() <= 15:
            self._number(value)
        elif value == value.to_integral_value() and value.adjusted() < 3_000:
            self._int(int(value))
        else:
            self._text(str(value))

    def _number(self, value: decimal.Decimal) -> None:
        self._bytes(14, format(value, "f").encode())

    def _text(self, text: str) -> None:
        try:
            self._bytes(6, text.encode())
        except UnicodeEncodeError:
            self._bytes(8, text.encode("utf-8", "surrogatepass"))

    def _bytes(self, tag: int, data: bytes) -> None:
        self._out.append(_count(tag, len(data)))
        self._out.append(data)

    def _set(self, value: Set[Any], level: int) -> None:
        items = list(value)
        try:
            items.sort()
        except TypeError:
            items.sort(key=lambda item: Packer(self._depth).pack(item))
        self._list(value, items, len(items), level)

    def _list(self, value: object, items: Iterable[Any], count: int, level: int) -> None:
        if not self._enter(value, level):
            return
        kept = list(islice(items, max(0, self._left)))
        self._out.append(_count(12, len(kept) + (len(kept) < count)))
        for item in kept:
            self._value(item, level + 1)
        if len(kept) < count:
            self._text(CUT)
        self._around.discard(id(value))

    def _map(
        self, value: object, items: Iterable[tuple[Any, Any]], count: int, level: int
    ) -> None:
        if not self._enter(value, level):
            return
        kept = list(islice(items, max(0, self._left // 2)))
        self._out.append(_count(13, len(kept) + (len(kept) < count)))
        for key, member in kept:
            self._value(key, level + 1)
            self._value(member, level + 1)
        if len(kept) < count:
            self._text(CUT)
            self._text(CUT)
        self._around.discard(id(value))

    def _enter(self, value: object, level: int) -> bool:
        """Goes into a list or map, unless it is too deep or within itself."""
        if level >= self._depth:
            # The engine cuts it, and counts that.
            self._out.append(_count(12, 0))
            return False
        if id(value) in self._around:
            self._text(CUT)
            return False
        self._around.add(id(value))
        return True


def _name(value: object) -> str:
    """What an object says of itself: never where it lies in memory."""
    kind = type(value)
    if kind.__str__ is not object.__str__ or kind.__repr__ is not object.__repr__:
        try:
            text = str(value)
        except Exception:
            return f"<{kind.__name__}>"
        return text if " at 0x" not in text else f"<{kind.__name__}>"
    return f"<{kind.__name__}>"


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
