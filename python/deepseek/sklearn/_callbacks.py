"""scikit-learn's callbacks (1.9, experimental): its ProgressBar, its ScoringMonitor and one's own hear of each epoch.

Before 1.9 there are none, and `set_callbacks` is not there either.
"""

from __future__ import annotations

from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""

    def with_callbacks(method: Any) -> Any:
        """The method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "Told", "tell", "with_callbacks"]


class Told:
    """A fit as its callbacks hear of it: a task with the epochs as its subtasks.

    Parameters
    ----------
    estimator
        Being fitted; it has callbacks.
    given : dict
        ``X``, ``y`` and ``metadata`` as the callbacks get them.
    """

    def __init__(self, estimator: Any, given: dict[str, Any]) -> None:
        self.about = {"estimator": estimator, **given}
        self.fit = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self.fit.call_on_fit_task_begin(**self.about)

    def end_epoch(self) -> bool:
        """Whether a callback wants the fit to end with this epoch; the estimator is ready to predict."""
        epoch = self.fit.subcontext(task_name="epoch").call_on_fit_task_begin(**self.about)
        return bool(epoch.call_on_fit_task_end(**self.about, reconstruction_attributes=self._ready()))

    def end(self) -> None:
        """The fit is over."""
        self.fit.call_on_fit_task_end(**self.about, reconstruction_attributes=self._ready())

    def _ready(self) -> dict[str, Any]:
        """What a copy of the estimator lacks to be fitted: nothing."""
        return {"n_iter_": self.about["estimator"].n_iter_}


def tell(estimator: Any, X: Any, y: Any, weights: Any) -> Told | None:
    """Begin to tell of a fit; None if nobody wants to hear."""
    if not getattr(estimator, "_skl_callbacks", None):
        return None
    metadata = None if weights is None else {"sample_weight": weights}
    return Told(estimator, {"X": X, "y": y, "metadata": metadata})
