"""The CUDA backend: whether it can be had, and if not, why. This version has none."""

from __future__ import annotations

from typing import Any

from ._checks import choice

__all__ = ["is_available", "why"]


def why() -> str | None:
    """Why ``device="cuda"`` cannot be used here, in a sentence; None if it can.

    Returns
    -------
    str or None
    """
    return "this version of deepseek has no CUDA backend yet; it trains on the CPU"


def is_available() -> bool:
    """Whether ``device="cuda"`` can be used here."""
    return why() is None


def choose(device: Any) -> str:
    """The device meant: "auto" takes the best there is, "cuda" never falls back."""
    name = choice("device", device, ("cpu", "cuda", "auto"))
    if name == "cuda" and not is_available():
        raise ValueError(f'device "cuda" cannot be used: {why()}')
    if name == "auto":
        return "cuda" if is_available() else "cpu"
    return name
