"""Every function that a header of core/ declares is called from csrc."""

from __future__ import annotations

import re
from pathlib import Path

from codebase.tree import code, native_files

KEYWORDS = "return|else|case|throw|new|delete|co_return|goto|operator"
_DECLARATION = re.compile(
    rf"^\s*(?:\[\[[\w:]+\]\]\s*)?(?!(?:{KEYWORDS})\b)(?:[\w:<>,*&\[\]]+\s+)+[*&]*(?:\w+::)*([A-Za-z_]\w*)\("
)
"""A line that declares or defines a function: a type, then the function's name and a bracket."""


def declared(text: str) -> set[str]:
    lines = text.splitlines()
    return {match[1] for line in lines if (match := _DECLARATION.match(line)) and not match[1].isupper()}


def called(name: str, texts: list[str]) -> bool:
    """Whether some line names the function without declaring it."""
    for text in texts:
        for match in re.finditer(rf"\b{name}\b", text):
            line = text[text.rfind("\n", 0, match.start()) + 1 : text.find("\n", match.end())]
            declaration = _DECLARATION.match(line)
            if not declaration or declaration[1] != name or line.count(name) > 1:
                return True
    return False


def dead(header: Path) -> list[str]:
    """Functions of a header that nobody calls. Those of an inner namespace are called by their qualified names."""
    inner = re.search(r"namespace ds::(\w+)", code(header))
    own = [code(path) for path in native_files() if path.stem == header.stem]
    every = [code(path) for path in native_files()]
    names = sorted(declared(code(header)))
    if inner:
        return [name for name in names if not (called(f"{inner[1]}::{name}", every) or called(name, own))]
    return [name for name in names if not called(name, every)]


def test_every_function_of_core_is_called() -> None:
    headers = [path for path in native_files("core") if path.suffix == ".h"]
    assert sum(len(declared(code(header))) for header in headers) > 60, "finds no declarations"
    found = {header.name: dead(header) for header in headers}
    assert not {name: functions for name, functions in found.items() if functions}


def test_a_dead_function_is_found() -> None:
    header = "double used(double x);\ninline double unused(double x) { return x; }\n"
    source = "double used(double x) {\n    return x;\n}\nint main() { return int(used(1.0)); }\n"
    assert declared(header) == {"used", "unused"}
    assert called("used", [header, source])
    assert not called("unused", [header, source])
