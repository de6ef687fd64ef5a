"""RecClassifier and RecRegressor: recurrent networks for scikit-learn, a class or value a sequence."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length

from .._checks import choice
from .._rec.config import RecConfig, make_rec_config
from .._rec.data import SequenceRows, sequence_rows
from ..rec import Rec
from ._callbacks import with_callbacks
from ._estimator import Estimator
from ._fitted import UNASKED
from ._parameters import store
from ._targets import Classes, Values

__all__ = ["RecClassifier", "RecRegressor"]

Array = NDArray[Any]

OUTPUTS = ("last", "mean", "max")
"""What may stand for a whole sequence."""


class _Rec(Estimator):
    """What both have in common."""

    _model_class = Rec
    _most_rows: ClassVar[int] = 32
    _random_parts: ClassVar[tuple[str, ...]] = ("dropout", "input_dropout", "recurrent_dropout")

    def _read(self, X: Any, y: Any = UNASKED, *, reset: bool) -> tuple[Any, Any]:
        asks = not (isinstance(y, str) and y == UNASKED)
        if _is_table(X):
            X, y = self._validated(X, y, reset)
            self._features_are(1, reset)
            return (X.astype(np.int64) if self.vocabulary else X[:, :, None]), y
        X = self._sequences(X, reset)
        if asks:
            if y is None:
                raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
            y = check_array(y, ensure_2d=False, dtype="numeric" if self._y_is_numeric else None)
            check_consistent_length(X, y)
        return X, (y if asks else None)

    def _sequences(self, X: Any, reset: bool) -> Any:
        """An array (sequences, steps, features), or a list of arrays (steps, features); finite is `Rec`'s to check."""
        if isinstance(X, np.ndarray) and X.ndim == 3:
            X = check_array(X, allow_nd=True, dtype=(np.float64, np.float32))
            self._features_are(X.shape[2], reset)
            return X
        arrays = [np.asarray(sequence) for sequence in X]
        if self.vocabulary:
            return arrays
        kept = all(array.dtype == np.float32 for array in arrays)
        arrays = [
            np.asarray(array, np.float32 if kept else np.float64).reshape(
                len(array), *array.shape[1:] or (1,)
            )
            for array in arrays
        ]
        for i, array in enumerate(arrays):
            if array.ndim != 2 or array.shape[1] != arrays[0].shape[1]:
                raise ValueError(
                    f"X[{i}] must have shape (steps, {arrays[0].shape[-1]}) as the first, got {array.shape}"
                )
        self._features_are(arrays[0].shape[1], reset)
        return arrays

    def _features_are(self, count: int, reset: bool) -> None:
        """Numbers a step: kept at a first fit, compared later."""
        if reset:
            self.n_step_features_ = count
        elif count != self.n_step_features_:
            raise ValueError(
                f"X has {count} features a step, but {type(self).__name__} is expecting "
                f"{self.n_step_features_} features a step as input"
            )

    def _model_config(self, X: Any, dtype: str, optimizer: Any, seed: int) -> RecConfig:
        loss, output = self._loss()
        return make_rec_config(
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

    def _keep(self, state: dict[str, Array]) -> None:
        self.weights_ = state

    def _kept(self) -> dict[str, Array]:
        return dict(self.weights_)

    def _fitted_arrays(self) -> tuple[Array, ...]:
        return tuple(getattr(self, "weights_", {}).values())

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
        """Train, from the beginning unless ``warm_start=True``.

        Parameters
        ----------
        X : array-like (n_samples, steps, features) or (n_samples, steps), or list of (steps, features) or (steps,)
            Sequences; in a list they may differ in length. Two dimensions are series of one number a step. With
            a vocabulary integers 0 to vocabulary - 1.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            A target a sequence: labels of any kind or a label indicator matrix; numbers for a regressor.
        sample_weight, X_val, y_val, sample_weight_val
            As `NetClassifier.fit`'s.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            For bad data or parameters.
        DivergenceError
            If loss or weights become infinite or NaN (a ValueError, too); the last finite weights are kept.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)


def _is_table(X: Any) -> bool:
    """Whether X is rows of equally many numbers, whatever library it comes from."""
    if hasattr(X, "ndim") and not (getattr(X, "dtype", None) == np.dtype(object) and X.ndim == 1):
        return bool(X.ndim != 3)
    items = list(X) if isinstance(X, (list, tuple, np.ndarray)) else []
    if not items or not all(hasattr(item, "__len__") and not isinstance(item, str) for item in items):
        return True
    return np.ndim(items[0]) < 2 and len({len(item) for item in items}) == 1


class RecClassifier(Classes, _Rec):
    """Recurrent network that tells the class of a sequence; `deepseek.Rec` behind scikit-learn's interface.

    Parameters
    ----------
    hidden : int or list of int, default=64
        Units, one number a recurrent layer.
    cell, cell_activation, bidirectional, output, head, head_activation, vocabulary, embedding_size, dropout, \
input_dropout, recurrent_dropout, layer_norm, initialization
        As `deepseek.Rec`'s; ``output`` is last, mean or max.
    solver, alpha, batch_size, ..., threads
        As `NetClassifier`'s; the batch size "auto" is ``min(32, n_samples)``.

    Attributes
    ----------
    weights_ : dict of str to ndarray
        Parameters under PyTorch's names. Read-only; assign other arrays to change them.
    n_step_features_ : int
        Numbers a step.
    classes_, loss_curve_, validation_scores_, ...
        As `NetClassifier`'s.

    Examples
    --------
    >>> from deepseek.datasets import load_japanese_vowels  # doctest: +SKIP
    >>> vowels = load_japanese_vowels()  # doctest: +SKIP
    >>> RecClassifier(max_iter=50).fit(vowels.data, vowels.target).predict(vowels.data[:3])  # doctest: +SKIP
    """

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
    """Recurrent network that tells a value, or several, of a sequence.

    Parameters
    ----------
    loss
        As `NetRegressor`'s.
    hidden, cell, ...
        As `RecClassifier`'s.

    Attributes
    ----------
    weights_, loss_curve_, ...
        As `RecClassifier`'s.

    Examples
    --------
    >>> RecRegressor(hidden=32).fit(windows, next_values).predict(windows[-1:])  # doctest: +SKIP
    """

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
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        store(self, locals())
