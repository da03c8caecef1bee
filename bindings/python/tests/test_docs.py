"""The reference builds from the docstrings, and every public name has one."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import pamlink

FOLDER = Path(pamlink.__file__).parent
MODULES = ["pamlink"] + sorted(
    f"pamlink.{path.stem}" for path in FOLDER.glob("*.py") if not path.stem.startswith("_")
)


def test_the_reference_builds(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pdoc", "-o", tmp_path, *MODULES],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for module in MODULES[1:]:
        page = tmp_path / (module.replace(".", "/") + ".html")
        assert page.stat().st_size > 1_000, module


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_says_what_it_is(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    for where, thing in _public(module):
        assert inspect.getdoc(thing), f"{where} has no docstring"


def _public(module: ModuleType) -> list[tuple[str, Any]]:
    """What a module itself defines: its functions, its classes and their methods."""
    found = []
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing) or inspect.isclass(thing):
            found.append((f"{module.__name__}.{name}", thing))
        if inspect.isclass(thing):
            for member, inside in vars(thing).items():
                inner = inside.fget if isinstance(inside, property) else inside
                if not member.startswith("_") and inspect.isfunction(inner):
                    # A method of a transport is described where the protocol is.
                    found.append((f"{module.__name__}.{name}.{member}", getattr(thing, member)))
    return found
