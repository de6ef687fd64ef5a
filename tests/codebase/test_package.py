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

import pytest

import deepseek
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


def test_the_extra_for_cuda_pins_the_plugin() -> None:
    """Its wheel has the version of this package, which its pyproject.toml reads from ours."""
    pin = f"deepseek-nn-cuda=={PROJECT['version']}; platform_system == 'Linux'"
    assert PROJECT["optional-dependencies"]["cuda"] == [pin]
    plugin = tomllib.loads((ROOT / "cuda" / "pyproject.toml").read_text())
    assert plugin["project"]["name"] == "deepseek-nn-cuda"
    assert plugin["tool"]["scikit-build"]["metadata"]["version"]["input"] == "../pyproject.toml"


def test_command() -> None:
    commands = [e.value for e in distribution().entry_points if e.name == "deepseek"]
    assert commands == ["deepseek.cli:main"]


def contents(folder: Path) -> set[str]:
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)) for path in files}


def test_contents() -> None:
    """Every file of the source package is installed, and nothing besides but the compiled module and the plug-in."""
    distribution()
    compiled = {Path(_core.__file__).name, "_lib/libdeepseek_cuda.so"}
    assert contents(INSTALLED) - compiled == contents(PACKAGE)


def modules() -> list[str]:
    found = [m.name for m in pkgutil.walk_packages(deepseek.__path__, "deepseek.")]
    return [m for m in found if ".cold" not in m and not m.endswith("__main__")]


@pytest.mark.parametrize("name", ["deepseek", *modules()])
def test_all_is_there(name: str) -> None:
    """What __all__ promises exists, once; a module may need an extra, but nothing of ours that is not there."""
    try:
        module = importlib.import_module(name)
    except ImportError as missing:
        foreign = missing.name
    else:
        names = list(getattr(module, "__all__", []))
        assert len(names) == len(set(names))
        assert not [n for n in names if not hasattr(module, n)]
        return
    assert foreign in {"torch", "jax", "optax", "sklearn", "matplotlib", "rich", "onnx"}


def test_dir_shows_what_all_promises() -> None:
    assert set(deepseek.__all__) <= set(dir(deepseek))
    assert not [n for n in deepseek.__all__ if n.startswith("_") and n != "__version__"]


def test_import_costs_little() -> None:
    """0.1 s on top of NumPy on a quiet machine; CPU time is compared with three times that."""
    code = "import time, numpy; t = time.process_time(); import deepseek; print(time.process_time() - t)"
    settings = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", code]
    runs = []
    for _ in range(5):
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=settings)
        runs.append(float(done.stdout))
    assert statistics.median(runs) < 0.3
