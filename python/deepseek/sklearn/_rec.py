"""RecClassifier and RecRegressor: recurrent networks for scikit-learn with one target per sequence."""

from __future__ import annotations

from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length

from .._config.checks import choice
from .._config.hints import explain_keywords
from .._config.rec import RecConfig
from .._data.columns import check_convertible
from .._rec.data import SequenceRows, sequence_rows
from ..rec import Rec
from ._callbacks import with_callbacks
from ._estimator import Estimator
from ._fitted import NO_TARGETS
from ._parameters import store
from ._targets import Classes, Values

__all__ = ["RecClassifier", "RecRegressor"]

Array = NDArray[Any]

OUTPUTS = ("last", "mean", "max")
"""Values of `output` that reduce a sequence to one vector."""


class _Rec(Estimator):
    """Base class of both estimators."""

    _model_class = Rec
    _max_batch_size: ClassVar[int] = 32
    _random_parameters: ClassVar[tuple[str, ...]] = ("dropout", "input_dropout", "recurrent_dropout")

    def _read(self, X: Any, y: Any = NO_TARGETS, *, reset: bool) -> tuple[Any, Any]:
        has_targets = not (isinstance(y, str) and y == NO_TARGETS)
        if getattr(X, "ndim", 0) == 1 and X.dtype == object:
            X = np.asarray(X)  # a Series of arrays
        if _is_rectangular(X):
            X, y = self._validated(X, y, reset)
            self._check_step_features(1, reset)
            return (_tokens(X) if self.vocabulary else X[:, :, None]), y
        X = self._sequences(X, reset)
        if has_targets:
            if y is None:
                raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
            if self._y_is_numeric:
                check_convertible(y, "y")
            y = check_array(y, ensure_2d=False, dtype="numeric" if self._y_is_numeric else None)
            check_consistent_length(X, y)
        return X, (y if has_targets else None)

    def _sequences(self, X: Any, reset: bool) -> Any:
        """Validate an array (sequences, steps, features) or a list of arrays (steps, features), except for NaN."""
        if isinstance(X, np.ndarray) and X.ndim == 3:
            check_convertible(X, "X")
            X = check_array(X, allow_nd=True, dtype=(np.float64, np.float32))
            self._check_step_features(X.shape[2], reset)
            return X
        if not self.vocabulary:
            for i, sequence in enumerate(X):
                check_convertible(sequence, f"X[{i}]")
        arrays = [np.asarray(sequence) for sequence in X]
        if self.vocabulary:
            return arrays
        is_float32 = all(array.dtype == np.float32 for array in arrays)
        arrays = [
            np.asarray(array, np.float32 if is_float32 else np.float64).reshape(
                len(array), *array.shape[1:] or (1,)
            )
            for array in arrays
        ]
        for i, array in enumerate(arrays):
            if array.ndim != 2 or array.shape[1] != arrays[0].shape[1]:
                raise ValueError(
                    f"X[{i}]: got shape {array.shape}; expected (steps, {arrays[0].shape[-1]}), as of X[0]"
                )
        self._check_step_features(arrays[0].shape[1], reset)
        return arrays

    def _check_step_features(self, count: int, reset: bool) -> None:
        """Set the number of features of a step in a first fit; raise ValueError if a later X has another one."""
        if reset:
            self.n_step_features_ = count
        elif count != self.n_step_features_:
            raise ValueError(
                f"X has {count} features per step, but {type(self).__name__} is expecting "
                f"{self.n_step_features_} features per step as input"
            )

    def _model_config(self, X: Any, dtype: str, optimizer: Any, seed: int) -> RecConfig:
        loss, output = self._loss()
        return RecConfig(
            input_size=None if self.vocabulary else self.n_step_features_,
            hidden=self.hidden,
            cell=self.cell,
            cell_activation=self.cell_activation,
            vocabulary=self.vocabulary,
            embedding_size=self.embedding_size,
            bidirectional=self.bidirectional,
            output=choice("output", self.output, OUTPUTS),
            output_size=self.n_outputs_,
            head=self.head,
            head_activation=self.head_activation,
            output_activation=output,
            loss=loss,
            optimizer=optimizer,
            dropout=self.dropout,
            input_dropout=self.input_dropout,
            recurrent_dropout=self.recurrent_dropout,
            layer_norm=self.layer_norm,
            initialization=self.initialization,
            dtype=dtype,
            device=self.device,
            threads=self.threads,
            seed=seed,
        )

    def _rows(self, config: Any, X: Any, y: Array, weights: Array | None) -> SequenceRows:
        return sequence_rows(config, X, y, None, weights)

    def _set_fitted(self, state: dict[str, Array]) -> None:
        self.weights_ = state

    def _fitted_state(self) -> dict[str, Array]:
        return dict(self.weights_)

    def _fitted_arrays(self) -> tuple[Array, ...]:
        return tuple(getattr(self, "weights_", {}).values())

    @property
    def rec_(self) -> Rec:
        """Copy of the `deepseek.Rec` with the fitted weights and the solver's state; see `NetClassifier.net_`."""
        return cast(Rec, self._public_model())

    @explain_keywords()
    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train the network, from new initial weights unless ``warm_start=True``.

        Parameters
        ----------
        X : array-like (n_samples, steps, features) or (n_samples, steps), or list of (steps, features) or (steps,)
            Sequences; in a list their lengths can differ. Two dimensions are series with one feature per
            step. With `vocabulary` integers from 0 to vocabulary - 1.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, one per sequence: labels of any type or a label indicator matrix for a classifier,
            numbers for a regressor.
        sample_weight : array-like of shape (n_samples,), default=None
            Nonnegative weights of the sequences; None weights all equally.
        X_val : array-like or list of arrays, default=None
            Validation sequences, scored after each epoch (``validation_scores_``). With
            ``early_stopping=True`` they replace the validation split.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Targets of X_val; see `NetClassifier.fit`.
        sample_weight_val : array-like of shape (n_val,), default=None
            Nonnegative weights of X_val; None weights all equally.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument or a parameter is invalid.
        TypeError
            If an argument or a parameter has the wrong type.
        DivergenceError
            If loss or weights become infinite or NaN; it is also a ValueError. The last finite weights are
            kept.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)


def _tokens(X: Array) -> Array:
    """Return a matrix of whole numbers as tokens."""
    if not (np.floor(X) == X).all():
        row, step = (int(i) for i in np.argwhere(np.floor(X) != X)[0])
        raise ValueError(f"X: got {X[row, step]} in row {row}, step {step}; expected integer tokens")
    return X.astype(np.int64)


def _is_rectangular(X: Any) -> bool:
    """Return whether X is a matrix: rows of the same number of values, of any array or table library."""
    if hasattr(X, "ndim") and not (getattr(X, "dtype", None) == np.dtype(object) and X.ndim == 1):
        return bool(X.ndim != 3)
    items = list(X) if isinstance(X, (list, tuple, np.ndarray)) else []
    if not items or not all(hasattr(item, "__len__") and not isinstance(item, str) for item in items):
        return True
    return np.ndim(items[0]) < 2 and len({len(item) for item in items}) == 1


class RecClassifier(Classes, _Rec):
    """Recurrent network for the classification of sequences, based on `deepseek.Rec`.

    Parameters
    ----------
    hidden : int or list of int, default=64
        Number of units of each recurrent layer.
    cell : str, default="gru"
        Type of the recurrent cells, as in `deepseek.Rec`.
    cell_activation : str, default="tanh"
        Activation of the cell "rnn".
    bidirectional : bool, default=False
        Whether each layer also runs backward in time.
    output : {"last", "mean", "max"}, default="last"
        Reduction of the last layer's outputs over the steps.
    head : sequence of int, default=()
        Number of units of each dense layer between the recurrent layers and the output.
    head_activation : str or Activation, default="relu"
        Activation of the dense layers.
    vocabulary : int, default=None
        Number of different tokens, for sequences of integers; None for sequences of numbers.
    embedding_size : int, default=None
        Length of the learned vector of each token, as in `deepseek.Rec`.
    dropout, input_dropout, recurrent_dropout : float, default=0.0
        Dropout rates as in `deepseek.Rec`, in [0, 1).
    layer_norm : bool, default=False
        Whether the cells use layer normalization.
    initialization : str, default="auto"
        Initialization of the weights, as in `deepseek.Rec`.
    solver, alpha, batch_size, ..., threads
        Parameters of `NetClassifier`; the batch size "auto" is ``min(32, n_samples)``.

    Attributes
    ----------
    weights_ : dict of str to ndarray
        Parameters by PyTorch's names. They are read-only; assign other arrays to change them.
    n_step_features_ : int
        Number of features of a step.
    rec_ : Rec
        Copy of the network with the fitted weights, for `save`, `to_onnx` and `to_torch`.
    classes_, loss_curve_, validation_scores_, ...
        Attributes of `NetClassifier` except coefs_, intercepts_ and norms_.

    Examples
    --------
    >>> from deepseek.datasets import load_japanese_vowels  # doctest: +SKIP
    >>> vowels = load_japanese_vowels()  # doctest: +SKIP
    >>> RecClassifier(max_iter=50).fit(vowels.data, vowels.target).predict(vowels.data[:3])  # doctest: +SKIP
    """

    @explain_keywords()
    def __init__(
        self,
        hidden: Any = 64,
        cell: str = "gru",
        *,
        cell_activation: str = "tanh",
        bidirectional: bool = False,
        output: str = "last",
        head: Any = (),
        head_activation: Any = "relu",
        vocabulary: int | None = None,
        embedding_size: int | None = None,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: int = 15000,
        loss: Any = "log_loss",
        label_smoothing: float = 0.0,
        class_weight: Any = None,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        layer_norm: bool = False,
        initialization: str = "auto",
        clip_norm: float | None = None,
        scoring: Any = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        store(self, locals())


class RecRegressor(Values, _Rec):
    """Recurrent network for the regression of one or several values per sequence, based on `deepseek.Rec`.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        Loss function, as in `NetRegressor`.
    normalize_y : bool, default=False
        Whether the network learns the targets with mean 0 and standard deviation 1, as in `NetRegressor`.
    hidden, cell, ...
        Parameters of `RecClassifier` except label_smoothing and class_weight; ``scoring=None`` is R².

    Attributes
    ----------
    y_mean_, y_scale_ : float, ndarray of shape (n_outputs,) or None
        Mean and standard deviation of the targets; None without `normalize_y`.
    weights_, loss_curve_, ...
        Attributes of `RecClassifier` except classes_.

    Examples
    --------
    >>> RecRegressor(hidden=32).fit(windows, next_values).predict(windows[-1:])  # doctest: +SKIP
    """

    @explain_keywords()
    def __init__(
        self,
        loss: Any = "squared_error",
        hidden: Any = 64,
        cell: str = "gru",
        *,
        cell_activation: str = "tanh",
        bidirectional: bool = False,
        output: str = "last",
        head: Any = (),
        head_activation: Any = "relu",
        vocabulary: int | None = None,
        embedding_size: int | None = None,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        layer_norm: bool = False,
        initialization: str = "auto",
        clip_norm: float | None = None,
        scoring: Any = None,
        normalize_y: bool = False,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        store(self, locals())
