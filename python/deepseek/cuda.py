"""CUDA devices: whether ``device="cuda"`` can be used, and why not.

The CUDA plug-in is a library of its own, in the package ``deepseek-nn-cuda`` of the extra ``cuda``. An import loads
and starts nothing; the first question about a device does. Afterwards CUDA does not work in a forked child; use
the start method "spawn".
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import _core
from ._config.checks import choice

__all__ = ["Device", "devices", "is_available", "why"]

_LIBRARY = "libdeepseek_cuda.so"
_INSTALL = "pip install 'deepseek-nn[cuda]'"
_OLDEST = 75
"""Ten times the smallest compute capability."""

_TRAINS = ("Net",)
"""The models that compute on a CUDA device."""


@dataclass(frozen=True)
class Device:
    """A CUDA device.

    Attributes
    ----------
    device : str
        Name for the option ``device``, such as "cuda:0".
    name : str
        Name of the product.
    capability : tuple of int
        Compute capability, such as (9, 0).
    memory : int
        Size of its memory in bytes.
    """

    device: str
    name: str
    capability: tuple[int, int]
    memory: int


def why(device: str = "cuda") -> str | None:
    """Return why a CUDA device cannot be used on this machine.

    Parameters
    ----------
    device : str, default="cuda"
        Device, such as "cuda:1". "cuda" is "cuda:0".

    Returns
    -------
    str or None
        Reason in one sentence, with the way out; None if the device can be used.

    Raises
    ------
    TypeError, ValueError
        For anything but "cuda" or "cuda:N".
    """
    if _canonical(device)[:4] != "cuda":
        raise ValueError(f'device: got {device!r}; expected "cuda", or "cuda:1" for the second device')
    try:
        found = devices()
    except RuntimeError as reason:
        return str(reason)
    number = _number(_canonical(device))
    if number >= len(found):
        return f"there is no {device}; the last device is {found[-1].device}"
    one = found[number]
    if 10 * one.capability[0] + one.capability[1] < _OLDEST:
        major, minor = one.capability
        return f"{one.device} ({one.name}) has compute capability {major}.{minor}; use a device with at least 7.5"
    return None


def is_available() -> bool:
    """Return whether ``device="cuda"`` can be used on this machine.

    Returns
    -------
    bool
    """
    return why() is None


def devices() -> list[Device]:
    """Return the CUDA devices of this machine; ``CUDA_VISIBLE_DEVICES`` counts. This call starts CUDA.

    Returns
    -------
    list of Device
        At least one device.

    Raises
    ------
    RuntimeError
        If there is no plug-in, driver or device, or if CUDA was started before this process was forked.
    """
    path = _plugin()
    if path is None:
        raise RuntimeError(
            f"the CUDA plug-in is not installed; {_INSTALL} installs it"
            if sys.platform == "linux"
            else "CUDA needs Linux; use the CPU"
        )
    _core.load_cuda(path)
    return [
        Device(f"cuda:{i}", name, divmod(capability, 10), memory)
        for i, (name, capability, memory) in enumerate(_core.cuda_devices())
    ]


def choose(device: Any, model: str = "Net") -> str:
    """Validate the device of a model, such as "Net".

    "auto" becomes "cuda:0" if the model can use it, otherwise "cpu"; "cuda" is "cuda:0".
    """
    name = _canonical(device)
    if name == "auto":
        # A device that the model cannot use is not started: fork would no longer be free.
        return "cuda:0" if model in _TRAINS and is_available() else "cpu"
    if name == "cpu":
        return name
    if model not in _TRAINS:
        raise ValueError(
            f"device: got {device!r}; {model} does not run on CUDA yet, only {', '.join(_TRAINS)} does"
        )
    if (reason := why(name)) is not None:
        raise ValueError(f"device: got {device!r}; {reason}")
    return name


def validate(device: Any) -> str:
    """Validate the name of a device, whether or not a model can use it."""
    return _canonical(device)


def number_of(device: str) -> int:
    """Return the engine's number of a chosen device. The plug-in is loaded."""
    if device == "cpu":
        return -1
    devices()
    return _number(device)


def _canonical(device: Any) -> str:
    if isinstance(device, str) and re.fullmatch(r"cuda:(0|[1-9]\d{0,2})", device):
        return str(device)
    name = choice("device", device, ("cpu", "cuda", "cuda:0", "auto"))
    return "cuda:0" if name == "cuda" else name


def _number(device: str) -> int:
    return int(device.removeprefix("cuda:"))


def _plugin() -> str | None:
    """Return the path of the plug-in: of the environment, of a build from source, or of the package of the extra."""
    named = os.environ.get("DEEPSEEK_CUDA_PLUGIN")
    if named:
        return named
    built = Path(__file__).parent / "_lib" / _LIBRARY
    if built.is_file():
        return str(built)
    package = find_spec("deepseek_cuda")
    if package is None or package.origin is None:
        return None
    return str(Path(package.origin).parent / _LIBRARY)
