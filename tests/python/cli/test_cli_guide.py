"""The session of docs/guide/cli.md, as typed: it prints what the guide shows, apart from the values of numbers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def session() -> str:
    text = (ROOT / "docs" / "guide" / "cli.md").read_text(encoding="utf-8")
    (block,) = re.findall(
        r"<!-- session: begin -->\n+```console\n(.*?)^```\n+<!-- session: end -->", text, re.M | re.S
    )
    return block


def without_numbers(text: str) -> list[str]:
    """Lines without digits, bars and padding; the order of the importances depends on the recipe of the model."""
    lines = [re.sub(r"[\d.,%]+|[ ─]+", "#", line) for line in text.splitlines()]
    return [line for line in lines if "±" not in line and "less#important" not in line]


@pytest.mark.slow
def test_the_session_runs_as_typed(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "python").symlink_to(ROOT / "python")
    parts = re.split(r"^\$ (.*)\n", session(), flags=re.M)
    commands, shown = parts[1::2], parts[2::2]
    assert parts[0] == "" and len(commands) == 5
    assert commands[0] == ". .venv/bin/activate && pip install -q '.[plot]'" and shown[0] == ""
    for command, expected in zip(commands[1:], shown[1:], strict=True):
        line = f'deepseek() {{ "{sys.executable}" -m deepseek "$@"; }}; {{ {command} ; }} 2>&1'
        ran = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert without_numbers(ran.stdout) == without_numbers(expected), command
