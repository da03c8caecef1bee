"""How each file of `tests/vectors` is run. A runner returns how many cases it has run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[[Any], int]

FOLDER = Path(
    os.environ.get("PAMLINK_VECTORS") or Path(__file__).parents[4] / "tests" / "vectors"
)


def files() -> list[str]:
    """Every file, by its path within the folder."""
    return sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.json"))


def read(path: str) -> Any:
    """What a file says."""
    return json.loads((FOLDER / path).read_text(encoding="utf-8"))


def runner(path: str) -> Run | None:
    """Who runs the file of this path."""
    from . import engine, frames, options, packed, rooms, routing, texts, transcripts, window

    exact: dict[str, Run] = {
        "backoff.json": rooms.backoff,
        "errors.json": rooms.errors,
        "jwt.json": rooms.jwt,
        "options.json": options.options,
        "states.json": rooms.states,
        "targets.json": rooms.targets,
        "packed/records.json": packed.records,
        "packed/schema.json": packed.schema,
        "values/values.json": texts.values,
        "values/writers.json": texts.writers,
    }
    folders: dict[str, Run] = {
        "engine": engine.run,
        "envelopes": texts.envelopes,
        "frames": frames.run,
        "routing": routing.run,
        "transcripts": transcripts.run,
        "window": window.run,
    }
    folder, _, name = path.rpartition("/")
    if not name.endswith(".json"):
        return None
    return exact.get(path) or folders.get(folder)


def seed(number: int) -> bytes:
    """The seed of a number."""
    return number.to_bytes(8, "little") + bytes(24)
