"""Records as the files write them."""

from __future__ import annotations

from typing import Any

from pamlink import sansio
from pamlink._layout import KINDS, attribute
from pamlink._records import CLASSES
from pamlink._table import RECORDS

_ROWS = {name: (words.split(), texts.split()) for _, name, _, words, texts in RECORDS}
_NAMES = {made: name for name, kind in KINDS.items() if (made := CLASSES.get(kind))}
_NAMES |= {made: name for made, kind in sansio._KINDS.items() for name in KINDS if KINDS[name] == kind}


def made(name: str, members: dict[str, Any]) -> Any:
    """The record `name` of a host. What is left out is none where there may be none, else 0 or
    empty."""
    words, texts = _ROWS[name]
    values = {}
    for member in words + texts:
        plain = member.rstrip("?*")
        default: Any = None if "?" in member else 0 if member in words else ""
        value = members.get(plain, default)
        if member.endswith("*"):
            value = bytes.fromhex(value)
        values[attribute(member)] = value
    left = members.keys() - {member.rstrip("?*") for member in words + texts} - {"record", "hex"}
    assert not left, left
    inputs = {kind: made for made, kind in sansio._KINDS.items()}
    return inputs[KINDS[name]](**values)


def plain(record: Any) -> dict[str, Any]:
    """A record of either side as the files write it, without `hex`."""
    name = next(_NAMES[made] for made in type(record).__mro__ if made in _NAMES)
    words, texts = _ROWS[name]
    found: dict[str, Any] = {"record": name}
    for member in words + texts:
        value = getattr(record, attribute(member))
        found[member.rstrip("?*")] = value.hex() if member.endswith("*") else value
    return found


def wanted(case: dict[str, Any]) -> dict[str, Any]:
    """A record of a file, without what is said about it."""
    return {name: value for name, value in case.items() if name not in ("hex", "kind")} | (
        # `kind` is also the member of some records.
        {"kind": case["kind"]} if "kind" in case and case["record"] is not None else {}
    )
