"""The build backend: maturin, with the generator that it wants on its path.

The package has a module that UniFFI generates from the library. maturin calls `uniffi-bindgen` for it,
which is a program of the library's own version: it is built here first, with the same Rust.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import maturin
from maturin import (
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

Settings = Mapping[str, Any] | None

PACKAGE = Path(__file__).parents[1]
# In a checkout the generator is for all languages; an sdist has one of its own.
CHECKOUT, SDIST = PACKAGE.parent / "bindgen", PACKAGE / "bindgen"
NAME = "uniffi-bindgen.exe" if sys.platform == "win32" else "uniffi-bindgen"


def build_wheel(folder: str, settings: Settings = None, metadata: str | None = None) -> str:
    """As PEP 517 says."""
    return _with_generator(maturin.build_wheel, folder, settings, metadata)


def build_editable(folder: str, settings: Settings = None, metadata: str | None = None) -> str:
    """As PEP 660 says."""
    return _with_generator(maturin.build_editable, folder, settings, metadata)


def _with_generator(build: Callable[..., str], *args: object) -> str:
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(_generator().parent), before])
    try:
        return build(*args)
    finally:
        os.environ["PATH"] = before


def _generator() -> Path:
    """Builds the generator, unless it is there. Where that fails, so does the build of the package."""
    shared = (CHECKOUT / "Cargo.toml").exists()
    source, root = (CHECKOUT, PACKAGE.parents[1]) if shared else (SDIST, PACKAGE)
    # Where `cargo xtask` has it, too.
    target = Path(os.environ.get("CARGO_TARGET_DIR") or root / "target") / "tools" / "bindgen"
    print(f"building {NAME} in {target}", flush=True)
    command = ["cargo", "build", "--locked", "--manifest-path", source / "Cargo.toml"]
    subprocess.run([*command, "--target-dir", target], check=True, stdout=sys.stderr)
    return target.resolve() / "debug" / NAME
