"""Routing tables, and who answers."""

from __future__ import annotations

from typing import Any

import pytest

from pamlink import UsageError
from pamlink.sansio import Decision, Router

from . import seed


def run(file: Any) -> int:
    """The tables of a file are refused, or its steps are taken."""
    if "refused" in file:
        for case in file["refused"]:
            _refused(case)
        return len(file["refused"])
    table = file["table"]
    router = Router(None if table == "default" else table, seed=seed(1))
    tickets: dict[str, int] = {}
    for step in file["steps"]:
        _step(router, tickets, step)
    return len(file["steps"])


def _refused(case: Any) -> None:
    text = case["text"] if isinstance(case["text"], str) else "".join(case["text"])
    with pytest.raises(UsageError) as refused:
        Router(text, seed=seed(1))
    assert refused.value.name == "bad_routes"
    for fault in case["faults"]:
        assert fault in refused.value.message


def _step(router: Router, tickets: dict[str, int], step: Any) -> None:
    now = step.get("at_ms", 0) * 1_000_000
    if "finish" in step:
        ticket = tickets[step["finish"]]
        result: Any = router.finished(ticket, step["outcome"], mono_nanos=now)
    elif "replace" in step:
        result = dict(zip(("kept", "added", "removed"), router.replace(step["replace"]), strict=True))
    else:
        query = step["query"]
        decision = router.route(
            query.get("text", ""),
            agent=query.get("agent"),
            kind=query.get("type", "chat"),
            intent=query.get("intent"),
            mono_nanos=now,
        )
        result = _plain(decision, step["expect"])
        assert (decision.ticket is None) == (decision.refused is not None), step
        if "ticket" in step:
            assert decision.ticket is not None, step
            tickets[step["ticket"]] = decision.ticket
    assert result == step["expect"], step


def _plain(decision: Decision, wanted: Any) -> dict[str, Any]:
    """A decision in the words of the file."""
    fallback = {"from": decision.fallback_from, "why": decision.fallback_why}
    wait = decision.retry_after
    members = {
        "agent": decision.agent,
        "because": decision.because,
        "word": decision.word,
        "fallback": fallback if decision.fallback_from is not None else None,
        "refused": decision.refused,
        "retry_after_ms": None if wait is None else round(wait * 1_000),
        "unknown_intent": decision.unknown_intent or None,
        "module": decision.module if "module" in wanted else None,
        "version": decision.version if "version" in wanted else None,
    }
    return {name: value for name, value in members.items() if value is not None}
