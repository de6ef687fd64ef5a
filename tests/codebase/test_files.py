"""One idea a file, said at its head; no machine's paths; no letter after the 120th column."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from codebase.tree import PACKAGE, ROOT, native_files, python_files

LONGEST = 300  # most are 60 to 250
COLUMNS = 120
SOURCES = [*native_files(), *python_files(), *python_files(ROOT / "tests")]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_size(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST, f"{len(lines)} lines: more than one idea?"
    wide = [number for number, line in enumerate(lines, 1) if len(line) > COLUMNS]
    assert not wide, f"lines {wide} are over {COLUMNS} columns"


@pytest.mark.parametrize("path", native_files(), ids=name)
def test_head(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("// "), "a file opens with what it is"
    if path.suffix in (".h", ".cuh"):
        assert "#pragma once" in text


def test_python_modules_say_what_they_are() -> None:
    without = [name(p) for p in python_files() if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))]
    assert not without


def test_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
    assert (PACKAGE / "_core.pyi").is_file()


def test_presets() -> None:
    presets = json.loads((ROOT / "CMakePresets.json").read_text())
    names = {preset["name"] for preset in presets["configurePresets"]}
    assert {"dev", "release", "asan", "tsan", "cuda"} <= names
