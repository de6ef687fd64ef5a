"""When a fit is enough: the rule of scikit-learn's MLP, asked after each epoch. Not the loop itself (`_epochs`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..callbacks import Callback

Array = NDArray[Any]


class Watch(Callback):
    """Keeps an estimator's curves, and stops its model once `n_iter_no_change` epochs brought less than `tol`.

    Parameters
    ----------
    estimator
        Whose ``loss_curve_`` and the like are kept up to date.
    loss : callable
        From the engine's loss to scikit-learn's, with the penalty.
    rows : int
        Of an epoch.
    score : callable, optional
        Of the weights as they stand, on rows held out; None: there are none.
    tell : callable, optional
        What scikit-learn's callbacks hear of an epoch by; whether they want the fit to end.
    """

    def __init__(
        self,
        estimator: Any,
        loss: Callable[[float], float],
        rows: int,
        score: Callable[[], float] | None,
        tell: Callable[[], bool] | None,
    ) -> None:
        self.estimator, self.loss, self.rows, self.score, self.tell = estimator, loss, rows, score, tell
        self.stops_by_score = estimator.early_stopping
        self.enough = self.told_to_stop = False
        self.best: dict[str, Array] | None = None
        """The weights of the best score."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Count it, judge it, and stop the model if that was enough."""
        e = self.estimator
        e.n_iter_ += 1
        e.t_ += self.rows
        e.loss_ = self.loss(logs["loss"])
        e.loss_curve_.append(e.loss_)
        if e.verbose:
            print(f"Iteration {e.n_iter_}, loss = {e.loss_:.8f}")
        if self.score is not None:
            self._keep(self.score())
        if not self.stops_by_score:
            self._count(-e.loss_, -e.best_loss_)
            e.best_loss_ = min(e.best_loss_, e.loss_)
        self.told_to_stop = self.tell is not None and self.tell()
        self.enough = e._no_improvement_count > e.n_iter_no_change
        if self.enough or self.told_to_stop:
            self.model.stop()

    def diverged(self) -> None:
        """An epoch that did not end: no score."""
        self.estimator.validation_scores_.append(float("nan"))

    def announce(self, what: str) -> None:
        """Say what follows from having had enough."""
        e = self.estimator
        if e.verbose:
            watched = "Validation score" if self.stops_by_score else "Training loss"
            print(
                f"{watched} did not improve more than tol={e.tol:f} for {e.n_iter_no_change} consecutive "
                f"epochs. {what}"
            )

    def _keep(self, score: float) -> None:
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
        """Another epoch without improvement, or none any more; a NaN is one without."""
        e = self.estimator
        e._no_improvement_count = 0 if now >= best + e.tol else e._no_improvement_count + 1


def begin_curves(estimator: Any, scored: bool) -> None:
    """The fitted attributes that a Watch fills, empty."""
    e = estimator
    e.n_iter_, e.t_, e.loss_curve_, e._no_improvement_count = 0, 0, [], 0
    e.best_loss_ = None if e.early_stopping and scored else np.inf
    e.validation_scores_ = [] if scored else None
    e.best_validation_score_ = -np.inf if scored else None


def has_curves(estimator: Any, scored: bool) -> bool:
    """Whether there are curves of an earlier fit that this one can go on with."""
    e = estimator
    same_scores = (getattr(e, "validation_scores_", None) is not None) == scored
    return hasattr(e, "loss_curve_") and same_scores and (e.best_loss_ is None) == e.early_stopping
