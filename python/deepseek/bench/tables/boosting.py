"""LightGBM, CatBoost and XGBoost with their own treatment of categories."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .frames import Categories, text_columns
from .peer import Maker, PeerModel, TableModel
from .registry import Task

_MISSING = "missing"


def setup(threads: int, library: str) -> str:
    """Return the version of a library."""
    return str(import_module(library).__version__)


def _lightgbm(task: Task, threads: int, seed: int) -> TableModel:
    library: Any = import_module("lightgbm")
    model = library.LGBMClassifier if task == "classes" else library.LGBMRegressor
    return PeerModel(model(random_state=seed, n_jobs=threads, verbose=-1), Categories())


def _xgboost(task: Task, threads: int, seed: int) -> TableModel:
    library: Any = import_module("xgboost")
    model = library.XGBClassifier if task == "classes" else library.XGBRegressor
    estimator = model(random_state=seed, n_jobs=threads, enable_categorical=True)
    return PeerModel(estimator, Categories(), number_classes=task == "classes")


class _Text:
    """Text columns without gaps, as CatBoost needs them."""

    def __init__(self) -> None:
        self.names: list[str] = []
        """Columns of text."""

    def fit_transform(self, frame: Any) -> Any:
        """Find the columns of text and fill them."""
        self.names = text_columns(frame)
        return self.transform(frame)

    def transform(self, frame: Any) -> Any:
        """Fill the columns of text."""
        return frame.assign(**{name: frame[name].astype(object).fillna(_MISSING) for name in self.names})


class _CatBoost(PeerModel):
    def fit_options(self, preparation: Any) -> dict[str, Any]:
        return {"cat_features": preparation.names}


def _catboost(task: Task, threads: int, seed: int) -> TableModel:
    library: Any = import_module("catboost")
    model = library.CatBoostClassifier if task == "classes" else library.CatBoostRegressor
    options = {"random_seed": seed, "thread_count": threads, "verbose": 0, "allow_writing_files": False}
    return _CatBoost(model(**options), _Text())


MODELS: dict[str, Maker] = {"LightGBM": _lightgbm, "CatBoost": _catboost, "XGBoost": _xgboost}
