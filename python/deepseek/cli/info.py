"""``deepseek info``: properties of this machine, and the settings and versions of the package."""

from __future__ import annotations

import argparse
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

from .terminal import heading, say

if TYPE_CHECKING:
    from .parser import Commands

_EXTRAS = {
    "scikit-learn": "deepseek.sklearn",
    "matplotlib": "plots",
    "rich": "progress line",
    "onnx": "to_onnx, export",
    "torch": "to_torch, from_torch; benchmark peer",
    "jax": "benchmark peer",
}


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("info", help="show CPU, instruction sets, threads, CUDA and versions")
    parser.set_defaults(run=run)


def _size(count: int) -> str:
    if count <= 0:
        return "unknown"
    return f"{count // 2**20} MiB" if count >= 2**20 and count % 2**20 == 0 else f"{count // 2**10} KiB"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def facts() -> list[tuple[str, str]]:
    """Return everything that the command prints, as pairs of a name and a value."""
    import numpy

    from .. import __version__, _core, cuda

    cpu: dict[str, Any] = _core.cpu_info()
    isas = list(_core.isas())
    caches = " · ".join(
        f"{name} {_size(int(cpu[key]))}" for name, key in (("L1d", "l1d"), ("L2", "l2"), ("L3", "l3"))
    )
    pairs = [
        ("deepseek", f"{__version__} (core {_core.__version__})"),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()}, {platform.machine()})"),
        ("NumPy", numpy.__version__),
        ("safetensors", _version("safetensors") or "not installed"),
        ("CPU", str(cpu.get("brand") or cpu.get("vendor") or "unknown").strip()),
        ("caches", caches),
        ("instruction set", f"{_core.isa()}; available: {', '.join(isas)} (set DEEPSEEK_ISA to change)"),
        (
            "threads",
            f"{_core.get_num_threads()}; available cores: {cpu['cores']} (set DEEPSEEK_NUM_THREADS to change)",
        ),
        ("CUDA", f"no: {why}" if (why := cuda.why()) else "yes"),
        *_devices(),
    ]
    for name, use in _EXTRAS.items():
        pairs.append((name, f"{_version(name) or 'not installed'} ({use})"))
    return pairs


def _devices() -> list[tuple[str, str]]:
    from .. import cuda

    try:
        found = cuda.devices()
    except RuntimeError:
        return []
    return [
        (
            one.device,
            f"{one.name}, compute capability {one.capability[0]}.{one.capability[1]}, {_size(one.memory)}",
        )
        for one in found
    ]


def run(arguments: argparse.Namespace) -> int:
    """Print the properties."""
    heading("deepseek on this machine")
    pairs = facts()
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        say(f"  {name.ljust(width)}  {value}")
    return 0
