"""Hint for arguments of `Gen` that are now in groups: the error shows the new call."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ..gen_options import SequencePlayers, Texts
from . import checks
from .optimizer_options import optimizer_options

_PENALTY = {"penalty_weight": "weight", "penalty_interval": "interval", "penalty_every": "interval"}
_NOISE = {"instance_noise_epochs": "epochs"}
_SERIES = {item.name: item.name for item in fields(SequencePlayers)}
_TEXTS = {item.name: item.name for item in fields(Texts) if item.name not in _SERIES} | {"stop": "eos_token"}


def moved(given: dict[str, Any]) -> str | None:
    """Return a message with the new call if some of these arguments moved, else None."""
    calls: dict[str, str] = {}
    if given.keys() & _PENALTY:
        kind = given.get("penalty", "auto")
        first = repr(kind) if isinstance(kind, str) and kind != "auto" else "kind"
        calls["penalty"] = _call("Penalty", _PENALTY, given, first)
    if given.keys() & _NOISE:
        first = checks.short(given["instance_noise"]) if "instance_noise" in given else "std"
        calls["instance_noise"] = _call("InstanceNoise", _NOISE, given, first)
    if given.keys() & _TEXTS:
        calls["sequences"] = _call("Texts", _SERIES | _TEXTS, given)
    elif given.keys() & _SERIES:
        calls["sequences"] = _call("SequencePlayers", _SERIES, given)
    if not calls:
        return optimizer_options(given)
    old = [name for name in given if name in {**_PENALTY, **_NOISE, **_SERIES, **_TEXTS}]
    new = ", ".join(f"{argument}={call}" for argument, call in calls.items())
    return f"got {', '.join(old)}; expected them in their group: write Gen({new})"


def _call(kind: str, names: dict[str, str], given: dict[str, Any], first: str = "") -> str:
    parts = [first] if first else []
    parts += [f"{names[name]}={checks.short(value)}" for name, value in given.items() if name in names]
    return f"ds.{kind}({', '.join(parts)})"
