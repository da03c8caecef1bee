"""The programs that README.md shows do what it says."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from conftest import PATH, SECRET, SOON, serving, token
from test_examples import PACKAGE, load


async def test_the_chat_of_readme_is_answered_by_its_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jwt.secret").write_bytes(SECRET)
    monkeypatch.chdir(tmp_path)
    async with serving(load("server").app) as address:
        chat = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(PACKAGE / "examples" / "chat.py"),
            f"ws://{address}{PATH}ann",
            token("ann"),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await asyncio.wait_for(chat.communicate(), 3 * SOON)
    assert (chat.returncode, said.decode()) == (0, "Trip Planner is on it")
