"""Checks at the door: one function a kind of argument, each naming argument, value and what was expected.

A value that passes comes back as a plain Python object, so nothing later meets a NumPy scalar or a subclass.
Arrays are the business of `_data.inputs`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from numbers import Real
from typing import Any

MOST = 2**31 - 1
"""Largest count accepted (layers' units, epochs, rows of a batch): every product of two fits 64 bits."""

MOST_THREADS = 256
"""Largest worker team of the engine."""


def integer(name: str, value: Any, low: int = 1, high: int = MOST) -> int:
    """An integer of low..high; True and 3.0 are not integers."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {_short(value)}") from None
    if not low <= number <= high:
        bounds = f"at least {low}" if number < low else f"at most {high}"
        raise ValueError(f"{name} must be {bounds}, got {_short(number)}")
    return number


def real(
    name: str,
    value: Any,
    low: float = 0.0,
    high: float = math.inf,
    *,
    above: bool = False,
    below: bool = False,
) -> float:
    """A finite number of low..high; `above` leaves out `low` itself, `below` leaves out `high`."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {_short(value)}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number}")
    if number < low or (above and number == low):
        raise ValueError(f"{name} must be {'above' if above else 'at least'} {low:g}, got {number:g}")
    if number > high or (below and number == high):
        raise ValueError(f"{name} must be {'below' if below else 'at most'} {high:g}, got {number:g}")
    return number


def flag(name: str, value: Any) -> bool:
    """True or False (NumPy's too), nothing that merely looks like it."""
    if isinstance(value, bool):
        return value
    if type(value).__name__ in ("bool", "bool_") and type(value).__module__ == "numpy":
        return bool(value)
    raise TypeError(f"{name} must be True or False, got {_short(value)}")


def choice(name: str, value: Any, names: Iterable[str]) -> str:
    """One of some names."""
    names = tuple(names)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, one of {', '.join(names)}; got {_short(value)}")
    if value not in names:
        raise ValueError(f"{name} must be one of {', '.join(names)}; got {_short(value)}")
    return str(value)


def per_layer(name: str, value: Any, count: int, what: str) -> list[Any]:
    """`count` values: a list or tuple as it is, anything else repeated."""
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{name} must be one value or a list of {count} (one per {what}), got {len(value)}")
    return list(value)


def _short(value: Any) -> str:
    text = repr(value)
    if len(text) > 60:
        text = text[:57] + "..."
    return text if isinstance(value, (str, int, float)) else f"{text} ({type(value).__name__})"
