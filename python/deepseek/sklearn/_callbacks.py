"""Support of the callbacks of scikit-learn (1.9, experimental), such as ProgressBar and ScoringMonitor.

Older versions have neither callbacks nor `set_callbacks`.
"""

from __future__ import annotations

from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Empty base class for scikit-learn without callbacks."""

    def with_callbacks(method: Any) -> Any:
        """Return the method unchanged."""
        return method


CONTEXT = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")
"""Attributes of an estimator that scikit-learn sets at the begin of a fit and deletes at its end."""

__all__ = ["CONTEXT", "CallbackSupportMixin", "EpochReporter", "begin_report", "with_callbacks"]


class EpochReporter:
    """Reports a fit to the callbacks of the estimator: a task with the epochs as its subtasks.

    Parameters
    ----------
    estimator : Estimator
        Estimator that is fitted; it has callbacks.
    data : dict
        ``X``, ``y`` and ``metadata`` that the callbacks receive.
    """

    def __init__(self, estimator: Any, data: dict[str, Any]) -> None:
        self.arguments = {"estimator": estimator, **data}
        self.fit = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self.fit.call_on_fit_task_begin(**self.arguments)

    def end_epoch(self) -> bool:
        """Report an epoch, after which the estimator can predict; return whether a callback stops the fit."""
        epoch = self.fit.subcontext(task_name="epoch").call_on_fit_task_begin(**self.arguments)
        return bool(
            epoch.call_on_fit_task_end(**self.arguments, reconstruction_attributes=self._attributes())
        )

    def end(self) -> None:
        """Report the end of the fit."""
        self.fit.call_on_fit_task_end(**self.arguments, reconstruction_attributes=self._attributes())

    def _attributes(self) -> dict[str, Any]:
        """Return the attributes that scikit-learn sets on a copy of the estimator."""
        return {"n_iter_": self.arguments["estimator"].n_iter_}


def begin_report(estimator: Any, X: Any, y: Any, weights: Any) -> EpochReporter | None:
    """Return the reporter of a fit; None if the estimator has no callbacks."""
    if not getattr(estimator, "_skl_callbacks", None):
        return None
    metadata = None if weights is None else {"sample_weight": weights}
    return EpochReporter(estimator, {"X": X, "y": y, "metadata": metadata})
