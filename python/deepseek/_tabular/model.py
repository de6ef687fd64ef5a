"""What a fitted `TabularNet` answers: predictions, scores, readings, networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config import checks
from .._tables.arrays import Columns
from ..net import Net
from .evaluation import scored_targets, scores
from .importances import CLASS_METRICS, VALUE_METRICS, Importance, permutation_importances
from .inputs import warn
from .options import TabularConfig
from .state import FittedState
from .summary import summary_lines
from .tables import read_columns, target_of
from .weights import split_weights

Array = NDArray[Any]


class FittedTable:
    """Base class of `TabularNet`; not instantiated itself."""

    _options: TabularConfig
    _state: FittedState | None

    def predict(self, X: Any) -> Array:
        """Return the predicted classes or numbers.

        Parameters
        ----------
        X : table
            Table of any kind that `fit` takes; columns are found by name, other columns are ignored. A plain array
            has the columns of the fit in their order.

        Returns
        -------
        ndarray of shape (rows,)
            Class labels as in the target of `fit`, or numbers (float64).

        Raises
        ------
        TypeError, ValueError
            For a table that lacks a column, or cannot be read. A new category or a missing value is no error: a
            warning counts the rows.
        """
        state, inputs = self._encoded(X)
        if state.classes is None:
            return state.values(inputs)
        return np.asarray(state.target.inverse(state.probabilities(inputs).argmax(axis=1)))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : table
            Table, see `predict`.

        Returns
        -------
        ndarray of float64, shape (rows, classes)
            Probabilities in the order of `classes`; each row sums to 1.

        Raises
        ------
        TypeError, ValueError
            For an invalid table, or a model of numbers.
        """
        if self._fitted("predict_proba").classes is None:
            raise ValueError(
                "predict_proba: got a model of numbers; expected one of classes (task='classification')"
            )
        state, inputs = self._encoded(X)
        return state.probabilities(inputs)

    def predict_quantiles(
        self, X: Any, quantiles: Sequence[float] = (0.05, 0.5, 0.95)
    ) -> NDArray[np.float64]:
        """Return quantiles of a predicted number, calibrated on out-of-fold residuals (CV+, Barber et al. 2021).

        The distance of the quantiles follows the size of the errors at similar rows, if that lowers the pinball loss on
        rows that the members held out (Lei et al. 2018).

        Between the quantiles a/2 and 1 - a/2 lie about 1 - a of new targets, if the rows of the fit and the new rows
        are exchangeable. The guarantee of the method is 1 - 2a.

        Parameters
        ----------
        X : table
            Table, see `predict`.
        quantiles : sequence of float, default=(0.05, 0.5, 0.95)
            Quantiles, each in (0, 1).

        Returns
        -------
        ndarray of float64, shape (rows, quantiles)

        Raises
        ------
        TypeError, ValueError
            For an invalid table or quantile, or a model of classes.
        """
        if self._fitted("predict_quantiles").classes is not None:
            raise ValueError(
                "predict_quantiles: got a model of classes; expected one of numbers (task='regression')"
            )
        if isinstance(quantiles, (str, float, int)) or not len(quantiles):
            raise TypeError(f"quantiles: got {quantiles!r}; expected a list such as (0.05, 0.5, 0.95)")
        levels = [
            checks.real(f"quantiles[{i}]", q, 0.0, 1.0, above=True, below=True)
            for i, q in enumerate(quantiles)
        ]
        state, inputs = self._encoded(X)
        return state.quantiles(inputs, np.array(levels))

    def evaluate(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> dict[str, Any]:
        """Return the scores on labelled rows.

        Parameters
        ----------
        X : table
            Table, see `predict`.
        y : array-like of shape (rows,) or str, optional
            Target or its column in X. Default: the column of X with the name of the target at fit. Rows whose target
            is missing are not scored.
        sample_weight : str or array-like of shape (rows,), optional
            Weights of the rows, at least 0, or the name of their column in X. Default: 1. Rows of weight 0 are not
            scored.

        Returns
        -------
        dict
            Of classes: ``"accuracy"``, ``"balanced_accuracy"``, ``"auc"`` (of several classes the mean of one against
            the others), ``"log_loss"`` in nats, and ``"per_class"``: by label ``"rows"``, ``"precision"``, ``"recall"``
            and ``"f1"``. Of numbers: ``"r2"``, ``"rmse"``, ``"mae"`` and ``"coverage"``: by stated level, 0.8, 0.9 and
            0.95, the ``"share"`` of the targets in the interval of `predict_quantiles`, and its ``"mean_width"``.
            ``"trivial"`` has the scores of the class shares or the mean of the fit, ``"linear"`` those of a linear
            model, ``"rows"`` the number of rows.

        Raises
        ------
        TypeError, ValueError
            For an invalid table or target.
        """
        return scores(self._fitted("evaluate"), *self._labelled(X, y, sample_weight))

    def permutation_importances(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        metric: str | None = None,
        repeats: int = 5,
        seed: int = 0,
    ) -> dict[str, Importance]:
        """Return how much the score on labelled rows falls if a column is exchanged between the rows.

        Parameters
        ----------
        X : table
            Table, see `predict`; rows that the fit has not seen show what the model generalises from.
        y : array-like of shape (rows,) or str, optional
            Target, see `evaluate`.
        sample_weight : str or array-like of shape (rows,), optional
            Weights of the rows in the score, see `evaluate`. Default: 1.
        metric : str, optional
            Score: "accuracy", "balanced_accuracy", "auc" or "log_loss" of classes, "r2", "rmse" or "mae" of numbers.
            Default: "accuracy" or "r2".
        repeats : int, default=5
            Number of permutations of each column, at least 1.
        seed : int, default=0
            Seed of the permutations, 0 to 2**64 - 1.

        Returns
        -------
        dict of str to Importance
            Mean and standard deviation by column, the largest mean first: the decrease of the score, or the increase
            of log_loss, rmse and mae. Columns that are left out are not among them. NaN, with a warning, if the score
            is not defined: r2 or auc of rows whose targets are all equal.

        Raises
        ------
        TypeError, ValueError
            For an invalid table, target or option.
        """
        state = self._fitted("permutation_importances")
        metrics = VALUE_METRICS if state.classes is None else CLASS_METRICS
        metric = metrics[0] if metric is None else checks.choice("metric", metric, metrics)
        repeats = checks.integer("repeats", repeats)
        seed = checks.integer("seed", seed, 0, 2**64 - 1)
        rows = self._labelled(X, y, sample_weight)
        found = permutation_importances(state, *rows, metric=metric, repeats=repeats, seed=seed)
        if not all(np.isfinite(mean) for mean, _ in found.values()):
            warn(
                f"the {metric} of rows whose targets are all equal is not defined, so the importances are NaN"
            )
        return found

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the inputs of the members for a table.

        Parameters
        ----------
        X : table
            Table, see `predict`.

        Returns
        -------
        ndarray of float32, shape (rows, inputs)
            Encoded features, named by `input_names`; a member takes the leading ones, as many as its ``layers[0]``.
        """
        return self._encoded(X)[1]

    @property
    def classes(self) -> Array | None:
        """Class labels, ascending, shape (classes,); None for numbers."""
        return self._fitted("classes").classes

    @property
    def task(self) -> str:
        """Task: "classification" or "regression" of a fitted model, the option before."""
        return self._options.task if self._state is None else self._state.target.task

    @property
    def target(self) -> str:
        """Name of the target."""
        return self._fitted("target").target.name

    @property
    def feature_names(self) -> list[str]:
        """Names of the columns at fit, without the target, including those that were left out."""
        return [reading.name for reading in self._fitted("feature_names").inputs.features.readings]

    @property
    def input_names(self) -> list[str]:
        """Names of the members' inputs, in the order of `transform`."""
        return self._fitted("input_names").inputs.names

    @property
    def nets(self) -> list[Net]:
        """Members; their inputs are the leading ones of `transform`."""
        return list(self._fitted("nets").nets)

    @property
    def net(self) -> Net:
        """First member."""
        return self._fitted("net").nets[0]

    @property
    def linear_nets(self) -> list[Net]:
        """Linear models, one for each member; their inputs are the leading ones of `transform`."""
        return list(self._fitted("linear_nets").linear)

    def describe(self) -> list[str]:
        """Return the lines of `summary`."""
        return summary_lines(self._fitted("describe"))

    def summary(self) -> str:
        """Return how the target and the columns were read, what was left out, and what the members are.

        Returns
        -------
        str
            Lines of text; those that are a guess name the option that changes it.
        """
        return "\n".join(self.describe())

    def _fitted(self, what: str) -> FittedState:
        if self._state is None:
            raise ValueError(f"{what}: got a model before its fit; expected a fitted one (call fit first)")
        return self._state

    def _columns(self, X: Any) -> Columns:
        return read_columns(X, self.feature_names)

    def _labelled(
        self, X: Any, y: Any, sample_weight: Any = None
    ) -> tuple[NDArray[np.float32], Array, NDArray[np.float64] | None]:
        """Return inputs, targets and weights of the rows with a known target and a weight above 0."""
        state = self._fitted("evaluate")
        columns = self._columns(X)
        _, weights = split_weights(columns, sample_weight)
        target = target_of(columns, y, state.target.name)
        decimal = columns.decimal if y is None or isinstance(y, str) else None
        known, targets, weights = scored_targets(target, state.target, weights, decimal)
        return state.inputs.transform(columns if known.all() else columns.take(known)), targets, weights

    def _encoded(self, X: Any) -> tuple[FittedState, NDArray[np.float32]]:
        state = self._fitted("predict")
        return state, state.inputs.transform(self._columns(X))
