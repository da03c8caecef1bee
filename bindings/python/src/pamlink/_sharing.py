"""Whether one task may answer several requests, one after the other.

A task costs more than most handlers, so those that do not wait share one. That is safe while no
handler has kept the task that it ran in: it would cancel the next one's. Whether one has is seen by the
count of references, which not every interpreter keeps, or keeps alike.
"""

from __future__ import annotations

import sys
from typing import Any


class Watch:
    """A task that is watched while handlers run in it."""

    __slots__ = ("_references", "_task")

    def __init__(self, task: Any) -> None:
        self._task = task
        self._references = 0

    def begin(self) -> None:
        """Whoever keeps it now may. Apart from the making, whose arguments are references, too."""
        self._references = self._count()

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has kept the task since it began, or cancelled it."""
        # A task that does not say whether it is to be cancelled may be.
        return self._count() == self._references and not getattr(self._task, "_must_cancel", True)

    def _count(self) -> int:
        # In one place: how many references belong to the look itself depends on the place.
        return sys.getrefcount(self._task)


class _Probe:
    """Stands for a task that nobody has cancelled."""

    _must_cancel = False


def can_watch() -> bool:
    """Whether a watch sees in this interpreter that something is kept, and that it is not: by trying."""
    # Without a global lock the count is of one moment, and other threads have theirs.
    if not getattr(sys, "_is_gil_enabled", lambda: True)() or not hasattr(sys, "getrefcount"):
        return False
    probe = _Probe()
    watch = Watch(probe)
    watch.begin()
    seen = [watch.is_untouched]
    kept = [probe]
    seen.append(watch.is_untouched)
    kept.clear()
    seen.append(watch.is_untouched)
    return seen == [True, False, True]


CAN_WATCH = can_watch()
"""Without it every request has a task of its own."""
