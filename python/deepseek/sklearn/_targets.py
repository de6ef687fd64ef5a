"""Mixins for targets: conversion of classes or values from scikit-learn's forms to the engine's and back."""

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

from .. import losses
from .._config.checks import flag, real
from .._config.hints import explain_keywords
from . import _names
from ._parameters import has_epochs

Array = NDArray[Any]

MULTILABEL = "multilabel-indicator"


class Classes(ClassifierMixin):  # type: ignore[misc]
    """Mixin of a classifier.

    Binary targets have one sigmoid output, several classes a softmax, several labels per row one sigmoid
    each.
    """

    _default_metric = staticmethod(accuracy_score)
    _y_is_numeric: ClassVar[bool] = False

    def _fit_targets(self, y: Array, classes: Any = None) -> None:
        """Set the classes from the first y, or from the argument `classes`."""
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

    def _has_targets(self) -> bool:
        return hasattr(self, "_kind")

    def _check_targets(self, y: Array, same: bool) -> None:
        """Raise ValueError for a y of unknown classes; with `same` also if a class is missing."""
        if self._kind == MULTILABEL:
            if y.ndim != 2 or y.shape[1] != self.n_outputs_:
                raise ValueError(
                    f"y: got shape {y.shape}; expected {self.n_outputs_} labels per row, as before"
                )
            return
        codes = self._codes(y)
        if codes is not None and (not same or len(np.unique(codes)) == len(self.classes_)):
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
        """Return class indices for a softmax; 0 and 1 for sigmoids, with label smoothing."""
        if self._kind == MULTILABEL:
            return self._smoothed(y != 0)
        codes = self._codes(y)
        if codes is None:
            encoder = LabelEncoder()
            encoder.classes_ = self.classes_
            codes = np.asarray(encoder.transform(y))
        return codes if self._kind == "multiclass" else self._smoothed(codes)

    def _codes(self, y: Array) -> Array | None:
        """Return class indices; None for unknown labels, and for types that need scikit-learn's encoder."""
        if y.ndim != 1 or y.dtype.kind not in "iubU" or y.dtype.kind != self.classes_.dtype.kind:
            return None
        codes = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        return codes if np.array_equal(self.classes_[codes], y) else None

    def _smoothed(self, y: Array) -> Array:
        smoothing = self._smoothing()
        return y * (1.0 - smoothing) + 0.5 * smoothing if smoothing else y.astype(np.float32)

    def _smoothing(self) -> float:
        return real("label_smoothing", self.label_smoothing, 0.0, 1.0, below=True)

    def _loss(self) -> tuple[Any, str | None]:
        """Return the engine's loss and output activation."""
        return _names.class_loss(self.loss, self._kind, self._smoothing())

    def _loss_terms(self) -> int:
        """Return the number of outputs that scikit-learn's loss sums where the engine takes their mean."""
        return self.n_outputs_ if self._kind == MULTILABEL else 1

    def _with_class_weights(self, weights: Array | None, y: Array) -> Array | None:
        """Return the product of sample weights and class weights."""
        if self.class_weight is None:
            return weights
        by_class = np.asarray(compute_sample_weight(self.class_weight, y))
        return by_class if weights is None else weights * by_class

    def _fit_target_scale(self, y: Array, weights: Array | None) -> None:
        pass

    def _with_target_scale(self, weights: dict[str, Array]) -> None:
        return None

    def _stratify(self, y: Array) -> Array | None:
        """Return the labels for a stratified split; None for several labels per row, which cannot be stratified."""
        return None if self._kind == MULTILABEL else y

    def _predictions(self, outputs: Array) -> Array:
        """Return the predicted classes of outputs."""
        if self._kind == MULTILABEL:
            return (outputs > 0.5).astype(int)
        if self._kind == "multiclass":
            return np.asarray(self.classes_[np.argmax(outputs, axis=1)])
        codes = (outputs[:, 0] > 0.5).astype(int)
        return np.asarray(self.classes_[np.minimum(codes, len(self.classes_) - 1)])

    def _probabilities(self, outputs: Array) -> Array:
        """Return the probabilities with one column per class."""
        if self._kind != "binary":
            return outputs
        if len(self.classes_) == 1:
            return np.ones_like(outputs)
        return np.hstack([1.0 - outputs, outputs])

    @available_if(has_epochs)  # type: ignore[untyped-decorator]
    @explain_keywords()
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """Train one more epoch; the state of the solver is kept between calls.

        Parameters
        ----------
        X : array-like, sparse matrix or list of arrays
            Rows or sequences in the form of `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of X; not all classes have to occur.
        sample_weight : array-like of shape (n_samples,), default=None
            Nonnegative weights of the samples; None weights all equally.
        classes : array-like of shape (n_classes,), default=None
            All labels of all calls. Required in the first call.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If an argument or parameter is invalid, `classes` is missing in the first call, or y has other
            labels.
        """
        _check_partial_fit_first_call(self, classes)
        return self._fit(X, y, sample_weight, incremental=True)

    def predict_proba(self, X: Any) -> Array:
        """Predict the probabilities of the classes.

        Parameters
        ----------
        X : array-like, sparse matrix or list of arrays
            Rows or sequences in the form of `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of ``classes_``; they sum to 1 per row unless a row has several labels.
        """
        return self._probabilities(self._outputs(X))

    def predict_log_proba(self, X: Any) -> Array:
        """Predict the logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array-like, sparse matrix or list of arrays
            Rows or sequences in the form of `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Natural logarithms of `predict_proba`.
        """
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class Values(RegressorMixin):  # type: ignore[misc]
    """Mixin of a regressor with one or several values per row."""

    _default_metric = staticmethod(r2_score)
    _y_is_numeric: ClassVar[bool] = True
    y_mean_: Any
    y_scale_: Any

    def _fit_targets(self, y: Array, classes: Any = None) -> None:
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]

    def _has_targets(self) -> bool:
        return hasattr(self, "n_outputs_")

    def _check_targets(self, y: Array, same: bool) -> None:
        """Raise ValueError for a y with another number of values per row."""
        width = 1 if y.ndim == 1 else y.shape[1]
        if width != self.n_outputs_:
            raise ValueError(f"y: got {width} values per row; expected {self.n_outputs_}, as before")

    def _fit_target_scale(self, y: Array, weights: Array | None) -> None:
        """Set mean and standard deviation of the targets, or None without `normalize_y`."""
        if not flag("normalize_y", self.normalize_y):
            self.y_mean_ = self.y_scale_ = None
            return
        if losses.output_activations(losses.name_of(losses.as_loss(self.loss))):
            raise ValueError(
                f"normalize_y: got True with loss={self.loss!r}, which restricts the targets; expected False"
            )
        y = y.astype(np.float64)
        self.y_mean_ = np.average(y, axis=0, weights=weights)
        centered = y - self.y_mean_
        largest = np.abs(centered).max(axis=0)
        varies = largest > 10.0 * np.finfo(np.float64).eps * np.abs(self.y_mean_)
        largest = np.where(varies, largest, 1.0)  # before the squares, which could overflow or vanish
        variance = np.average(np.square(centered / largest), axis=0, weights=weights)
        self.y_scale_ = np.where(varies & (variance > 0.0), largest * np.sqrt(variance), 1.0)

    def _with_target_scale(self, weights: dict[str, Array]) -> dict[str, Array] | None:
        """Return the weights with the target scale in the output layer; None without `normalize_y`."""
        if self.y_scale_ is None:
            return None
        weight, bias = [name for name in weights if name.endswith((".weight", ".bias"))][-2:]
        scale = np.reshape(self.y_scale_, -1)
        return {
            **weights,
            weight: weights[weight] * scale[:, None],
            bias: weights[bias] * scale + np.reshape(self.y_mean_, -1),
        }

    def _encoded(self, y: Array) -> Array:
        if bool(self.normalize_y) != (self.y_scale_ is not None):
            raise ValueError(
                f"normalize_y: got {self.normalize_y}; expected {not self.normalize_y}, as in the first fit, or "
                "warm_start=False"
            )
        return y if self.y_scale_ is None else (y - self.y_mean_) / self.y_scale_

    def _loss(self) -> tuple[Any, str | None]:
        return _names.value_loss(self.loss), None

    def _loss_terms(self) -> int:
        return self.n_outputs_

    def _with_class_weights(self, weights: Array | None, y: Array) -> Array | None:
        return weights

    def _stratify(self, y: Array) -> None:
        return None

    def _predictions(self, outputs: Array) -> Array:
        values = outputs[:, 0] if self.n_outputs_ == 1 else outputs
        return values if self.y_scale_ is None else values * self.y_scale_ + self.y_mean_

    @available_if(has_epochs)  # type: ignore[untyped-decorator]
    @explain_keywords()
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train one more epoch; the state of the solver is kept between calls.

        Parameters
        ----------
        X : array-like, sparse matrix or list of arrays
            Rows or sequences in the form of `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values of X.
        sample_weight : array-like of shape (n_samples,), default=None
            Nonnegative weights of the samples; None weights all equally.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If an argument or parameter is invalid, or y has another number of values per row.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
