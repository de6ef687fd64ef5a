"""Stopping rule of scikit-learn's MLP, applied after each epoch of the loop in `_epochs`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..callbacks import Callback

Array = NDArray[Any]

CURVES = ("loss_curve_", "validation_scores_")
"""Fitted attributes to which each epoch appends a value."""


class ScoreMonitor(Callback):
    """Updates the curves of an estimator, and stops its model after `n_iter_no_change` epochs without improvement.

    Parameters
    ----------
    estimator : Estimator
        Estimator whose ``loss_curve_`` and related attributes are updated.
    loss : callable
        Function from the engine's loss to scikit-learn's, which includes the penalty.
    rows : int
        Number of rows of an epoch.
    score : callable or None
        Function that returns the score of the current weights on the validation data; None without them.
    report_epoch : callable or None
        Function that reports an epoch to the callbacks of scikit-learn and returns whether they stop the fit.
    """

    def __init__(
        self,
        estimator: Any,
        loss: Callable[[float], float],
        rows: int,
        score: Callable[[], float] | None,
        report_epoch: Callable[[], bool] | None,
    ) -> None:
        self.estimator, self.loss, self.rows, self.score = estimator, loss, rows, score
        self.report_epoch = report_epoch
        self.stops_by_score = estimator.early_stopping
        self.converged = self.stop_requested = False
        self.best: dict[str, Array] | None = None
        """Weights with the best score, for early stopping."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Update the curves, and stop the model if it has converged or a callback stops it."""
        e = self.estimator
        e.n_iter_ += 1
        e.t_ += self.rows
        e.loss_ = self.loss(logs["loss"])
        e.loss_curve_.append(e.loss_)
        if e.verbose:
            print(f"Iteration {e.n_iter_}, loss = {e.loss_:.8f}")
        if self.score is not None:
            self._add_score(self.score())
        if not self.stops_by_score:
            self._count(-e.loss_, -e.best_loss_)
            e.best_loss_ = min(e.best_loss_, e.loss_)
        self.stop_requested = self.report_epoch is not None and self.report_epoch()
        self.converged = e._no_improvement_count > e.n_iter_no_change
        if self.converged or self.stop_requested:
            self.model.stop()

    def on_divergence(self) -> None:
        """Append NaN as the score of an epoch that did not end."""
        self.estimator.validation_scores_.append(float("nan"))

    def announce(self, action: str) -> None:
        """Print that the estimator has converged, and what is done."""
        e = self.estimator
        if e.verbose:
            metric = "Validation score" if self.stops_by_score else "Training loss"
            print(
                f"{metric} did not improve more than tol={e.tol:f} for {e.n_iter_no_change} consecutive "
                f"epochs. {action}"
            )

    def _add_score(self, score: float) -> None:
        e = self.estimator
        e.validation_scores_.append(score)
        if e.verbose:
            print(f"Validation score: {score:f}")
        if self.stops_by_score:
            self._count(score, e.best_validation_score_)
        if score > e.best_validation_score_:
            e.best_validation_score_ = score
            if self.stops_by_score:
                self.best = self.model.state_dict()

    def _count(self, now: float, best: float) -> None:
        """Count the epochs without improvement; NaN is no improvement."""
        e = self.estimator
        e._no_improvement_count = 0 if now >= best + e.tol else e._no_improvement_count + 1


def begin_curves(estimator: Any, scored: bool) -> None:
    """Reset the fitted attributes that a ScoreMonitor updates."""
    e = estimator
    e.n_iter_, e.t_, e.loss_curve_, e._no_improvement_count = 0, 0, [], 0
    e.best_loss_ = None if e.early_stopping and scored else np.inf
    e.validation_scores_ = [] if scored else None
    e.best_validation_score_ = -np.inf if scored else None


def has_curves(estimator: Any, scored: bool) -> bool:
    """Return whether the curves of an earlier fit can be continued."""
    e = estimator
    same_scores = (getattr(e, "validation_scores_", None) is not None) == scored
    return hasattr(e, "loss_curve_") and same_scores and (e.best_loss_ is None) == e.early_stopping
