"""Any value that a backend hands over has an encoding."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import ipaddress
import json
import pathlib
import uuid
from collections import OrderedDict, deque, namedtuple
from types import MappingProxyType
from typing import Any

import pydantic
import pytest

from pamlink import Json, encode, encoded
from pamlink.values import MOST

UTC = dt.timezone.utc


class EventType(enum.Enum):
    WEBSOCKET_CONNECT = "websocket_connect"


class Severity(str, enum.Enum):
    SECURITY = "security"


class Level(enum.IntEnum):
    HIGH = 3


class Flag(enum.IntFlag):
    A = 1
    B = 2


@dataclasses.dataclass
class LogEvent:
    """As the backend's own: what its audit log hands over."""

    event_type: EventType
    severity: Severity
    message: str
    timestamp: dt.datetime
    duration_ms: float | None = None
    context: dict[Any, Any] | None = None


class Expense(pydantic.BaseModel):
    id: uuid.UUID
    amount: decimal.Decimal
    day: dt.date
    tags: set[str]
    kind: EventType


Point = namedtuple("Point", "lat lng")
WHEN = dt.datetime(2026, 3, 1, 4, 5, 6, 789012)
ID = uuid.UUID("7b1e0c52-3f4a-4d1b-9a55-0c2f6f6a1d10")

# What has broken a backend that encoded by hand, and what it becomes.
BROKE_IT: list[tuple[str, object, str]] = [
    ("an enum as a value", EventType.WEBSOCKET_CONNECT, '"websocket_connect"'),
    ("an enum that is a text", Severity.SECURITY, '"security"'),
    ("an enum that is a number", Level.HIGH, "3"),
    ("flags", Flag.A | Flag.B, "3"),
    ("an enum as a key", {EventType.WEBSOCKET_CONNECT: 1}, '{"websocket_connect":1}'),
    ("enums within", [{"a": (Severity.SECURITY,)}], '[{"a":["security"]}]'),
    ("a naive datetime", WHEN, '"2026-03-01T04:05:06.789Z"'),
    ("an aware datetime", WHEN.replace(tzinfo=UTC), '"2026-03-01T04:05:06.789Z"'),
    (
        "a datetime of another zone",
        WHEN.replace(tzinfo=dt.timezone(dt.timedelta(hours=10))),
        '"2026-02-28T18:05:06.789Z"',
    ),
    ("a date", dt.date(2026, 3, 1), '"2026-03-01"'),
    ("a date as a key", {dt.date(2026, 3, 1): 1}, '{"2026-03-01":1}'),
    ("a datetime as a key", {WHEN: 1}, '{"2026-03-01T04:05:06.789Z":1}'),
    ("a time", dt.time(4, 5), '"04:05:00"'),
    ("a timedelta", dt.timedelta(minutes=1, milliseconds=500), "60.5"),
    ("a timedelta that goes back", dt.timedelta(seconds=-1.5), "-1.5"),
    ("a Decimal", decimal.Decimal("12.50"), "12.50"),
    ("a Decimal beyond a double", decimal.Decimal("0.1234567890123456789"), '"0.1234567890123456789"'),
    ("a Decimal that is none", decimal.Decimal("NaN"), "null"),
    ("a UUID", ID, f'"{ID}"'),
    ("a UUID as a key", {ID: 1}, f'{{"{ID}":1}}'),
    ("a set", {"b", "a", "c"}, '["a","b","c"]'),
    ("a frozenset", frozenset({2, 1}), "[1,2]"),
    ("a set of what has no order", {Severity.SECURITY, 1, None}, '[null,1,"security"]'),
    ("bytes", b"\xff\x00", '"/wA="'),
    ("a bytearray", bytearray(b"\xff\x00"), '"/wA="'),
    ("a memoryview", memoryview(b"\xff\x00"), '"/wA="'),
    ("NaN", float("nan"), "null"),
    ("the infinities", [float("inf"), float("-inf")], "[null,null]"),
    ("a dataclass", LogEvent(EventType.WEBSOCKET_CONNECT, Severity.SECURITY, "m", WHEN), ""),
    (
        "a pydantic model",
        Expense(
            id=ID,
            amount=decimal.Decimal("40.5"),
            day=dt.date(2026, 3, 1),
            tags={"fuel", "diesel"},
            kind=EventType.WEBSOCKET_CONNECT,
        ),
        f'{{"id":"{ID}","amount":40.5,"day":"2026-03-01","tags":["diesel","fuel"],'
        '"kind":"websocket_connect"}',
    ),
]
BROKE_IT[-2] = (
    BROKE_IT[-2][0],
    BROKE_IT[-2][1],
    '{"event_type":"websocket_connect","severity":"security","message":"m",'
    '"timestamp":"2026-03-01T04:05:06.789Z","duration_ms":null,"context":null}',
)

OTHERS: list[tuple[str, object, str]] = [
    ("nothing", None, "null"),
    ("booleans", [True, False], "[true,false]"),
    ("a whole float", 1.0, "1.0"),
    ("the widest exact integer", 2**53 - 1, "9007199254740991"),
    ("an integer that JavaScript rounds", 2**53, '"9007199254740992"'),
    ("an integer beyond 64 bits", -(2**70), '"-1180591620717411303424"'),
    ("text", 'a"\n<é😀', '"a\\"\\n<é😀"'),
    ("a surrogate alone", "a\ud800b", '"a\ufffdb"'),
    ("surrogates that are a pair", "\ud83d\ude00", '"😀"'),
    ("a text of a class of its own", type("T", (str,), {})("t"), '"t"'),
    ("a float of a class of its own", type("F", (float,), {})(1.5), "1.5"),
    ("a tuple", (1, (2,)), "[1,[2]]"),
    ("a namedtuple", Point(1.5, 2), "[1.5,2]"),
    ("a deque", deque([1, 2]), "[1,2]"),
    ("a range", range(3), "[0,1,2]"),
    ("views of a dict", [{"a": 1}.keys(), {"a": 1}.values()], '[["a"],[1]]'),
    ("an ordered dict", OrderedDict(b=1, a=2), '{"b":1,"a":2}'),
    ("a read-only dict", MappingProxyType({"a": 1}), '{"a":1}'),
    ("keys of all kinds", {1: 1, None: 2, True: 3, 1.5: 4}, '{"1":3,"null":2,"1.5":4}'),
    ("a tuple as a key", {(1, "a"): 1}, '{"[1,\\"a\\"]":1}'),
    ("a path", pathlib.PurePosixPath("/a/b"), '"/a/b"'),
    ("an address", ipaddress.ip_address("127.0.0.1"), '"127.0.0.1"'),
    ("an exception", ValueError("no"), '"no"'),
    ("an object", object(), '"<object>"'),
    ("a function", lambda: None, '"<function>"'),
    ("what goes by only once", (x for x in [1]), '"<generator>"'),
    ("JSON already", Json('{"a": 1}'), '{"a": 1}'),
    ("what claims to be JSON", Json("{"), '"{"'),
]


@pytest.mark.parametrize(
    ("value", "expected"), [pytest.param(it[1], it[2], id=it[0]) for it in BROKE_IT + OTHERS]
)
def test_a_value_is_encoded_byte_for_byte(value: object, expected: str) -> None:
    assert encode(value) == expected
    json.loads(expected)


def test_a_generator_is_left_as_it_was() -> None:
    once = (x for x in [1, 2])
    encode([once])
    assert list(once) == [1, 2]


def test_what_is_within_itself_is_cut() -> None:
    ring: list[Any] = [1]
    ring.append(ring)
    assert encode(ring) == '[1,"…"]'
    knot: dict[str, Any] = {}
    knot["self"] = {"again": knot}
    assert encode(knot) == '{"self":{"again":"…"}}'
    # The same one twice is no ring.
    twice = [1]
    assert encode([twice, twice]) == "[[1],[1]]"

    class Endless:
        def model_dump(self) -> object:
            return self

    assert encode(Endless()) == '"…"'

    class Deeper:
        def model_dump(self) -> object:
            return Deeper()

    assert encode(Deeper()) == '"…"'


def test_what_is_too_deep_is_cut_and_counted() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    it = encoded(value)
    assert it.json == '[[[[[[[[[["…"]]]]]]]]]]'
    assert it.adjusted == {"cut": 1}
    assert encode([[1]], depth=1) == '["…"]'


def test_what_is_too_wide_is_cut() -> None:
    doubling: list[Any] = [0]
    for _ in range(9):
        doubling = [doubling] * 10
    text = encode(doubling)
    assert text.count("0") <= MOST and '"…"' in text
    assert encode(range(MOST + 5)).endswith('"…"]')
    wide = json.loads(encode({n: n for n in range(MOST)}))
    assert len(wide) <= MOST // 2 + 1 and wide["…"] == "…"


def test_what_fails_has_an_encoding_too() -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError("no words")

    class Broken:
        def model_dump(self) -> object:
            raise RuntimeError("no model")

    assert encode([Mute(), Broken()]) == '["<Mute>","<Broken>"]'
    assert encode(10**5_000) == json.dumps(hex(10**5_000))


def test_what_could_not_be_said_exactly_is_reported() -> None:
    it = encoded({"a": float("nan"), 1: 2**60, "b": "\ud800"})
    assert it.adjusted == {"non_finite": 1, "keys": 1, "wide_integers": 1, "replaced": 1}
    assert encoded({"a": 1}).adjusted == {}


@pytest.mark.parametrize(
    "value",
    [2**53, 2**63, 2**64, -(2**64), 10**5_000, 2**500_000, decimal.Decimal(2**64)],
    ids=["2^53", "2^63", "2^64", "-2^64", "hexadecimal", "beyond spelling", "decimal"],
)
def test_an_integer_of_any_width_that_becomes_a_text_is_counted(value: object) -> None:
    it = encoded({"n": value})
    assert isinstance(json.loads(it.json)["n"], str)
    assert it.adjusted == {"wide_integers": 1}
