"""Base of every configuration: a frozen dataclass whose fields are the only list of its options.

The line of a field has the option's name, type, default and check. The checks run in the order of the fields when the
configuration is constructed, so a check may read the previous fields. `_complete` then sets defaults that depend on
several options, and refuses invalid combinations. Configurations compare by value, print as the call that constructs
them, and convert to plain values and back for files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, TypeVar

from . import checks
from .hints import unknown_keyword

C = TypeVar("C", bound="ConfigBase")
Kinds = Callable[[], Mapping[str, type[Any]]]

REQUIRED: Any = MISSING
"""Marks an option without a default."""


@dataclass(frozen=True)
class ConfigBase:
    """A frozen dataclass whose fields are declared with `option` or the functions after it."""

    translated: ClassVar[frozenset[str]] = frozenset()
    """Options that the engine does not read under these names; the subclass's `_spec` translates them."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Refuse unknown keyword arguments with a hint; the dataclass would give none."""
        if kwargs:
            names = [item.name for item in fields(cls)]
            for key in kwargs:
                if key not in names:
                    raise unknown_keyword(cls.__name__, key, names)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for item in fields(self):
            self._set(item.name, item.metadata["check"](item.name, getattr(self, item.name), self))
        self._complete()

    def _complete(self) -> None:
        """Set defaults that depend on other options; refuse invalid combinations."""

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        """Return the call that constructs it, without default values."""
        ordered = sorted(fields(self), key=lambda f: bool(f.kw_only))
        given = [f"{f.name}={getattr(self, f.name)!r}" for f in ordered if getattr(self, f.name) != f.default]
        return f"{type(self).__name__}({', '.join(given)})"

    def _spec(self) -> dict[str, Any]:
        """Return the options that the engine reads under the same names; None leaves the engine's default."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in self.translated}
        return {key: _spec_of(value) for key, value in given.items() if value is not None}

    def to_config(self) -> dict[str, Any]:
        """Return a plain dictionary: the name of the class under ``type``, then every field."""
        return {"type": type(self).__name__, **{f.name: plain(getattr(self, f.name)) for f in fields(self)}}


def _spec_of(value: Any) -> Any:
    if isinstance(value, ConfigBase):
        return value._spec()
    return [_spec_of(item) for item in value] if isinstance(value, tuple) else value


def plain(value: Any) -> Any:
    """Return a value in the form of a file."""
    if isinstance(value, ConfigBase):
        return value.to_config()
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def from_config(name: str, config: Any, kinds: Mapping[str, type[C]]) -> C:
    """Return the configuration that `to_config` wrote; raise ValueError or TypeError for anything else."""
    if not isinstance(config, dict):
        raise TypeError(f"{name}: got {type(config).__name__}; expected a dictionary")
    kind = kinds[checks.choice(f"{name}: type", config.get("type"), kinds)]
    values = {key: value for key, value in config.items() if key != "type"}
    unknown = values.keys() - {f.name for f in fields(kind)}
    if unknown:
        raise ValueError(f"{name}: {kind.__name__} has no {min(map(str, unknown))!r}")
    return kind(**read_values(kind, values))


def read_values(kind: type[ConfigBase], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a file by field; nested configurations are constructed."""
    kinds = {f.name: f.metadata["kinds"] for f in fields(kind)}
    return {key: _read(key, value, kinds[key]) for key, value in values.items()}


def _read(name: str, value: Any, kinds: Kinds | None) -> Any:
    if kinds is None:
        return value
    if isinstance(value, list):
        return [_read(name, item, kinds) for item in value]
    return from_config(name, value, kinds()) if isinstance(value, dict) else value


def option(
    default: Any,
    check: Callable[[str, Any, Any], Any],
    *,
    kinds: Kinds | None = None,
    kw_only: Any = MISSING,
) -> Any:
    """Return a field of a configuration.

    Parameters
    ----------
    default
        Default of the option, or REQUIRED.
    check : callable
        Function from name, value and the configuration, whose previous fields are valid, to the stored value.
    kinds : callable, optional
        Function that returns the configuration classes that may be values, by name.
    kw_only : bool, optional
        See `dataclasses.field`; default: that of the class.
    """
    return field(default=default, metadata={"check": check, "kinds": kinds}, kw_only=kw_only)


def number(
    default: Any,
    low: float = 0.0,
    high: float = math.inf,
    *,
    above: bool = False,
    below: bool = False,
    kw_only: Any = MISSING,
) -> Any:
    """Return a field for a finite number; if the default is None, None is valid."""

    def check(name: str, value: Any, _: Any) -> float | None:
        if default is None and value is None:
            return None
        return checks.real(name, value, low, high, above=above, below=below)

    return option(default, check, kw_only=kw_only)


def count(default: Any, low: int = 1, high: int = checks.MOST, *, kw_only: Any = MISSING) -> Any:
    """Return a field for an integer; if the default is None, None is valid."""

    def check(name: str, value: Any, _: Any) -> int | None:
        return None if default is None and value is None else checks.integer(name, value, low, high)

    return option(default, check, kw_only=kw_only)


def one_of(default: Any, names: Iterable[str], *, kw_only: Any = MISSING) -> Any:
    """Return a field for one of some names; if the default is None, None is valid."""
    known = tuple(names)

    def check(argument: str, value: Any, _: Any) -> str | None:
        return None if default is None and value is None else checks.choice(argument, value, known)

    return option(default, check, kw_only=kw_only)


def switch(default: bool, *, kw_only: Any = MISSING) -> Any:
    """Return a field for True or False."""
    return option(default, lambda name, value, _: checks.flag(name, value), kw_only=kw_only)


def nested(base: type[ConfigBase], kinds: Kinds) -> Any:
    """Return a field for another configuration, or None."""

    def check(name: str, value: Any, _: Any) -> Any:
        if value is not None and not isinstance(value, base):
            raise TypeError(f"{name}: got {value!r}; expected one of {', '.join(kinds())}, or None")
        return value

    return option(None, check, kinds=kinds)


def per_layer(
    default: Any,
    check: Callable[[str, Any], Any],
    layers: Callable[[Any], int],
    *,
    what: str = "hidden layer",
    kinds: Kinds | None = None,
) -> Any:
    """Return a field with one value per layer, given as a list or as one value for all; `layers` counts the layers."""

    def each(name: str, value: Any, config: Any) -> tuple[Any, ...]:
        return tuple(check(name, one) for one in checks.per_layer(name, value, layers(config), what))

    return option(default, each, kinds=kinds)
