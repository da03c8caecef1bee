"""The table of options: what the engine takes, what it refuses, and that this package has each."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from pamlink import HS256, JWKS, ClientOptions, HubOptions, UsageError

from .engine import machine

NOT_IN_THE_TABLE = {
    "client": set(),
    "hub": {"routes"},
    "auth": {"secret", "document", "audience"},
}
"""What decides itself what it may be: keys, a routing table, an audience."""
ARGUMENTS = {"client": {"anonymous"}, "hub": set(), "auth": set()}
"""What is an argument of `Client` and `ClientEngine` here."""


def options(file: Any) -> int:
    """Every option of the table is one of this package, and no other is."""
    for of, classes in (("client", [ClientOptions]), ("hub", [HubOptions]), ("auth", [HS256, JWKS])):
        table = {it["name"].removesuffix("_ms") for it in file["cases"] if it["of"] == of}
        for cls in classes:
            ours = {it.name for it in fields(cls)}
            assert ours - NOT_IN_THE_TABLE[of] == table - ARGUMENTS[of], cls
    for case in file["cases"]:
        if "lowest" in case:
            for bound in ("lowest", "highest", "default"):
                made_with(case, case[bound])
            for refused in case["refused"]:
                with pytest.raises(UsageError) as error:
                    made_with(case, refused["value"])
                assert (error.value.name, error.value.message) == ("bad_option", refused["says"])
    return len(file["cases"])


def made_with(case: Any, value: int) -> None:
    """Makes a machine with this option."""
    options: dict[str, Any] = {case["name"]: value}
    kind = case["of"]
    if kind == "client":
        options["url"] = "ws://h/"
    elif kind == "auth":
        kind, options = "hub", {"auth": {"hs256_secret": "07" * 32, **options}}
    machine({"kind": kind, "seed": 1, "options": options}, 0, 0)
