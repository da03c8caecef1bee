"""Tests that print their results as `ok N name` and `not ok N name`."""

import asyncio
import traceback

_tests = []


def test(name, limit=15.0):
    """Adds a coroutine function as a test; it fails when it raises or takes longer."""

    def add(body):
        _tests.append((name, body, limit))
        return body

    return add


def check(holds, what):
    """Fails with `what` unless `holds`."""
    if not holds:
        raise AssertionError(what)


def same(found, expected, what="value"):
    """Fails unless both are equal."""
    check(found == expected, f"{what}: expected {expected!r}, found {found!r}")


async def run():
    """Runs all tests in order; whether all passed."""
    failed = 0
    for number, (name, body, limit) in enumerate(_tests, 1):
        try:
            await asyncio.wait_for(body(), limit)
            print(f"ok {number} {name}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)
    return failed == 0
