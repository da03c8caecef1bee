"""The packed layout and its schema."""

from __future__ import annotations

from typing import Any

from pamlink import _layout, events, sansio
from pamlink._records import CLASSES
from pamlink._table import ABI, RECORDS

from .record import made, plain, wanted


def schema(file: Any) -> int:
    """The table of this package, and the classes made by it, are those of the schema."""
    assert file["abi"] == ABI
    ours = [
        {
            "kind": kind,
            "name": name,
            "from": by,
            "words": words.split(),
            "texts": texts.split(),
        }
        for kind, name, by, words, texts in RECORDS
    ]
    assert file["records"] == ours
    classes = CLASSES | {kind: made for made, kind in sansio._KINDS.items()}
    for kind, *_ in RECORDS:
        assert list(classes[kind].__slots__) == _layout.members(kind), kind
    return len(ours)


def records(file: Any) -> int:
    """What a host says is written so; what an engine says is read so."""
    for case in file:
        packed = bytes.fromhex(case["hex"])
        if case["record"] is None:
            (record,) = sansio.read_records(packed)
            assert record == events.UnknownEvent(case["kind"], packed)
            continue
        kind, members, end = _layout.read_raw(packed, 0)
        assert (kind, end) == (_layout.KINDS[case["record"]], len(packed))
        if kind < 100:
            record = made(case["record"], case)
            assert sansio.pack([record]) == packed, case
            assert plain(record) == wanted(case)
        else:
            (record,) = sansio.read_records(packed)
            assert plain(record) == _with_flags(wanted(case), type(record)), case
        raw = {name: it.hex() if isinstance(it, bytes) else it for name, it in members.items()}
        assert {"record": case["record"]} | raw == wanted(case)
    return len(file)


def _with_flags(case: dict[str, Any], made: Any) -> dict[str, Any]:
    """A record as it reads where a word is a flag: true for any number but 0."""
    flags = {name for name, type_ in made.__annotations__.items() if type_ == "bool"}
    return {name: it != 0 if name in flags else it for name, it in case.items()}
