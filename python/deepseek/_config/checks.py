"""Validation of arguments: one function per kind of value; errors name the argument, the value and what is expected.

Every function returns a plain Python object, so later code gets no NumPy scalar or subclass. `_data.inputs` validates
arrays.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from numbers import Real
from typing import Any

from .hints import did_you_mean

MOST = 2**31 - 1
"""Largest accepted count (units of a layer, epochs, rows of a batch): the product of two fits into 64 bits."""

MOST_THREADS = 256
"""Largest number of workers of the engine."""


def integer(name: str, value: Any, low: int = 1, high: int = MOST) -> int:
    """Validate an integer from low to high; True and 3.0 are refused."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: got {short(value)}; expected an integer") from None
    if not low <= number <= high:
        bounds = f"at least {low}" if number < low else f"at most {high}"
        raise ValueError(f"{name}: got {short(number)}; expected an integer of {bounds}")
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
    """Validate a finite number from low to high; `above` excludes low, `below` excludes high."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: got {short(value)}; expected a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name}: got {number}; expected a finite number")
    if number < low or (above and number == low):
        raise ValueError(
            f"{name}: got {number:g}; expected a number {'above' if above else 'of at least'} {low:g}"
        )
    if number > high or (below and number == high):
        raise ValueError(
            f"{name}: got {number:g}; expected a number {'below' if below else 'of at most'} {high:g}"
        )
    return number


def flag(name: str, value: Any) -> bool:
    """Validate True or False, of Python or NumPy."""
    if isinstance(value, bool):
        return value
    if type(value).__name__ in ("bool", "bool_") and type(value).__module__ == "numpy":
        return bool(value)
    raise TypeError(f"{name}: got {short(value)}; expected True or False")


def choice(name: str, value: Any, names: Iterable[str]) -> str:
    """Validate one of some names."""
    names = tuple(names)
    if not isinstance(value, str):
        raise TypeError(f"{name}: got {short(value)}; expected one of the strings {', '.join(names)}")
    if value not in names:
        hint = did_you_mean(value, names)
        raise ValueError(f"{name}: got {short(value)}; expected one of {', '.join(names)}{hint}")
    return str(value)


def units(name: str, value: Any, least: int = 0) -> tuple[int, ...]:
    """Validate the units of at least `least` layers."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"{name}: got {short(value)}; expected a list of units such as [128, 128]")
    sizes = tuple(integer(f"{name}[{i}]", size) for i, size in enumerate(value))
    if len(sizes) < least:
        raise ValueError(f"{name}: got {list(sizes)}; expected at least {least} layer, as in [64]")
    return sizes


def per_layer(name: str, value: Any, count: int, what: str) -> list[Any]:
    """Return `count` values: those of a list or tuple, or a single value repeated."""
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise ValueError(
            f"{name}: got {len(value)} values; expected one value or a list of {count}, one per {what}"
        )
    return list(value)


def short(value: Any) -> str:
    """Return a value for an error message: at most 60 characters, with its type unless it is a plain value."""
    text = repr(value)
    if len(text) > 60:
        text = text[:57] + "..."
    return text if isinstance(value, (str, int, float, type(None))) else f"{text} ({type(value).__name__})"
