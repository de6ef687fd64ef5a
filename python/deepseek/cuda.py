"""Availability of the CUDA backend. This version has none."""

from __future__ import annotations

from typing import Any

from ._config.checks import choice

__all__ = ["is_available", "why"]


def why() -> str | None:
    """Return why ``device="cuda"`` cannot be used on this machine.

    Returns
    -------
    str or None
        Reason in one sentence; None if the device can be used.
    """
    return "this version of deepseek has no CUDA backend yet; it trains on the CPU"


def is_available() -> bool:
    """Return whether ``device="cuda"`` can be used on this machine.

    Returns
    -------
    bool
    """
    return why() is None


def choose(device: Any) -> str:
    """Validate a device name; "auto" becomes "cuda" if available, otherwise "cpu"."""
    name = choice("device", device, ("cpu", "cuda", "auto"))
    if name == "cuda" and not is_available():
        raise ValueError(f"device: got 'cuda'; expected 'cpu' or 'auto', as {why()}")
    if name == "auto":
        return "cuda" if is_available() else "cpu"
    return name
