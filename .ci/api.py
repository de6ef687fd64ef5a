#!/usr/bin/env python3
"""Writes docs/reference/api.md, the index of public names, from the docstrings; with --check it compares only."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "api.md"
MODULES = {
    "deepseek": "Models, optimizers, schedules, losses, callbacks, errors",
    "deepseek.tables": "Tables and reports",
    "deepseek.metrics": "Metrics",
    "deepseek.plot": "Plots",
    "deepseek.datasets": "Bundled data sets",
    "deepseek.sklearn": "Estimators for scikit-learn",
    "deepseek.torch": "Exchange with PyTorch",
    "deepseek.onnx": "Exchange with ONNX",
    "deepseek.cuda": "CUDA",
}
HEAD = """# Public names

Every public name with the first sentence of its docstring; `help(deepseek.Net)` shows all of it.
`.ci/api.py` writes this page, and CI compares it with the package.
"""


def summary(thing: Any) -> str:
    """The first paragraph of a docstring on one line."""
    text = inspect.getdoc(thing) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


def methods(thing: type) -> list[str]:
    """Lines for the public methods and properties of a class: its own, and those of private bases."""
    own = [base for base in thing.__mro__ if base is thing or "._" in base.__module__]
    names = {name for base in own for name in vars(base) if not name.startswith("_")} - {"to_config"}
    found = []
    for name in sorted(names):
        member = inspect.getattr_static(thing, name)
        if isinstance(member, (property, classmethod, staticmethod)) or inspect.isroutine(member):
            found.append(f"  - `{name}`: {summary(getattr(thing, name))}")
    return found


def section(module_name: str, title: str) -> list[str]:
    """The lines of one module."""
    module = importlib.import_module(module_name)
    lines = [f"\n## {title} (`{module_name}`)\n"]
    for name in module.__all__:
        thing = getattr(module, name)
        if name.startswith("__") or inspect.ismodule(thing):
            continue
        lines.append(f"- **`{name}`**: {summary(thing)}")
        if inspect.isclass(thing):
            lines += methods(thing)
    return lines


def main() -> int:
    """Write the page, or compare it."""
    page = HEAD + "\n".join(line for name, title in MODULES.items() for line in section(name, title)) + "\n"
    if "--check" not in sys.argv:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == page:
        return 0
    print("docs/reference/api.md differs from the docstrings: run .ci/api.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
