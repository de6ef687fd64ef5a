"""TabularClassifier and TabularRegressor: `deepseek.TabularNet` for scikit-learn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, check_is_fitted, validate_data

from .._tables.cells import canonical_text, read_cells
from .._tables.raw import is_missing
from .._tables.target import TargetEncoder
from ..activations import Activation
from ..tabular import TabularNet
from ._estimator import read_weights

__all__ = ["TabularClassifier", "TabularRegressor"]

Array = NDArray[Any]


class _Tabular(BaseEstimator):  # type: ignore[misc]
    """Base class of both estimators."""

    _task: str

    def __init__(
        self,
        *,
        members: int = 8,
        time_limit: float | None = None,
        kinds: Mapping[str, str] | None = None,
        drop: Iterable[str] = (),
        hidden: Sequence[int] | None = None,
        activation: str | Activation | None = None,
        dropout: float | None = None,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        random_state: Any = None,
        threads: int | None = None,
        device: str = "cpu",
        verbose: bool = False,
    ) -> None:
        self.members = members
        self.time_limit = time_limit
        self.kinds = kinds
        self.drop = drop
        self.hidden = hidden
        self.activation = activation
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state
        self.threads = threads
        self.device = device
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Read the columns and train the networks.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
            Rows. Columns of a frame keep their names.
        y : array-like of shape (n_samples,)
            Labels of any type for a classifier, numbers for a regressor.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, at least 0, see `TabularNet.fit`. Rows of weight 0 are left out. None stands for 1.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        TypeError, ValueError
            If an argument or a parameter is invalid.
        DivergenceError
            If the loss of every network becomes infinite or NaN.
        """
        options = self.get_params(deep=False)
        verbose, random_state = options.pop("verbose"), options.pop("random_state")
        X = self._validated(X, y, reset=True)
        weights = read_weights(sample_weight, X)
        target, fitted = self._read_target(y, weights)
        check_consistent_length(X, target)
        seed = int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
        model = TabularNet(task=self._task, seed=seed, **self._model_options(options, fitted))
        self.model_ = model.fit(X, self._named(X, y, target), sample_weight=weights, verbose=verbose)
        self.__dict__.update(fitted)
        return self

    def _read_target(self, y: Any, weights: Array | None) -> tuple[Array, dict[str, Any]]:
        """Return the validated target, and the fitted attributes that depend on it."""
        raise NotImplementedError

    def _model_options(self, options: dict[str, Any], fitted: dict[str, Any]) -> dict[str, Any]:
        """Return the options of the model, which may depend on the fitted attributes."""
        return options

    def _validated(self, X: Any, y: Any = "no_validation", *, reset: bool) -> Any:
        """Return a frame as it is, and anything else as an array of two dimensions."""
        if hasattr(X, "columns"):
            validate_data(self, X, y, reset=reset, skip_check_array=True)
            return X
        if y is None:
            validate_data(self, X, None, reset=reset)  # raises
        return validate_data(
            self, X, reset=reset, dtype=None, ensure_all_finite=False, ensure_min_samples=2 if reset else 1
        )

    @staticmethod
    def _named(X: Any, y: Any, target: Array) -> Any:
        """Return the target under the name of y, unless X has a column of this name."""
        name = getattr(y, "name", None)
        return {name: target} if isinstance(name, str) and name not in getattr(X, "columns", ()) else target

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.target_tags.required = True
        return tags


class TabularClassifier(ClassifierMixin, _Tabular):  # type: ignore[misc]
    """Ensemble of multilayer perceptrons for classification of tables, based on `deepseek.TabularNet`.

    Every column is read by its content: numbers, categories, dates, texts, missing values. Frames of pandas and
    polars and arrays of objects need no preprocessing.

    Parameters
    ----------
    members : int, default=8
        Number of networks, at least 1.
    time_limit : float, default=None
        Approximate limit in seconds for the training. None sets no limit.
    kinds : mapping of str to str, default=None
        Kinds of some columns: "number", "category", "boolean", "date", "text" or "left out", or the order of their
        dates, "day/month/year" or "month/day/year". The columns of an array are named x0, x1, ….
        None finds all kinds by content.
    drop : iterable of str, default=()
        Columns to leave out.
    class_weight : mapping or "balanced", default=None
        Weights of the classes by label, see `TabularNet`. None stands for 1.
    hidden : sequence of int, default=None
        Units of the hidden layers. None and the following defaults are those of `TabularNet`.
    activation : str or Activation, default=None
        Activation of the hidden layers.
    dropout : float, default=None
        Share of the hidden units set to 0 in training, in [0, 1).
    learning_rate : float, default=None
        Largest learning rate of AdamW, above 0.
    weight_decay : float, default=None
        Decoupled weight decay, at least 0.
    epochs : int, default=None
        Passes over the rows.
    batch_size : int, default=None
        Rows per mini-batch.
    random_state : int, RandomState instance or None, default=None
        Source of the seed. An int gives the same results on every call.
    threads : int, default=None
        Largest number of threads. None takes the number of `set_num_threads`.
    device : {"cpu", "cuda", "cuda:1", …, "auto"}, default="cpu"
        Device of the networks.
    verbose : bool, default=False
        Whether `fit` prints how the columns were read.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, ascending.
    model_ : TabularNet
        Fitted model, with `summary`, `evaluate`, `save` and the networks. Its class labels are those of `classes_`, or
        their indices if `TabularNet` cannot distinguish the labels, such as " a" and "a".
    n_features_in_ : int
        Number of columns; set for arrays.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; set for frames.

    Examples
    --------
    >>> TabularClassifier(random_state=0).fit(frame, labels).predict(frame)  # doctest: +SKIP
    """

    _task = "classification"

    def __init__(
        self,
        *,
        members: int = 8,
        time_limit: float | None = None,
        kinds: Mapping[str, str] | None = None,
        drop: Iterable[str] = (),
        class_weight: Mapping[Any, float] | str | None = None,
        hidden: Sequence[int] | None = None,
        activation: str | Activation | None = None,
        dropout: float | None = None,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        random_state: Any = None,
        threads: int | None = None,
        device: str = "cpu",
        verbose: bool = False,
    ) -> None:
        super().__init__(
            members=members,
            time_limit=time_limit,
            kinds=kinds,
            drop=drop,
            hidden=hidden,
            activation=activation,
            dropout=dropout,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            epochs=epochs,
            batch_size=batch_size,
            random_state=random_state,
            threads=threads,
            device=device,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def _read_target(self, y: Any, weights: Array | None) -> tuple[Array, dict[str, Any]]:
        labels = column_or_1d(y, warn=True)
        gone = [row for row, item in enumerate(labels.tolist()) if is_missing(item)]
        if labels.dtype.kind == "O" and gone:
            raise ValueError(f"Input y contains NaN: got a missing label in row {gone[0]}; expected none")
        if labels.dtype.kind == "f":
            assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        kept = labels if weights is None or len(weights) != len(labels) else labels[weights > 0]
        classes = np.unique(kept)
        if len(classes) < 2:
            raise ValueError(f"y: got 1 class, {classes.tolist()[0]!r}; expected at least two classes")
        texts = {canonical_text(text) for text in read_cells(classes).texts}
        faithful = len(texts) == len(classes) and bool(TargetEncoder.present(classes).all())
        # A label that only rows of weight 0 have gets any code: the model leaves these rows out.
        codes = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
        return labels if faithful else codes, {"classes_": classes, "_has_labels": faithful}

    def _model_options(self, options: dict[str, Any], fitted: dict[str, Any]) -> dict[str, Any]:
        weights = options["class_weight"]
        if fitted["_has_labels"] or not isinstance(weights, Mapping):
            return options
        code_of = {label: code for code, label in enumerate(fitted["classes_"].tolist())}
        unknown = [label for label in weights if label not in code_of]
        if unknown:
            raise ValueError(
                f"class_weight: got the class {unknown[0]!r}; expected classes of y: {[*code_of]}"
            )
        return {**options, "class_weight": {code_of[label]: weight for label, weight in weights.items()}}

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`.
        """
        check_is_fitted(self)
        probabilities = self.model_.predict_proba(self._validated(X, reset=False))
        if not self._has_labels:
            return probabilities
        order = self.model_._fitted("predict_proba").target.transform(self.classes_)
        return probabilities[:, order]

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels of `classes_`.
        """
        codes = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[codes])


class TabularRegressor(RegressorMixin, _Tabular):  # type: ignore[misc]
    """Ensemble of multilayer perceptrons for regression of tables, based on `deepseek.TabularNet`.

    Every column is read by its content: numbers, categories, dates, texts, missing values. Frames of pandas and
    polars and arrays of objects need no preprocessing.

    Parameters
    ----------
    members : int, default=8
        Number of networks, at least 1.
    time_limit : float, default=None
        Approximate limit in seconds for the training. None sets no limit.
    kinds : mapping of str to str, default=None
        Kinds of some columns: "number", "category", "boolean", "date", "text" or "left out", or the order of their
        dates, "day/month/year" or "month/day/year". The columns of an array are named x0, x1, ….
        None finds all kinds by content.
    drop : iterable of str, default=()
        Columns to leave out.
    hidden : sequence of int, default=None
        Units of the hidden layers. None and the following defaults are those of `TabularNet`.
    activation : str or Activation, default=None
        Activation of the hidden layers.
    dropout : float, default=None
        Share of the hidden units set to 0 in training, in [0, 1).
    learning_rate : float, default=None
        Largest learning rate of AdamW, above 0.
    weight_decay : float, default=None
        Decoupled weight decay, at least 0.
    epochs : int, default=None
        Passes over the rows.
    batch_size : int, default=None
        Rows per mini-batch.
    random_state : int, RandomState instance or None, default=None
        Source of the seed. An int gives the same results on every call.
    threads : int, default=None
        Largest number of threads. None takes the number of `set_num_threads`.
    device : {"cpu", "cuda", "cuda:1", …, "auto"}, default="cpu"
        Device of the networks.
    verbose : bool, default=False
        Whether `fit` prints how the columns were read.

    Attributes
    ----------
    model_ : TabularNet
        Fitted model, with `summary`, `evaluate`, `save` and the networks.
    n_features_in_ : int
        Number of columns; set for arrays.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; set for frames.

    Examples
    --------
    >>> TabularRegressor(random_state=0).fit(frame, prices).predict(frame)  # doctest: +SKIP
    """

    _task = "regression"

    def _read_target(self, y: Any, weights: Array | None) -> tuple[Array, dict[str, Any]]:
        values = column_or_1d(y, dtype=np.float64, warn=True)
        assert_all_finite(values, input_name="y")
        return values, {}

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the predicted numbers.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return np.asarray(self.model_.predict(self._validated(X, reset=False)))

    def predict_quantiles(
        self, X: Any, quantiles: Sequence[float] = (0.05, 0.5, 0.95)
    ) -> NDArray[np.float64]:
        """Return calibrated quantiles of the predicted numbers, see `TabularNet.predict_quantiles`.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
            Rows.
        quantiles : sequence of float, default=(0.05, 0.5, 0.95)
            Quantiles, each in (0, 1).

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles)
        """
        check_is_fitted(self)
        return self.model_.predict_quantiles(self._validated(X, reset=False), quantiles)
