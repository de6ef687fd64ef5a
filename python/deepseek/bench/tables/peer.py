"""Interface of a model in the benchmark, and what the peers' models share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class TableModel(Protocol):
    """A model that is fitted to a frame and predicts one of its columns."""

    def fit(self, frame: Any, target: str) -> None:
        """Fit to the rows of a frame, which contains the target."""

    def predict(self, frame: Any) -> NDArray[Any]:
        """Return a label or number for each row of a frame without the target."""

    def predict_proba(self, frame: Any) -> NDArray[Any]:
        """Return the probabilities of the classes, of shape (rows, classes)."""

    @property
    def classes(self) -> NDArray[Any]:
        """Label of each column of the probabilities."""


Maker = Callable[..., TableModel]
"""Makes a model from task, number of threads and seed; that of this package also takes options."""


class NoPreparation:
    """Preparation of a model that takes frames as they are."""

    def fit_transform(self, frame: Any) -> Any:
        """Return the frame."""
        return frame

    def transform(self, frame: Any) -> Any:
        """Return the frame."""
        return frame


class PeerModel:
    """An estimator with scikit-learn's interface, behind a preparation of its frames.

    Parameters
    ----------
    estimator : object
        Estimator with ``fit(X, y)``, ``predict`` and, of classes, ``predict_proba``.
    preparation : object
        Object with ``fit_transform`` and ``transform`` of frames.
    number_classes : bool, default=False
        Whether the estimator accepts only the numbers from 0 as labels.
    """

    def __init__(self, estimator: Any, preparation: Any = None, *, number_classes: bool = False) -> None:
        self._estimator = estimator
        self._preparation = NoPreparation() if preparation is None else preparation
        self._number_classes = number_classes
        self._labels: NDArray[Any] | None = None

    def fit(self, frame: Any, target: str) -> None:
        """Fit preparation and estimator."""
        X = self._preparation.fit_transform(frame.drop(columns=target))
        y = frame[target].to_numpy()
        if self._number_classes:
            self._labels, y = np.unique(y, return_inverse=True)
        self._estimator.fit(X, y, **self.fit_options(self._preparation))

    def fit_options(self, preparation: Any) -> dict[str, Any]:
        """Return more arguments of the estimator's ``fit``."""
        return {}

    def predict(self, frame: Any) -> NDArray[Any]:
        """Return labels or numbers."""
        predicted = np.asarray(self._estimator.predict(self._preparation.transform(frame))).reshape(
            len(frame)
        )
        return predicted if self._labels is None else np.asarray(self._labels[predicted])

    def predict_proba(self, frame: Any) -> NDArray[Any]:
        """Return probabilities."""
        return np.asarray(self._estimator.predict_proba(self._preparation.transform(frame)))

    @property
    def classes(self) -> NDArray[Any]:
        """Label of each column of the probabilities."""
        return np.asarray(self._estimator.classes_) if self._labels is None else self._labels
