"""The loop around a model's fit: rates that change between epochs, and every way a fit can end."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from ..errors import DivergenceError
from ..optimizers import Optimizer
from . import _names
from ._fitted import Learner
from ._watch import Watch

Array = NDArray[Any]

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
    "preprocessed."
)


class NotFiniteError(DivergenceError, ValueError):
    """A `DivergenceError` where scikit-learn's users expect a ValueError."""

    def __str__(self) -> str:
        return f"{NOT_FINITE} ({super().__str__()})"


def first_rate(estimator: Any, incremental: bool) -> float:
    """The rate that the first epoch of a fit has."""
    e = estimator
    if incremental and hasattr(e, "learning_rate_"):
        return float(e.learning_rate_)
    begin = vars(e.solver)["rate"] if isinstance(e.solver, Optimizer) else e.learning_rate_init
    e.learning_rate_ = _next_rate(e) if _names.changes_rate(e) == "invscaling" else begin
    return float(e.learning_rate_)


def train(
    estimator: Any,
    model: Learner,
    with_rate: Callable[[float], Learner],
    watch: Watch,
    rows: tuple[Any, Array, Array | None],
    batch: int,
    incremental: bool,
) -> None:
    """Train until enough is enough.

    Parameters
    ----------
    estimator
        Its parameters say how, its curves are filled by the watch.
    model : Net or Rec
        What trains.
    with_rate : callable
        Makes the model anew with another rate, and goes on with that one.
    watch : Watch
    rows : tuple
        X, y and weights as the model's `fit` takes them.
    batch : int
        Rows of a batch.
    incremental : bool
        One epoch only, which is no fault.
    """
    e, rule = estimator, _names.changes_rate(estimator)
    X, y, weights = rows
    left = 1 if incremental else e.max_iter
    try:
        while left > 0:
            before = e.n_iter_
            model.fit(
                X,
                y,
                sample_weight=weights,
                epochs=1 if rule == "invscaling" else left,
                batch_size=batch,
                shuffle=e.shuffle,
                callbacks=watch,
                verbose=False,
            )
            left -= e.n_iter_ - before
            if watch.told_to_stop:
                return
            if watch.enough and (rule != "adaptive" or e.learning_rate_ <= _names.ADAPTIVE_LEAST):
                watch.announce("Stopping.")
                return
            if watch.enough:
                e.learning_rate_ /= _names.ADAPTIVE_FACTOR
                watch.announce(f"Setting learning rate to {e.learning_rate_:f}")
                watch.enough, e._no_improvement_count = False, 0
                model = with_rate(e.learning_rate_)
            elif rule == "invscaling":
                e.learning_rate_ = _next_rate(e)
                model = with_rate(e.learning_rate_)
    except DivergenceError as error:
        if watch.best is None:
            raise NotFiniteError(error.epoch, error.step, error.loss, error.history) from error
        watch.diverged()
        warnings.warn(f"{error}; the weights of the best score are kept", ConvergenceWarning, stacklevel=6)
        return
    if not incremental:
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({e.max_iter}) reached and the optimization hasn't "
            "converged yet.",
            ConvergenceWarning,
            stacklevel=6,
        )


def _next_rate(estimator: Any) -> float:
    """Of learning_rate="invscaling", by the rows seen so far."""
    e = estimator
    return float(e.learning_rate_init / np.power(getattr(e, "t_", 0) + 1, e.power_t))
