"""scikit-learn's models: HistGradientBoosting with categories, and MLP behind one-hot encoding and scaling."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .frames import Categories, text_columns
from .peer import Maker, NoPreparation, PeerModel, TableModel
from .registry import Task

MOST_CATEGORIES = 255
"""Largest number of categories of a column that HistGradientBoosting accepts."""


def setup(threads: int) -> str:
    """Return the version; environment variables set the number of threads."""
    for name in ("compose", "ensemble", "impute", "neural_network", "pipeline", "preprocessing"):
        import_module(f"sklearn.{name}")
    return str(import_module("sklearn").__version__)


def _hist_gradient_boosting(task: Task, threads: int, seed: int) -> TableModel:
    ensemble: Any = import_module("sklearn.ensemble")
    model = (
        ensemble.HistGradientBoostingClassifier
        if task == "classes"
        else ensemble.HistGradientBoostingRegressor
    )
    return PeerModel(model(random_state=seed), Categories(MOST_CATEGORIES))


class _Pipeline:
    """One-hot encoding of text, median and scaling of numbers, then the estimator."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator
        self._pipeline: Any = None

    def fit(self, X: Any, y: Any) -> None:
        """Build the pipeline for the columns of X and fit it."""
        preprocessing: Any = import_module("sklearn.preprocessing")
        pipeline: Any = import_module("sklearn.pipeline")
        text = text_columns(X)
        numbers = pipeline.make_pipeline(
            import_module("sklearn.impute").SimpleImputer(strategy="median"), preprocessing.StandardScaler()
        )
        columns = import_module("sklearn.compose").ColumnTransformer(
            [
                ("numbers", numbers, [name for name in X.columns if name not in text]),
                ("text", preprocessing.OneHotEncoder(handle_unknown="ignore"), text),
            ]
        )
        self._pipeline = pipeline.make_pipeline(columns, self._estimator).fit(X, y)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)


def _mlp(task: Task, threads: int, seed: int) -> TableModel:
    networks: Any = import_module("sklearn.neural_network")
    if task == "classes":
        return PeerModel(_Pipeline(networks.MLPClassifier(random_state=seed)), NoPreparation())
    regressor = import_module("sklearn.compose").TransformedTargetRegressor(
        networks.MLPRegressor(random_state=seed),
        transformer=import_module("sklearn.preprocessing").StandardScaler(),
    )
    return PeerModel(_Pipeline(regressor), NoPreparation())


MODELS: dict[str, Maker] = {"HistGB": _hist_gradient_boosting, "MLP": _mlp}
