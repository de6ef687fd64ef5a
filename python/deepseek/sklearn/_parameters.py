"""The parameters that all estimators share, checked when a fit begins; `__init__` only stores."""

from __future__ import annotations

import math
import warnings
from typing import Any

from .._checks import flag, integer, real
from . import _names


def store(estimator: Any, given: dict[str, Any]) -> None:
    """What `__init__` does: keep each argument under its name, as it is."""
    vars(estimator).update({key: value for key, value in given.items() if key not in ("self", "__class__")})


def has_epochs(estimator: Any) -> bool:
    """Whether a fit can go on by an epoch; for `available_if`."""
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit is only there for solvers of mini-batches, not for solver='lbfgs'")
    return True


def check(estimator: Any) -> None:
    """Refuse what cannot be, naming parameter, value and what was expected."""
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


def batch_rows(estimator: Any, rows: int) -> int:
    """Rows of a batch."""
    asked = estimator.batch_size
    if asked == "auto":
        return min(int(estimator._most_rows), rows)
    if asked > rows:
        warnings.warn(
            f"batch_size={asked} is more than the {rows} rows there are: all are taken", stacklevel=6
        )
    return min(int(asked), rows)
