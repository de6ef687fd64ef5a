"""Who may import whom in Python (ARCHITECTURE.md), from the syntax tree; what only type checkers read is left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from codebase.tree import PACKAGE, ROOT, python_files

# The private folders that a private folder may import. Public modules are open to all of them.
EDGES: dict[str, set[str]] = {
    "_files": set(),
    "_tables": set(),
    "_data": set(),
    "_report": {"_tables"},
    "_model": {"_data", "_files"},
    "_net": {"_data"},
    "_rec": {"_data", "_model", "_net"},
    "_gen": {"_data", "_model", "_net", "_rec", "_tables", "_report"},
    "_exchange": set(),
}
PEERS = {"torch", "jax", "sklearn"}
AT_HOME = {"torch": {"torch.py", "_exchange"}, "sklearn": {"sklearn"}}
"""Where a peer is named besides benchmarks: what goes over to it, and is imported on request only."""


def for_type_checkers(node: ast.AST) -> bool:
    """Whether this is `if TYPE_CHECKING`."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def imports(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line and dotted name, from the top, of each module that a file imports; ours begin with "deepseek"."""
    package = ["deepseek", *path.relative_to(PACKAGE).parts[:-1]]

    def walk(node: ast.AST) -> Iterator[tuple[int, list[str]]]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split(".")
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = base + (node.module.split(".") if node.module else [])
            for alias in node.names:
                yield node.lineno, [*module, alias.name]
        elif for_type_checkers(node):
            return
        else:
            for child in ast.iter_child_nodes(node):
                yield from walk(child)

    return walk(ast.parse(path.read_text(encoding="utf-8")))


def ours(folder: str) -> Iterator[tuple[str, str]]:
    """Where the files of a folder import our own modules, and which room of the package each lies in."""
    for path in python_files(PACKAGE / folder):
        for line, name in imports(path):
            if name[0] == "deepseek" and len(name) > 1:
                yield f"{path.relative_to(ROOT)}:{line}", name[1]


def test_every_private_folder_is_known() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("_*/__init__.py")}
    assert folders == set(EDGES), "a new folder: say in EDGES and in ARCHITECTURE.md what it may import"


@pytest.mark.parametrize("folder", sorted(EDGES))
def test_private_folders_import_in_one_direction(folder: str) -> None:
    found = list(ours(folder))
    assert found, "reads no imports"
    assert not [
        f"{at} imports {room}" for at, room in found if room in EDGES and room not in {folder, *EDGES[folder]}
    ]


@pytest.mark.parametrize("folder", sorted(set(EDGES) - {"_files"}))  # which is three functions and has a face
def test_private_folders_open_with_nothing(folder: str) -> None:
    """So that only what is used is loaded."""
    assert not [name for _, name in imports(PACKAGE / folder / "__init__.py") if name[0] != "__future__"]


def test_the_reference_stands_alone() -> None:
    """On NumPy and the standard library: never on the compiled module, nor on anything that may import it."""
    assert not [f"{at} imports {room}" for at, room in ours("reference") if room != "reference"]


def test_peers_are_named_at_home_and_in_benchmarks_only() -> None:
    outside = [path for path in python_files() if "bench" not in path.relative_to(PACKAGE).parts]
    found = [(path.relative_to(PACKAGE), line, name[0]) for path in outside for line, name in imports(path)]
    assert not [
        f"{path}:{line}"
        for path, line, peer in found
        if peer in PEERS and path.parts[0] not in AT_HOME.get(peer, set())
    ]
