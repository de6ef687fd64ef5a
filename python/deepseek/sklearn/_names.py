"""From scikit-learn's names to the engine's descriptions. Nothing here has seen data."""

from __future__ import annotations

from typing import Any

from .. import losses, optimizers, schedules
from .._checks import choice, integer, real

ADAPTIVE_FACTOR = 5.0
"""What learning_rate="adaptive" divides the rate by, as `MLPClassifier` does."""

ADAPTIVE_LEAST = 1e-6
"""The rate at which it stops instead."""

RATES = ("constant", "invscaling", "adaptive")
SOLVERS = ("adam", "sgd", "lbfgs")


def sizes(name: str, value: Any) -> list[int]:
    """Units of hidden layers: a number, or any iterable of them."""
    listed = list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    return [integer(name, units) for units in listed]


def activation(value: Any) -> Any:
    """scikit-learn's "logistic" is our "sigmoid"; a list has one a layer."""
    if isinstance(value, (list, tuple)):
        return [activation(item) for item in value]
    return "sigmoid" if value == "logistic" else value


def output_name(own: str) -> str:
    """`out_activation_` as scikit-learn names it."""
    return "logistic" if own == "sigmoid" else own


def schedule(value: Any) -> schedules.Schedule | None:
    """A schedule of the engine's, where one is given instead of a name."""
    if isinstance(value, schedules.Schedule):
        return value
    choice("learning_rate", value, RATES)
    return None


def solver(value: Any) -> str | optimizers.Optimizer:
    """A name, or an optimizer of the engine's as it is."""
    if isinstance(value, optimizers.Optimizer):
        return value
    return choice("solver", value, SOLVERS)


def changes_rate(estimator: Any) -> str:
    """Which rule changes the rate between epochs: "constant", "invscaling" or "adaptive", the last two of SGD."""
    rule = estimator.learning_rate
    return rule if estimator.solver == "sgd" and isinstance(rule, str) else "constant"


def optimizer(estimator: Any, rate: float, l2: float, terms: int) -> optimizers.Optimizer:
    """What trains the model.

    Parameters
    ----------
    estimator
        Its parameters say which.
    rate : float
        Learning rate.
    l2 : float
        ``alpha`` over the weight of a batch.
    terms : int
        Outputs that scikit-learn's loss is a sum over, where the engine's is a mean: the engine's gradient is
        that much smaller.
    """
    chosen = solver(estimator.solver)
    if isinstance(chosen, optimizers.Optimizer):
        return chosen
    common: dict[str, Any] = {
        "schedule": schedule(estimator.learning_rate),
        "l2": l2 / terms,
        "clip_norm": None if estimator.clip_norm is None else real("clip_norm", estimator.clip_norm) / terms,
    }
    if chosen == "sgd":
        momentum = real("momentum", estimator.momentum, 0.0, 1.0, below=True)
        nesterov = bool(estimator.nesterovs_momentum) and momentum > 0.0
        return optimizers.SGD(rate * terms, momentum, nesterov, **common)
    betas = (estimator.beta_1, estimator.beta_2)
    return optimizers.Adam(rate, *betas, real("epsilon", estimator.epsilon, above=True) / terms, **common)


def class_loss(value: Any, kind: str, smoothing: float) -> tuple[Any, str]:
    """The engine's loss of a classifier and its output activation; `kind` is scikit-learn's type of target."""
    soft = kind == "multiclass"
    output = "softmax" if soft else "sigmoid"
    if isinstance(value, losses.Focal) or value == "focal":
        if smoothing:
            raise ValueError(
                f"label_smoothing goes with loss='log_loss', not with 'focal'; got {smoothing:g}"
            )
        return value, output
    choice("loss", value, ("log_loss", "focal"))
    return (losses.CrossEntropy(smoothing) if soft else "binary_cross_entropy"), output


def value_loss(value: Any) -> Any:
    """The engine's loss of a regressor."""
    if losses.name_of(losses.as_loss(value)) in ("cross_entropy", "binary_cross_entropy", "focal"):
        raise ValueError(f"loss must be one of a regression's, got {value!r}")
    return value
