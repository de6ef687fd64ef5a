"""What y is: classes or values, from scikit-learn's forms to the engine's and back. One mixin each."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    type_of_target,
    unique_labels,
)

from .._checks import real
from . import _names
from ._parameters import has_epochs

Array = NDArray[Any]

MULTILABEL = "multilabel-indicator"


class Classes(ClassifierMixin):  # type: ignore[misc]
    """Of an estimator that tells classes.

    Binary targets train one sigmoid output, several classes a softmax, several labels a sigmoid each.
    """

    _measure = staticmethod(accuracy_score)
    _y_is_numeric: ClassVar[bool] = False

    def _learn_targets(self, y: Array, classes: Any = None) -> None:
        """Which classes there are, from a first y or told."""
        check_classification_targets(y)
        self._kind = type_of_target(y)
        self.classes_ = (
            unique_labels(classes)
            if classes is not None
            else np.arange(y.shape[1])
            if self._kind == MULTILABEL
            else np.unique(y)
        )
        if self._kind != MULTILABEL:
            self._kind = "multiclass" if len(self.classes_) > 2 else "binary"
        self.n_outputs_ = 1 if self._kind == "binary" else len(self.classes_)

    def _knows_targets(self) -> bool:
        return hasattr(self, "_kind")

    def _check_known(self, y: Array, same: bool) -> None:
        """Refuse a later y of other classes; `same`: each of them has to be there."""
        if self._kind == MULTILABEL:
            if y.ndim != 2 or y.shape[1] != self.n_outputs_:
                raise ValueError(f"y must have {self.n_outputs_} labels a row as before, got shape {y.shape}")
            return
        classes = unique_labels(y)
        if same and not np.array_equal(classes, self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                f"'y' has {classes}."
            )

    def _encoded(self, y: Array) -> Array:
        """Class indices for a softmax; for sigmoids yes and no, smoothed if asked for."""
        if self._kind == MULTILABEL:
            return self._smoothed(y != 0)
        encoder = LabelEncoder()
        encoder.classes_ = self.classes_
        codes = np.asarray(encoder.transform(y))
        return codes if self._kind == "multiclass" else self._smoothed(codes)

    def _smoothed(self, yes: Array) -> Array:
        share = self._smoothing()
        return yes * (1.0 - share) + 0.5 * share if share else yes.astype(np.float32)

    def _smoothing(self) -> float:
        return real("label_smoothing", self.label_smoothing, 0.0, 1.0, below=True)

    def _loss(self) -> tuple[Any, str | None]:
        """The engine's loss and output activation."""
        return _names.class_loss(self.loss, self._kind, self._smoothing())

    def _terms(self) -> int:
        """How many terms scikit-learn's loss adds up where the engine's takes their mean."""
        return self.n_outputs_ if self._kind == MULTILABEL else 1

    def _balanced(self, weights: Array | None, y: Array) -> Array | None:
        """Sample weights times class weights."""
        if self.class_weight is None:
            return weights
        by_class = np.asarray(compute_sample_weight(self.class_weight, y))
        return by_class if weights is None else weights * by_class

    def _stratified(self, y: Array) -> Array | None:
        """What a split keeps the shares of; labels that come together cannot be kept."""
        return None if self._kind == MULTILABEL else y

    def _decided(self, outputs: Array) -> Array:
        """Classes by outputs."""
        if self._kind == MULTILABEL:
            return (outputs > 0.5).astype(int)
        if self._kind == "multiclass":
            return np.asarray(self.classes_[np.argmax(outputs, axis=1)])
        yes = (outputs[:, 0] > 0.5).astype(int)
        return np.asarray(self.classes_[np.minimum(yes, len(self.classes_) - 1)])

    def _chances(self, outputs: Array) -> Array:
        """A column of probabilities for each class."""
        if self._kind != "binary":
            return outputs
        if len(self.classes_) == 1:
            return np.ones_like(outputs)
        return np.hstack([1.0 - outputs, outputs])

    @available_if(has_epochs)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """Train one epoch more, the solver's state kept.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`; y need not have all classes.
        classes : array-like of shape (n_classes,), optional
            All labels there will ever be; the first call needs them.

        Returns
        -------
        self
        """
        _check_partial_fit_first_call(self, classes)
        return self._fit(X, y, sample_weight, incremental=True)

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of the classes.

        Parameters
        ----------
        X
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``; of several labels each one's own.
        """
        return self._chances(self._outputs(X))

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of `predict_proba`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class Values(RegressorMixin):  # type: ignore[misc]
    """Of an estimator that tells values, one or several a row."""

    _measure = staticmethod(r2_score)
    _y_is_numeric: ClassVar[bool] = True

    def _learn_targets(self, y: Array, classes: Any = None) -> None:
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]

    def _knows_targets(self) -> bool:
        return hasattr(self, "n_outputs_")

    def _check_known(self, y: Array, same: bool) -> None:
        """Refuse a later y of another width."""
        width = 1 if y.ndim == 1 else y.shape[1]
        if width != self.n_outputs_:
            raise ValueError(f"y must have {self.n_outputs_} values a row as before, got {width}")

    def _encoded(self, y: Array) -> Array:
        return y

    def _loss(self) -> tuple[Any, str | None]:
        return _names.value_loss(self.loss), None

    def _terms(self) -> int:
        return self.n_outputs_

    def _balanced(self, weights: Array | None, y: Array) -> Array | None:
        return weights

    def _stratified(self, y: Array) -> None:
        return None

    def _decided(self, outputs: Array) -> Array:
        return outputs[:, 0] if self.n_outputs_ == 1 else outputs

    @available_if(has_epochs)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train one epoch more, the solver's state kept.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
