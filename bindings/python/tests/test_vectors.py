"""The files that every language runs."""

from __future__ import annotations

import pytest
import vectors


@pytest.mark.parametrize("path", vectors.files())
def test_every_case_of_a_file_holds(path: str) -> None:
    run = vectors.runner(path)
    assert run is not None, f"nobody runs {path}"
    cases = run(vectors.read(path))
    assert cases > 0, f"{path} has no case"
    print(f"\nvectors python {path} {cases}")


def test_there_are_files_and_a_stranger_is_noticed() -> None:
    assert len(vectors.files()) > 20
    assert vectors.runner("engine/any.json") is not None
    for stranger in ("any.json", "engine/deeper/any.json", "engine/any.txt"):
        assert vectors.runner(stranger) is None
