"""The models of the benchmark by name: library, package to install, and module of the implementation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Model:
    """One model.

    Attributes
    ----------
    name : str
        Name in the results.
    library : str
        Importable library, and its name in ``--vs``.
    distribution : str
        Distribution on PyPI that contains the library.
    module : str
        Module of this folder with the implementation, in its dictionary ``MODELS``.
    options : mapping, default={}
        Options that differ from the defaults; only variants of this package's model have any.
    """

    name: str
    library: str
    distribution: str
    module: str
    options: Mapping[str, Any] = field(default_factory=dict)


OURS = "deepseek"
MODELS: tuple[Model, ...] = (
    Model(OURS, "deepseek", "deepseek-nn", "ours"),
    Model("HistGB", "sklearn", "scikit-learn", "sklearn_models"),
    Model("MLP", "sklearn", "scikit-learn", "sklearn_models"),
    Model("LightGBM", "lightgbm", "lightgbm", "boosting"),
    Model("CatBoost", "catboost", "catboost", "boosting"),
    Model("XGBoost", "xgboost", "xgboost", "boosting"),
    Model("RealMLP", "pytabkit", "pytabkit", "realmlp"),
)
"""All models, in the order of the results' columns."""

PEERS = ("sklearn", "lightgbm", "catboost", "xgboost", "pytabkit")
"""Libraries to compare with."""

TARGETS = ("HistGB", "LightGBM", "CatBoost")
"""Models against which the summary counts tables in which this package is first or level."""


def variant(options: Mapping[str, Any]) -> Model:
    """Return this package's model with options that differ from the defaults, named by them."""
    name = ",".join(f"{key}={value}" for key, value in options.items())
    return replace(model_of(OURS), name=name, options=options)


def model_of(name: str) -> Model:
    """Return the model with this name."""
    return next(model for model in MODELS if model.name == name)
