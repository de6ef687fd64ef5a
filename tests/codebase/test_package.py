"""The package as it is installed: names, version, contents, and what an import costs."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import pkgutil
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import deepseek
import pytest
from codebase.tree import PACKAGE, ROOT
from deepseek import _core

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
INSTALLED = Path(deepseek.__file__).parent
EXTRAS = {"sklearn", "onnx", "plot", "cli", "mpi", "cuda", "all", "test", "bench"}


def distribution() -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution("deepseek-nn")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("runs from a build folder, not from an installed package")


def test_version_is_one() -> None:
    assert deepseek.__version__ == _core.__version__ == PROJECT["version"]
    assert distribution().version == PROJECT["version"]


def test_requirements() -> None:
    """NumPy and safetensors, nothing else; everything more is an extra."""
    requires = distribution().requires or []
    hard = sorted(r.split(";")[0].split(">")[0].strip() for r in requires if "extra ==" not in r)
    assert hard == ["numpy", "safetensors"]
    assert set(distribution().metadata.get_all("Provides-Extra") or []) == EXTRAS


def test_command() -> None:
    commands = [e.value for e in distribution().entry_points if e.name == "deepseek"]
    assert commands == ["deepseek.cli:main"]


def test_contents() -> None:
    """Every file of the source package is installed, and nothing besides but the compiled module."""
    ours = {p.relative_to(PACKAGE) for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    theirs = {p.relative_to(INSTALLED) for p in INSTALLED.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    module = {Path(_core.__file__).name}
    assert {str(p) for p in theirs - ours} <= module, "a file that is not in the sources"
    assert not {str(p) for p in ours - theirs}, "not installed"


def modules() -> list[str]:
    found = [m.name for m in pkgutil.walk_packages(deepseek.__path__, "deepseek.")]
    return [m for m in found if ".cold" not in m and not m.endswith("__main__")]


@pytest.mark.parametrize("name", ["deepseek", *modules()])
def test_all_is_there(name: str) -> None:
    """What __all__ promises exists, once; a module that needs an extra says which."""
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        assert "deepseek-nn[" in str(error) or error.name in {"torch", "jax", "sklearn", "matplotlib", "optax"}  # noqa: PT017
        return
    names = list(getattr(module, "__all__", []))
    assert len(names) == len(set(names))
    missing = [n for n in names if not hasattr(module, n)]
    assert not missing


def test_dir_shows_what_all_promises() -> None:
    assert set(deepseek.__all__) <= set(dir(deepseek))
    assert not [n for n in deepseek.__all__ if n.startswith("_") and n != "__version__"]


def test_import_costs_little() -> None:
    """Under 0.1 s on top of NumPy; three times that here, where the machine may be busy with something else."""
    code = "import time, numpy; t = time.perf_counter(); import deepseek; print(time.perf_counter() - t)"
    settings = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    runs = [
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=settings).stdout)
        for _ in range(5)
    ]
    assert statistics.median(runs) < 0.3
