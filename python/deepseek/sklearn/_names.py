"""Conversion of the estimators' parameters into options of the engine, without any data."""

from __future__ import annotations

from typing import Any

from .. import losses, optimizers, schedules
from .._config.checks import choice, integer, real, short

ADAPTIVE_FACTOR = 5.0
"""Divisor of the learning rate for learning_rate="adaptive", as in `MLPClassifier`."""

ADAPTIVE_MIN_LEARNING_RATE = 1e-6
"""Learning rate at which training stops instead."""

LEARNING_RATES = ("constant", "invscaling", "adaptive")
SOLVERS = ("adam", "sgd", "lbfgs")


def sizes(name: str, value: Any) -> list[int]:
    """Return the sizes of hidden layers as a list, from a number or an iterable of numbers."""
    listed = list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    return [integer(name, units) for units in listed]


def activation(value: Any) -> Any:
    """Return the engine's name of an activation, or of a list of them; scikit-learn's "logistic" is "sigmoid"."""
    if isinstance(value, (list, tuple)):
        return [activation(item) for item in value]
    return "sigmoid" if value == "logistic" else value


def output_name(output_activation: str) -> str:
    """Return scikit-learn's name of an output activation, for `out_activation_`."""
    return "logistic" if output_activation == "sigmoid" else output_activation


def schedule(value: Any) -> schedules.Schedule | None:
    """Return the value of learning_rate if it is a `Schedule`, and None if it is the name of a rule."""
    if isinstance(value, schedules.Schedule):
        return value
    if not isinstance(value, str):
        raise TypeError(
            f"learning_rate: got {short(value)}; expected one of {', '.join(LEARNING_RATES)}, or a Schedule "
            "(learning_rate_init is the number)"
        )
    choice("learning_rate", value, LEARNING_RATES)
    return None


def solver(value: Any) -> str | optimizers.Optimizer:
    """Validate the solver: a name or an `Optimizer`."""
    if isinstance(value, optimizers.Optimizer):
        return value
    kinds = {name.lower(): name for name in optimizers.KINDS}
    if isinstance(value, str) and value not in SOLVERS and value.lower() in kinds:
        raise ValueError(
            f"solver: got {value!r}; expected one of {', '.join(SOLVERS)}, or an Optimizer such as "
            f"deepseek.{kinds[value.lower()]}(learning_rate=...)"
        )
    return choice("solver", value, SOLVERS)


def learning_rate_rule(estimator: Any) -> str:
    """Return the rule that changes the learning rate between epochs; "constant" unless the solver is "sgd"."""
    rule = estimator.learning_rate
    return rule if estimator.solver == "sgd" and isinstance(rule, str) else "constant"


def optimizer(estimator: Any, rate: float, l2: float, terms: int) -> optimizers.Optimizer:
    """Return the optimizer of the model.

    Parameters
    ----------
    estimator : Estimator
        Estimator with the parameters of the solver.
    rate : float
        Learning rate.
    l2 : float
        Strength of the L2 penalty: ``alpha`` divided by the total weight of a mini-batch.
    terms : int
        Ratio of scikit-learn's loss, a sum over outputs, to the engine's, a mean; also that of the gradients.
    """
    name = solver(estimator.solver)
    if isinstance(name, optimizers.Optimizer):
        return name
    common: dict[str, Any] = {
        "schedule": schedule(estimator.learning_rate),
        "l2": l2 / terms,
        "clip_norm": None if estimator.clip_norm is None else real("clip_norm", estimator.clip_norm) / terms,
    }
    if name == "sgd":
        momentum = real("momentum", estimator.momentum, 0.0, 1.0, below=True)
        nesterov = bool(estimator.nesterovs_momentum) and momentum > 0.0
        return optimizers.SGD(rate * terms, momentum, nesterov, **common)
    betas = (estimator.beta_1, estimator.beta_2)
    return optimizers.Adam(rate, *betas, real("epsilon", estimator.epsilon, above=True) / terms, **common)


def class_loss(value: Any, kind: str, smoothing: float) -> tuple[Any, str]:
    """Return loss and output activation of a classifier; `kind` is scikit-learn's type of target."""
    is_multiclass = kind == "multiclass"
    output = "softmax" if is_multiclass else "sigmoid"
    if isinstance(value, losses.Focal) or value == "focal":
        if smoothing:
            raise ValueError(
                f"label_smoothing: got {smoothing:g} with loss='focal'; expected 0, or loss='log_loss'"
            )
        return value, output
    choice("loss", value, ("log_loss", "focal"))
    return (losses.CrossEntropy(smoothing) if is_multiclass else "binary_cross_entropy"), output


def value_loss(value: Any) -> Any:
    """Validate the loss of a regressor."""
    if losses.predicts_classes(losses.as_loss(value)):
        raise ValueError(f"loss: got {value!r}, a loss for classes; expected one for values, or a classifier")
    return value
