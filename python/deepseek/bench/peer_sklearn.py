"""The rows by scikit-learn's MLP: time of ``partial_fit`` per mini-batch, or of a whole ``fit``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from .timing import (
    Builder,
    Measure,
    calls,
    fit_estimator,
    fit_sparse,
    many_data,
    net_data,
    per_step,
    predict_estimator,
)


def setup(threads: int) -> str:
    """Return the version; environment variables set the number of BLAS threads."""
    warnings.filterwarnings("ignore")
    import_module("sklearn.neural_network")
    return str(import_module("sklearn").__version__)


def _train_net(params: Mapping[str, Any], threads: int) -> Measure:
    models: Any = import_module("sklearn.neural_network")
    X, y = net_data(params)
    classify = params["loss"] == "cross_entropy"
    options = {
        "hidden_layer_sizes": params["layers"][1:-1],
        "activation": {"sigmoid": "logistic", "relu": "relu"}[params["activation"]],
        "solver": params["optimizer"],
        "momentum": 0.0,
        "learning_rate_init": 1e-3 if params["optimizer"] == "sgd" else 1e-4,
        "alpha": 0.0,
        "batch_size": params["batch"],
        "random_state": 0,
    }
    model = (models.MLPClassifier if classify else models.MLPRegressor)(**options)
    if classify:
        model.partial_fit(X, y, classes=np.arange(params["layers"][-1]))
    elif y.shape[1] == 1:
        y = y[:, 0]
    return per_step(calls(lambda: model.partial_fit(X, y)), params["batches"])


def _fit_many(params: Mapping[str, Any], threads: int) -> Measure:
    """Time new models with one call of ``fit`` each."""
    models: Any = import_module("sklearn.neural_network")
    data = many_data(params)
    options = {
        "batch_size": params["batch"],
        "max_iter": params["epochs"],
        "alpha": 0.0,
        "tol": 0.0,
        "n_iter_no_change": np.inf,
    }

    def run(count: int) -> None:
        for seed in range(count):
            sample = data.samples[seed % len(data.samples)]
            model = models.MLPRegressor(
                hidden_layer_sizes=params["layers"][1:-1], random_state=seed, **options
            )
            model.fit(data.X[sample], data.y[sample])

    return per_step(run)


def _predict_net(params: Mapping[str, Any], threads: int) -> Measure:
    models: Any = import_module("sklearn.neural_network")
    layers = params["layers"]
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((layers[-1], layers[0]), dtype=np.float32), np.arange(layers[-1])
    model = models.MLPClassifier(layers[1:-1], random_state=0).partial_fit(X, y, classes=y)
    return per_step(calls(lambda: model.predict_proba(X[:1])))


def _fit_estimator(params: Mapping[str, Any], threads: int) -> Measure:
    models: Any = import_module("sklearn.neural_network")
    return fit_estimator(models.MLPClassifier, models.MLPRegressor, params)


def _fit_sparse(params: Mapping[str, Any], threads: int) -> Measure:
    models: Any = import_module("sklearn.neural_network")
    return fit_sparse(models.MLPClassifier, params)


def _predict_estimator(params: Mapping[str, Any], threads: int) -> Measure:
    models: Any = import_module("sklearn.neural_network")
    return predict_estimator(models.MLPClassifier, params)


BUILDERS: dict[str, Builder] = {
    "train_net": _train_net,
    "fit_many": _fit_many,
    "predict_net": _predict_net,
    "fit_estimator": _fit_estimator,
    "fit_sparse": _fit_sparse,
    "predict_estimator": _predict_estimator,
}
