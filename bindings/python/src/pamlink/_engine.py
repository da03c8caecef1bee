"""What a client's and a hub's engine have in common."""

from __future__ import annotations

import os
import threading
from typing import Any, NoReturn

from . import _native, _records
from .errors import PamlinkError, UsageError, error


class Unique:
    """An object of the engine. There is one of each: a copy would be the same one, twice."""

    __slots__ = ()

    def __copy__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be copied: it is one engine")

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        self.__copy__()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled: it is one engine")

    def __reduce__(self) -> NoReturn:
        self.__reduce_ex__(0)


# How many forks lie between the first process and this one.
_forks = 0


def _forked() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


class Stepped(Unique):
    """An engine that steps. Any thread may call it; the steps of one engine follow one another.

    It belongs to the process that made it: what was made before a `fork` would be the same engine in
    each child, with one epoch and one series of ids.
    """

    __slots__ = ("_forks", "_handle", "_lock", "_object")

    def __init__(self, made: Any) -> None:
        # It keeps the engine that the handle names.
        self._object = made
        self._handle: int = made.handle()
        self._lock = threading.Lock()
        self._forks = _forks

    @property
    def forked(self) -> bool:
        """Whether this is another process than the one that made it."""
        return self._forks != _forks

    def _here(self) -> None:
        """It begins anew in this process."""
        self._forks = _forks

    def step_packed(self, mono_nanos: int, wall_micros: int, data: bytes) -> bytes:
        """A step on packed records. Raises `Poisoned`, and `UsageError` (`forked`)."""
        if self._forks != _forks:
            _refuse_fork()
        return _native.step(self._handle, mono_nanos, wall_micros, data, self._lock)

    def step_records(
        self,
        mono_nanos: int,
        wall_micros: int,
        data: bytes,
        unread: frozenset[int] = frozenset(),
    ) -> tuple[list[Any], int | None, str | None]:
        """A step on packed records, whose output is read: the records but those of kinds that nobody
        wants, and the deadline with its reason."""
        if self._forks != _forks:
            _refuse_fork()
        return _records.read(
            _native.step(self._handle, mono_nanos, wall_micros, data, self._lock), unread
        )


def _refuse_fork() -> NoReturn:
    raise UsageError(
        "this engine was made before a fork, in another process: make one in each", code=7
    )


def seed() -> bytes:
    """32 bytes from the operating system's source of entropy."""
    return os.urandom(32)


def given_seed(given: bytes | None) -> bytes:
    """The seed that was given, or a new one."""
    return seed() if given is None else given


def fault(record: _records.Fault) -> PamlinkError:
    """The exception for a record that the engine refused."""
    wait = record.retry_after
    return error(
        record.code,
        record.message,
        name=record.name,
        kind=record.class_,
        retryable=record.retryable,
        retry_after=None if wait is None else wait / 1e9,
    )
