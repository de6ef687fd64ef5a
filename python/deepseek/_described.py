"""Base of the small dataclasses that describe a choice (optimizer, schedule, loss, activation).

A description is frozen, checks itself when made, compares by value, prints as the call that makes it, and
turns into a plain dictionary and back for files. Each field is declared with its default and its check in one
line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar

from . import _checks

D = TypeVar("D", bound="Described")


@dataclass(frozen=True)
class Described:
    """A frozen dataclass whose fields are declared with `number`, `count`, `name`, `switch` or `described`."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = item.metadata["check"](item.name, getattr(self, item.name))
            object.__setattr__(self, item.name, value)

    def __repr__(self) -> str:
        """The call that makes it, without what is default."""
        ordered = sorted(fields(self), key=lambda f: bool(f.kw_only))
        told = [f"{f.name}={getattr(self, f.name)!r}" for f in ordered if getattr(self, f.name) != f.default]
        return f"{type(self).__name__}({', '.join(told)})"

    def to_config(self) -> dict[str, Any]:
        """Plain dictionary: the class's name under ``type``, then every field."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        plain = {k: v.to_config() if isinstance(v, Described) else v for k, v in values.items()}
        return {"type": type(self).__name__, **plain}


def from_config(name: str, config: Any, kinds: Mapping[str, type[D]]) -> D:
    """The description that `to_config` wrote; ValueError or TypeError for anything else."""
    if not isinstance(config, dict):
        raise TypeError(f"{name} must be a dictionary, got {type(config).__name__}")
    kind = kinds[_checks.choice(f"{name}: type", config.get("type"), kinds)]
    known = {f.name: f.metadata.get("kinds") for f in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in config.items():
        if key == "type":
            continue
        if key not in known:
            raise ValueError(f"{name}: {kind.__name__} has no {key!r}")
        nested = known[key]
        values[key] = from_config(key, value, nested()) if nested and value is not None else value
    return kind(**values)


def number(
    default: Any,
    low: float = 0.0,
    high: float = math.inf,
    *,
    above: bool = False,
    below: bool = False,
    kw_only: Any = MISSING,  # as the class says
) -> Any:
    """A finite number; with None as default, None is allowed."""

    def check(name: str, value: Any) -> float | None:
        if default is None and value is None:
            return None
        return _checks.real(name, value, low, high, above=above, below=below)

    return field(default=default, metadata={"check": check}, kw_only=kw_only)


def count(default: Any, low: int = 1) -> Any:
    """An integer; with None as default, None is allowed."""

    def check(name: str, value: Any) -> int | None:
        return None if default is None and value is None else _checks.integer(name, value, low)

    return field(default=default, metadata={"check": check})


def name(default: Any, names: tuple[str, ...]) -> Any:
    """One of some names; with None as default, None is allowed."""

    def check(argument: str, value: Any) -> str | None:
        return None if default is None and value is None else _checks.choice(argument, value, names)

    return field(default=default, metadata={"check": check})


def switch(default: bool) -> Any:
    """True or False."""
    return field(default=default, metadata={"check": _checks.flag})


def described(base: type[Described], kinds: Callable[[], Mapping[str, type[Any]]]) -> Any:
    """Another description, or None."""

    def check(name: str, value: Any) -> Any:
        if value is not None and not isinstance(value, base):
            raise TypeError(f"{name} must be one of {', '.join(kinds())} or None, got {value!r}")
        return value

    return field(default=None, metadata={"check": check, "kinds": kinds})
