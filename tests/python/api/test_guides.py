"""The Python blocks of every guide run as printed, one after another, in an empty folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
GUIDES = sorted((ROOT / "docs" / "guide").glob("*.md"))
EXTRAS = {"sklearn.md": "sklearn"}
PAGES = [pytest.param(path, marks=pytest.mark.peers) if path.name in EXTRAS else path for path in GUIDES]


def blocks(path: Path) -> list[str]:
    """The Python blocks of a page; line numbers in a traceback are those of the page."""
    text = path.read_text(encoding="utf-8")
    found = re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return ["\n" * text.count("\n", 0, match.start(1)) + match[1] for match in found]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_guide_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if path.name in EXTRAS:
        pytest.importorskip(EXTRAS[path.name])
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "guide"}
    for block in blocks(path):
        exec(compile(block, str(path), "exec"), names)


def test_every_guide_is_found() -> None:
    assert {path.name for path in GUIDES} >= {
        "cli.md",
        "gen.md",
        "net.md",
        "rec.md",
        "sklearn.md",
        "tables.md",
    }
    assert all(blocks(path) for path in GUIDES if path.name != "cli.md")
