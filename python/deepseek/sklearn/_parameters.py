"""Parameters that all estimators share; `__init__` stores them, and `fit` validates them."""

from __future__ import annotations

import functools
import math
import sys
import warnings
from typing import Any

import numpy as np

from .._config.base import ConfigBase
from .._config.checks import flag, integer, real
from . import _names


def store(estimator: Any, arguments: dict[str, Any]) -> None:
    """Set each argument of `__init__` as an attribute of the same name, without validation."""
    vars(estimator).update(
        {key: value for key, value in arguments.items() if key not in ("self", "__class__")}
    )


@functools.lru_cache
def _names_of(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of the parameters of an estimator class."""
    return tuple(kind._get_param_names())


def values(estimator: Any) -> tuple[Any, ...] | None:
    """Return the values of all parameters, for a comparison by identity; None if one of them may be mutable."""
    kind: Any = type(estimator)
    found = tuple([getattr(estimator, name) for name in _names_of(kind)])
    known = all(type(value) in _IMMUTABLE or isinstance(value, ConfigBase) for value in found)
    return found if known else None


_IMMUTABLE = frozenset({bool, int, float, str, tuple, type(None), np.random.RandomState})
"""Types of usual values; a RandomState does not affect the configuration of a model between fits."""


def has_epochs(estimator: Any) -> bool:
    """Return True if the estimator has `partial_fit`; raise AttributeError otherwise (for `available_if`)."""
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit is not available for solver='lbfgs', which has no mini-batches")
    return True


def check(estimator: Any) -> None:
    """Validate the parameters."""
    e = estimator
    _names.solver(e.solver)
    _names.schedule(e.learning_rate)
    for name in ("max_iter", "max_fun"):
        integer(name, getattr(e, name))
    if e.n_iter_no_change != math.inf:
        integer("n_iter_no_change", e.n_iter_no_change)
    for name in ("alpha", "tol", "power_t"):
        real(name, getattr(e, name))
    real("learning_rate_init", e.learning_rate_init, above=True)
    real("validation_fraction", e.validation_fraction, 0.0, 1.0, below=True)
    for name in ("shuffle", "warm_start", "early_stopping"):
        flag(name, getattr(e, name))
    if e.batch_size != "auto":
        integer("batch_size", e.batch_size)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the user that called the estimator, through any number of decorators."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith(_INTERNAL):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


_INTERNAL = ("deepseek.", "sklearn.")
"""Beginnings of the names of the modules between a warning and its cause."""


def batch_size_of(estimator: Any, rows: int) -> int:
    """Return the number of rows of a mini-batch."""
    batch_size = estimator.batch_size
    if batch_size == "auto":
        return min(int(estimator._max_batch_size), rows)
    if batch_size > rows:
        warn(f"batch_size: got {batch_size}, but X has {rows} rows; uses {rows}")
    return min(int(batch_size), rows)
