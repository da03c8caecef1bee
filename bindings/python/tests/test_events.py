"""Events are values: frozen, hashable, comparable, picklable, and narrowed by `match`."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any, get_args

import pytest

from pamlink import _records, events, outputs
from pamlink._layout import KINDS, pack
from pamlink._table import RECORDS
from pamlink.events import Message, Request

ALL = sorted(
    set(get_args(events.Event)) | set(get_args(events.HubEvent)) | {Request, events.HttpRequest},
    key=lambda made: made.__name__,
)
VALUES = {
    "int": 7,
    "bool": True,
    "float": 1.5,
    "str": '{"a": 1}',
    "State": events.State.OPEN,
    "int | None": None,
    "str | None": None,
    "float | None": 2.5,
    "bytes": b"b",
    "_Bytes": b"b",
}


def some(made: type[Any]) -> Any:
    return made(**{field.name: VALUES[field.type] for field in dataclasses.fields(made)})


def from_the_engine(text: str = "hi") -> Any:
    packed = pack(KINDS["message"], (), ("timer_expired", None, text, '{"type":"timer_expired"}'))
    ((event,), _, _) = _records.read(packed)
    return event


@pytest.mark.parametrize("made", ALL, ids=lambda made: made.__name__)
def test_an_event_is_a_value(made: type[Any]) -> None:
    event = some(made)
    assert event == some(made) and hash(event) == hash(some(made)) and len({event, some(made)}) == 1
    assert pickle.loads(pickle.dumps(event)) == event
    assert copy.deepcopy(event) == event
    for field in dataclasses.fields(made):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(event, field.name, None)
    assert not hasattr(event, "__dict__")


def test_an_event_of_the_engine_is_the_same_value() -> None:
    made = Message("timer_expired", None, "hi", '{"type":"timer_expired"}')
    for look in (
        lambda event: event == made,
        lambda event: made == event,
        lambda event: event == from_the_engine(),
        lambda event: hash(event) == hash(made),
        lambda event: repr(event) == repr(made),
        lambda event: pickle.loads(pickle.dumps(event)) == made,
        lambda event: type(pickle.loads(pickle.dumps(event))) is Message,
        lambda event: copy.copy(event) == made,
        lambda event: copy.deepcopy(event) == made,
        lambda event: dataclasses.replace(event, text="hi") == made,
        lambda event: dataclasses.asdict(event) == dataclasses.asdict(made),
        lambda event: event.envelope() == {"type": "timer_expired"},
        lambda event: event != from_the_engine("ho") and made != from_the_engine("ho"),
        lambda event: isinstance(event, Message),
        lambda event: event != 1,
    ):
        assert look(from_the_engine())
    event = from_the_engine()
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.text = "ho"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        event.nothing  # noqa: B018
    # After the first look it is one like any other.
    assert event.text == "hi" and type(event) is Message


def test_a_match_narrows() -> None:
    match from_the_engine():
        case events.Message(kind="timer_expired", text=text):
            assert text == "hi"
        case _:
            raise AssertionError


def test_texts_beyond_ascii_are_cut_where_they_end() -> None:
    texts = ("é", "漢", "x", "👩", "a", None, "", "ü", '{"é":1}')
    packed = pack(KINDS["request"], (1, 2, 1), texts)
    ((request,), _, _) = _records.read(packed)
    assert request == Request(1, 2, True, *texts)


def test_a_record_of_the_future_is_a_value() -> None:
    packed = pack(KINDS["drained"], (), ())
    strange = (12).to_bytes(4, "little") + (999).to_bytes(2, "little") + b"\0\0what"
    found, deadline, _ = _records.read(strange + packed)
    assert found == [events.UnknownEvent(999, strange), events.Drained()] and deadline is None


def test_a_state_of_the_future_is_a_number() -> None:
    ((event,), _, _) = _records.read(pack(KINDS["state_changed"], (1, 9), ("why",)))
    assert event == events.StateChanged(events.State.OPEN, 9, "why")  # type: ignore[arg-type]


def test_every_record_of_the_engine_has_a_class() -> None:
    engine = {kind for kind, _, by, _, _ in RECORDS if by == "engine"}
    assert set(_records.CLASSES) == engine


def test_what_holds_a_token_does_not_show_it() -> None:
    secret = "eyJhbGciOi.secret.token"
    for record in (
        outputs.Dial(0, True, 1, f"wss://h/?token={secret}", "h", f"/?token={secret}"),
        outputs.Authorize(1, "ann", secret),
        events.HttpRequest(1, "GET", f"/?token={secret}", f"Authorization: {secret}\n"),
    ):
        assert secret not in repr(record)
