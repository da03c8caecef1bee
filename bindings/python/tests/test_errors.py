"""Errors are a tree with numbers that never change. (The table is held by `test_vectors`.)"""

from __future__ import annotations

import copy
import pickle

import pytest

import pamlink
from pamlink import errors
from pamlink.events import Rejected


def test_an_error_says_what_to_do() -> None:
    with pytest.raises(pamlink.PamlinkError) as raised:
        raise errors.error(20, "too many", retry_after=1.5)
    error = raised.value
    assert isinstance(error, pamlink.BusyError)
    assert (error.code, error.name, error.kind) == (20, "requests_full", "busy")
    assert (error.retryable, error.retry_after, error.message) == (True, 1.5, "too many")
    assert str(error) == "too many (requests_full)"


def test_a_number_of_a_newer_library_is_believed() -> None:
    error = errors.error(999, "why", name="of_the_future", kind="link", retryable=True)
    assert isinstance(error, pamlink.LinkError)
    assert (error.code, error.name, error.kind, error.retryable) == (
        999,
        "of_the_future",
        "link",
        True,
    )
    stranger = errors.error(998, "why", kind="of_the_future")
    assert type(stranger) is pamlink.PamlinkError and stranger.kind == "of_the_future"


@pytest.mark.parametrize("row", errors.CODES, ids=lambda row: row[1])
def test_errors_survive_pickle_and_copy(row: tuple[int, str, str, bool]) -> None:
    error = errors.error(row[0], "why", retry_after=2)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error) and str(again) == str(error)
        assert vars(again) == vars(error)


def test_a_rejection_keeps_what_the_server_said() -> None:
    error = pamlink.RejectedError(Rejected("X", "no", 3.0, "{}"))
    again = pickle.loads(pickle.dumps(error))
    assert again.outcome == error.outcome and again.error_code == "X"
    assert again.retryable and again.retry_after == 3.0
    assert not pamlink.RejectedError(Rejected(None, "no", None, "{}")).retryable


def test_a_provider_s_own_errors_have_their_numbers() -> None:
    assert pamlink.TokenDenied("gone").code == 32
    assert pamlink.AuthError("bad").name == "malformed"
    assert pamlink.AuthError("old", code=61).name == "expired"
