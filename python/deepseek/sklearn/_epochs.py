"""Loop around the fit of a model: learning rates that change between epochs, and the end of the fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from .._data.rows import Batch
from .._training.fit import pass_once
from .._training.fit_state import FitConfig
from ..errors import DivergenceError
from ..optimizers import Optimizer
from . import _names
from ._fitted import Learner
from ._parameters import warn
from ._scoring import ScoreMonitor

Array = NDArray[Any]

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
    "preprocessed."
)


class NotFiniteError(DivergenceError, ValueError):
    """A `DivergenceError` that is also the ValueError that scikit-learn raises."""

    def __str__(self) -> str:
        return f"{NOT_FINITE} ({super().__str__()})"


def first_learning_rate(estimator: Any, incremental: bool) -> float:
    """Return the learning rate of the first epoch of a fit."""
    e = estimator
    if incremental and hasattr(e, "learning_rate_"):
        return float(e.learning_rate_)
    begin = vars(e.solver)["learning_rate"] if isinstance(e.solver, Optimizer) else e.learning_rate_init
    e.learning_rate_ = _invscaling_learning_rate(e) if _names.learning_rate_rule(e) == "invscaling" else begin
    return float(e.learning_rate_)


def train(
    estimator: Any,
    model: Learner,
    with_learning_rate: Callable[[float], Learner],
    monitor: ScoreMonitor,
    rows: tuple[Any, Array, Array | None],
    batch_size: int,
    incremental: bool,
) -> None:
    """Train until the monitor stops or the number of epochs is reached.

    Parameters
    ----------
    estimator : Estimator
        Parameters of the training; the monitor sets its fitted attributes.
    model : Net or Rec
        Model to be trained.
    with_learning_rate : callable
        Function that returns the model with another learning rate and the same weights and optimizer state.
    monitor : ScoreMonitor
        Callback that decides when to stop.
    rows : tuple
        X, y and sample weights in the form of the model's `fit`.
    batch_size : int
        Number of rows of a mini-batch.
    incremental : bool
        Whether to train one epoch only, without a warning that the fit has not converged.
    """
    e, rule = estimator, _names.learning_rate_rule(estimator)
    X, y, weights = rows
    epochs_left = 1 if incremental else e.max_iter
    try:
        while epochs_left > 0:
            n_iter = e.n_iter_
            if incremental:
                _run_epoch(e, model, monitor, rows, batch_size)
            else:
                model.fit(
                    X,
                    y,
                    sample_weight=weights,
                    epochs=1 if rule == "invscaling" else epochs_left,
                    batch_size=batch_size,
                    shuffle=e.shuffle,
                    callbacks=monitor,
                    verbose=False,
                )
            epochs_left -= e.n_iter_ - n_iter
            if monitor.stop_requested:
                return
            if monitor.converged and (
                rule != "adaptive" or e.learning_rate_ <= _names.ADAPTIVE_MIN_LEARNING_RATE
            ):
                monitor.announce("Stopping.")
                return
            if monitor.converged:
                e.learning_rate_ /= _names.ADAPTIVE_FACTOR
                monitor.announce(f"Setting learning rate to {e.learning_rate_:f}")
                monitor.converged, e._no_improvement_count = False, 0
                model = with_learning_rate(e.learning_rate_)
            elif rule == "invscaling":
                e.learning_rate_ = _invscaling_learning_rate(e)
                model = with_learning_rate(e.learning_rate_)
    except DivergenceError as error:
        if monitor.best is None:
            raise NotFiniteError(error.epoch, error.step, error.loss, error.history) from error
        monitor.on_divergence()
        warn(f"{error}; the weights of the best score are kept", ConvergenceWarning)
        return
    if not incremental:
        warn(
            f"Stochastic Optimizer: Maximum iterations ({e.max_iter}) reached and the optimization hasn't "
            "converged yet.",
            ConvergenceWarning,
        )


def _run_epoch(
    estimator: Any,
    model: Learner,
    monitor: ScoreMonitor,
    rows: tuple[Any, Array, Array | None],
    batch_size: int,
) -> None:
    """Train one epoch, with the steps of `fit` but without its callbacks, history and progress line."""

    def read() -> Batch:
        batch: Batch = estimator._rows(model._config, *rows)
        return batch

    loss = pass_once(model, FitConfig(1, batch_size, estimator.shuffle), read, class_weight=None)
    monitor.model = model
    monitor.on_epoch_end(1, {"loss": loss})


def _invscaling_learning_rate(estimator: Any) -> float:
    """Return the learning rate of the rule "invscaling" after the rows trained on so far."""
    e = estimator
    return float(e.learning_rate_init / np.power(getattr(e, "t_", 0) + 1, e.power_t))
