"""Single rooms of the engine: backoff, tokens, and the tables of errors and states."""

from __future__ import annotations

import json
import re
from typing import Any

from pamlink import HS256, JWKS, AuthError
from pamlink import errors as tree
from pamlink.sansio import (
    TokenVerifier,
    backoff_delays,
    error_codes,
    read_target,
    state_tables,
)

from . import seed


def backoff(file: Any) -> int:
    for case in file["cases"]:
        assert backoff_delays(seed(case["seed"]), case["hints_ms"]) == case["delays_ns"], case
    return len(file["cases"])


def jwt(file: Any) -> int:
    verifiers = {
        "secret": TokenVerifier(HS256(file["secret"].encode())),
        "jwks": TokenVerifier(JWKS(json.dumps(file["jwks"]))),
    }
    for case in file["cases"]:
        try:
            now = file["now"] * 1_000_000
            claims = verifiers[case["keys"]].verify(case["token"], wall_micros=now)
            assert claims.subject == "u-1"
            said = "ok"
        except AuthError as error:
            said = error.name
            assert case["token"] not in repr(error) or not case["token"]
        wanted = case["expect"].split(" ")[0]
        assert said == re.sub("(?<!^)([A-Z])", r"_\1", wanted).lower(), case
    return len(file["cases"])


def targets(file: Any) -> int:
    for case in file["cases"]:
        read = read_target(case["target"])
        found = (None, None) if read is None else (read.user, read.token)
        assert found == (case["user"], case["token"]), case
        assert (read and read.max_message) == case.get("max_message"), case
        assert case["token"] is None or f"'{case['token']}'" not in repr(read), case
    return len(file["cases"])


def states(file: Any) -> int:
    tables = state_tables()
    cases = 0
    for end in ("client", "server"):
        for name, row in file[end]["inputs"].items():
            assert tables[end]["inputs"][name] == row, (end, name)
            cases += 1
    assert tables == file
    return cases


def errors(file: Any) -> int:
    """The library's table and this package's are the file, and each number has its class."""
    wanted = [(it["code"], it["name"], it["class"], it["retryable"]) for it in file["codes"]]
    assert error_codes() == wanted
    assert list(tree.CODES) == wanted
    classes = {
        "usage": tree.UsageError,
        "busy": tree.BusyError,
        "link": tree.LinkError,
        "auth": tree.AuthError,
        "answer": tree.AnswerError,
        "internal": tree.InternalError,
    }
    for code, name, kind, retryable in wanted:
        error = tree.error(code, "why")
        assert isinstance(error, classes[kind]), name
        found = (error.code, error.name, error.kind, error.retryable)
        assert found == (code, name, kind, retryable)
    return len(wanted)
