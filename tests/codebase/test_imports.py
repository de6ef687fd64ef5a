"""Who may import whom in Python (ARCHITECTURE.md), from the syntax tree; what only type checkers read is left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from codebase.tree import PACKAGE, ROOT, python_files

EDGES: dict[str, set[str]] = {
    "_config": set(),
    "_metrics": set(),
    "_tables": {"_config"},
    "_data": {"_config"},
    "_net": {"_config"},
    "_training": {"_config", "_data"},
    "_rec": {"_config", "_data", "_metrics", "_net", "_training"},
    "_io": {"_config", "_training"},
    "_interop": {"_config", "_data", "_net", "_rec", "_training"},
    "_gen": {"_config", "_data", "_interop", "_metrics", "_net", "_training"},
    "_tabular": {"_config", "_data", "_interop", "_io", "_net", "_tables", "_training"},
    "_tabular_report": {"_io", "_tabular"},
    "_report": {"_config", "_data", "_interop", "_metrics", "_net", "_tables", "_training"},
}
"""The private folders that each private folder imports when it is loaded, also by way of public modules."""

DEFERRED: dict[str, set[str]] = {
    # The base of all models saves itself; the file format stays unloaded until then.
    "_training.base": {"_io.writer"},
    "_io.load": {"_io.reader"},
    # Conversions, their counterparts and other libraries are loaded on request.
    "_interop.exportable": {"onnx", "torch"},
    "onnx": {"_interop.dense", "_interop.onnx_writer", "_io.atomic", "_tabular.onnx_writer", "tabular"},
    "torch": {"_interop.dense", "_interop.torch_reader", "_interop.torch_recurrent", "_interop.torch_writer"},
    # A Gen loads tables and the report only if the user has a table or asks for a report.
    "_gen.data": {"_tables.transformer"},
    "_gen.model": {"_tables.transformer"},
    "_gen.generative": {"_report.report"},
    # Only a fit with validation_fraction needs the splits; only a plot needs matplotlib's side.
    "_data.rows": {"datasets"},
    "datasets._penguins": {"_tables.read"},
    "history": {"plot"},
    "tabular": {"_io.writer", "_tabular_report.python_report", "onnx"},
    "_report.data": {"_report.plot", "_report.text"},
}
"""Imports inside functions; they may run against the direction. `cli` and `bench` are left out: they defer most."""

PEERS = {"torch", "jax", "sklearn"}
AT_HOME = {"torch": {"torch.py", "_interop"}, "sklearn": {"sklearn"}}
"""Where a peer is named besides benchmarks: what goes over to it, and is imported on request only."""


def for_type_checkers(node: ast.AST) -> bool:
    """Whether this is `if TYPE_CHECKING`."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def imports(path: Path) -> Iterator[tuple[int, list[str], bool]]:
    """Line and dotted name, from the top, of each module that a file imports; ours begin with "deepseek".

    The third value says whether the import is deferred, that is inside a function.
    """
    package = ["deepseek", *path.relative_to(PACKAGE).parts[:-1]]

    def walk(node: ast.AST, deferred: bool) -> Iterator[tuple[int, list[str], bool]]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split("."), deferred
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = base + (node.module.split(".") if node.module else [])
            for alias in node.names:
                yield node.lineno, [*module, alias.name], deferred
        elif for_type_checkers(node):
            return
        else:
            inside = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from walk(child, inside)

    return walk(ast.parse(path.read_text(encoding="utf-8")), False)


@cache
def modules() -> dict[str, Path]:
    """Every module of the package but the package itself, by its dotted name."""
    names = {path.relative_to(PACKAGE).with_suffix("").parts: path for path in python_files()}
    dotted = {".".join(n[:-1] if n[-1] == "__init__" else n): path for n, path in names.items()}
    return {name: path for name, path in dotted.items() if name}


@cache
def imported(module: str, *, deferred: bool) -> frozenset[str]:
    """Our modules that a module imports when it is loaded, or later."""
    found = set()
    for _, name, later in imports(modules()[module]):
        if name[0] == "deepseek" and later == deferred:
            whole, parent = ".".join(name[1:]), ".".join(name[1:-1])
            found.add(whole if whole in modules() else parent)
    return frozenset(found & set(modules()))


def folder(module: str) -> str | None:
    """The private folder that a module is in; None for the public modules and what lies beside them."""
    first = module.split(".")[0]
    return first if (PACKAGE / first / "__init__.py").exists() and first.startswith("_") else None


def folders_reached(start: str) -> dict[str, str]:
    """The private folders that a folder imports, directly or through public modules, and the way to each."""
    found: dict[str, str] = {}
    ways = [[module] for module in modules() if folder(module) == start]
    seen = set()
    while ways:
        way = ways.pop()
        for target in imported(way[-1], deferred=False):
            if folder(target) is not None:
                found.setdefault(str(folder(target)), " → ".join([*way, target]))
            elif target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return {room: way for room, way in found.items() if room != start}


def test_every_private_folder_is_known() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("_*/__init__.py")}
    assert folders == set(EDGES), "a new folder: say in EDGES and in ARCHITECTURE.md what it may import"


@pytest.mark.parametrize("name", sorted(EDGES))
def test_private_folders_import_in_one_direction(name: str) -> None:
    reached = folders_reached(name)
    assert not [way for target, way in reached.items() if target not in EDGES[name]]
    assert EDGES[name] == set(reached), "EDGES allows more than there is"


def test_the_map_has_no_circle() -> None:
    assert set(TopologicalSorter(EDGES).static_order()) == set(EDGES)


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {module: imported(module, deferred=False) for module in modules()}
    assert sum(map(len, graph.values())) > 300, "reads no imports"
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


def test_imports_inside_functions_are_deliberate() -> None:
    shown = [module for module in modules() if module.split(".")[0] not in ("cli", "bench")]
    found = {module: set(imported(module, deferred=True)) for module in shown}
    assert {module: targets for module, targets in found.items() if targets} == DEFERRED


@pytest.mark.parametrize("name", sorted(EDGES))
def test_private_folders_open_with_nothing(name: str) -> None:
    """So that only what is used is loaded."""
    found = [name for _, name, _ in imports(PACKAGE / name / "__init__.py")]
    assert not [name for name in found if name[0] != "__future__"]


def test_the_reference_stands_alone() -> None:
    """On NumPy, the standard library and the table of random streams: never on the compiled module."""
    assert not [
        f"{path.relative_to(ROOT)}:{line} imports {'.'.join(name)}"
        for path in python_files(PACKAGE / "reference")
        for line, name, _ in imports(path)
        if name[0] == "deepseek" and name[1] not in ("reference", "_rng_streams")
    ]
    assert not list(imports(PACKAGE / "_rng_streams.py"))


def test_peers_are_named_at_home_and_in_benchmarks_only() -> None:
    outside = [path for path in python_files() if "bench" not in path.relative_to(PACKAGE).parts]
    found = [
        (path.relative_to(PACKAGE), line, name[0]) for path in outside for line, name, _ in imports(path)
    ]
    assert not [
        f"{path}:{line}"
        for path, line, peer in found
        if peer in PEERS and path.parts[0] not in AT_HOME.get(peer, set())
    ]
