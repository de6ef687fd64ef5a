"""One idea a file, said at its head; no machine's paths; no letter after the 120th column."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from codebase.tree import PACKAGE, ROOT, native_files, python_files

LONGEST = 400  # most are 60 to 250
COLUMNS = 120
SOURCES = [*native_files(), *python_files(), *python_files(ROOT / "tests")]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_sizes() -> None:
    long = {name(path): lines for path in SOURCES if (lines := len(text(path).splitlines())) > LONGEST}
    assert not long, "more than one idea?"


def test_columns() -> None:
    """Code is formatted to 110 columns; a comment or a message may run on a little. Python's are ruff's affair."""
    lines = [(path, n, line) for path in native_files() for n, line in enumerate(text(path).splitlines(), 1)]
    assert not [f"{name(path)}:{n}: {len(line)}" for path, n, line in lines if len(line) > COLUMNS]


def test_heads() -> None:
    alone = [path for path in native_files() if path.suffix != ".cpp" or not path.with_suffix(".h").exists()]
    headless = [name(path) for path in alone if not text(path).startswith("// ")]
    assert not headless, "a file opens with what it is"
    headers = [path for path in native_files() if path.suffix in (".h", ".cuh")]
    assert not [name(path) for path in headers if "#pragma once" not in text(path)]


def test_python_modules_say_what_they_are() -> None:
    without = [name(p) for p in python_files() if not ast.get_docstring(ast.parse(text(p)))]
    assert not without


def test_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
    assert (PACKAGE / "_core" / "__init__.pyi").is_file()


def test_presets() -> None:
    presets = json.loads((ROOT / "CMakePresets.json").read_text())
    names = {preset["name"] for preset in presets["configurePresets"]}
    assert {"dev", "release", "asan", "tsan", "cuda"} <= names
