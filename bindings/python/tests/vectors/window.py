"""The duplicate window by itself."""

from __future__ import annotations

from typing import Any

from pamlink.sansio import DuplicateWindow

from . import seed


def run(file: Any) -> int:
    """Every step, and how many messages are held after it."""
    content = file["content_age_ms"]
    window = DuplicateWindow(
        max_entries=file["max_entries"],
        max_age=file["max_age_ms"] / 1_000,
        content_age=None if content is None else content / 1_000,
        max_result_bytes=file["max_result_bytes"],
        seed=seed(file["seed"]),
    )
    for step in file["steps"]:
        ((verb, it),) = [(verb, step[verb]) for verb in ("check", "complete", "forget") if verb in step]
        user, id_, said = it["user"], it["id"], it["content"]
        found: str | bool
        match verb:
            case "check":
                verdict = window.check(user, id_, said, mono_nanos=step["at_ms"] * 1_000_000)
                found = verdict.verdict
                if verdict.result is not None:
                    found += ":" + verdict.result.decode()
            case "complete":
                found = window.complete(user, id_, it["result"].encode(), said)
            case _:
                found = window.forget(user, id_, said)
        assert found == step["expect"], step
        assert len(window) == step["size"], step
    return len(file["steps"])
