"""The frames of one connection."""

from __future__ import annotations

from typing import Any

from pamlink import PamlinkError
from pamlink.sansio import FrameCodec

from . import seed
from .record import plain, wanted


def run(file: Any) -> int:
    """Each case has a codec of its own, and reads or writes."""
    for case in file["cases"]:
        codec = FrameCodec(
            client=file["client"],
            max_message_bytes=file["max_message_bytes"],
            seed=seed(file["seed"]),
        )
        if "parts" in case:
            read = [event for part in case["parts"] for event in codec.read(bytes.fromhex(part))]
            assert [plain(event) for event in read] == [wanted(it) for it in case["events"]], case
        else:
            assert [_write(codec, it) for it in case["write"]] == case["bytes"], case["name"]
    return len(file["cases"])


def _write(codec: FrameCodec, what: dict[str, Any]) -> str | int:
    ((kind, it),) = what.items()
    try:
        match kind:
            case "text":
                return codec.text(it).hex()
            case "binary" | "ping" | "pong":
                return getattr(codec, kind)(bytes.fromhex(it)).hex()
            case "fragment":
                data = bytes.fromhex(it["bytes"])
                return codec.fragment(data, text=it["text"], fin=it["fin"]).hex()
            case "close":
                return codec.close(it["code"], it["reason"]).hex()
    except PamlinkError as error:
        return error.code
    raise AssertionError(f"nothing writes {what}")
