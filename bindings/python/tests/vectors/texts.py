"""Envelopes, values and the frames that the engine writes."""

from __future__ import annotations

import struct
from typing import Any

from pamlink import _native
from pamlink.sansio import describe_envelope, write_frame
from pamlink.values import Encoded


def envelopes(file: Any) -> int:
    for case in file:
        said = describe_envelope(case["text"])
        if "error" in case:
            wanted = case["error"]
            assert {name: said[name] for name in ("error", "at", "expected")} == {
                "error": wanted["error"],
                "at": wanted.get("at"),
                "expected": wanted.get("expected"),
            }, case
        else:
            _envelope(case, said)
    return len(file)


def _envelope(case: Any, said: dict[str, Any]) -> None:
    absent = {"kind": None, "known": True, "id": None, "reply_to": None, "message_text": None}
    for name, default in (absent | {"mismatches": []}).items():
        assert said[name] == case.get(name, default), (name, case)
    for name in ("unix_micros", "time_form", "extra", "encoded"):
        assert name not in case or said[name] == case[name], (name, case)
    for name, spelled in case.get("fields", {}).items():
        assert said["fields"][name] == spelled, (name, case)


def values(file: Any) -> int:
    for case in file:
        packed = b"".join(_pack(case["value"]))
        it = _native.call(_native.native.encode_value, packed, case.get("depth", 10))
        wanted = Encoded(case["json"], case.get("adjusted", {}))
        assert Encoded(it.json, it.adjusted) == wanted, case["name"]
    return len(file)


def _pack(value: Any) -> list[bytes]:
    """A value of the file in the tagged layout, tag by tag: some have no object in Python."""
    ((kind, it),) = value.items()
    numbers = {"int": "<Bq", "uint": "<BQ", "float": "<Bd", "time_micros": "<Bq"}
    tags = {"int": 3, "uint": 4, "float": 5, "time_micros": 10, "duration_nanos": 11}
    if kind in tags:
        number = float(it) if kind == "float" else int(it)
        return [struct.pack(numbers.get(kind, "<BQ"), tags[kind], number)]
    match kind:
        case "null":
            return [b"\0"]
        case "bool":
            return [b"\2" if it else b"\1"]
        case "text" | "raw":
            return [_counted(6 if kind == "text" else 14, it.encode())]
        case "wtf8" | "bytes":
            return [_counted(8 if kind == "wtf8" else 9, bytes.fromhex(it))]
        case "utf16":
            return [struct.pack(f"<BI{len(it)}H", 7, len(it), *it)]
        case "list":
            return [struct.pack("<BI", 12, len(it)), *(part for item in it for part in _pack(item))]
        case "map":
            parts = [part for pair in it for item in pair for part in _pack(item)]
            return [struct.pack("<BI", 13, len(it)), *parts]
        case "nested":
            return [struct.pack("<BI", 12, 1)] * it["levels"] + _pack(it["inside"])
    raise AssertionError(f"no value is {kind}")


def _counted(tag: int, data: bytes) -> bytes:
    return struct.pack("<BI", tag, len(data)) + data


def writers(file: Any) -> int:
    for case in file:
        frame = write_frame(case["frame"], int(case["now_micros"]), case["args"])
        assert frame == case["json"], case["name"]
    return len(file)
