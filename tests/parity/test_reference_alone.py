"""The reference stands alone: NumPy, the standard library and a table of constants, and nothing else of the package."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import deepseek.reference

ROOT = Path(deepseek.reference.__file__).parent


def test_imports() -> None:
    files = sorted(ROOT.rglob("*.py"))
    assert len(files) > 10
    for path in files:
        depth = len(path.relative_to(ROOT).parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                if node.module is None and [alias.name for alias in node.names] == ["_rng_streams"]:
                    continue  # the random streams, which import nothing (tests/codebase/test_imports.py)
                assert node.level <= depth, f"{path.name}: line {node.lineno} leaves the reference"
                continue
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for name in names:
                top = name.split(".")[0]
                assert top == "numpy" or top in sys.stdlib_module_names, f"{path.name}: imports {name}"
