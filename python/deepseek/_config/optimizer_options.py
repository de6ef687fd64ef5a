"""Hint for options of an optimizer that were passed to a model: the error shows the new call."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from .. import optimizers
from . import checks, hints

_OPTIONS = {
    name: [item.name for item in fields(kind) if item.init] for name, kind in optimizers.KINDS.items()
}
_NAMES = list(dict.fromkeys(name for names in _OPTIONS.values() for name in names))


def optimizer_options(given: dict[str, Any]) -> str | None:
    """Return a message with the new call if some of these arguments belong to the optimizer, else None."""
    found = {
        name: right for name in given if (right := hints.synonym(name, _NAMES, keyword=True)) is not None
    }
    if not found:
        return None
    needed = set(found.values())
    chosen = str(given.get("optimizer", "adam")).partition("(")[0].lower()
    kinds = sorted(_OPTIONS, key=lambda kind: kind.lower() != chosen)
    kind = next((kind for kind in kinds if needed.issubset(_OPTIONS[kind])), "Adam")
    options = ", ".join(f"{right}={checks.short(given[name])}" for name, right in found.items())
    place = f"expected {'it' if len(found) == 1 else 'them'} in the optimizer"
    return f"got {', '.join(found)}; {place}: write optimizer=ds.{kind}({options})"
