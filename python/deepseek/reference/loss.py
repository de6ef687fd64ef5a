"""Losses: one number a sample, and its gradient. Mirrors ``csrc/formulas/loss``.

A batch's loss is Σ w_i l_i / Σ w_i. Fused losses start from the pre-activation z of the output layer (logits,
or the log rate of poisson) and give dl/dz; the others start from the output y and give dl/dy.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .activation import log_softmax, sigmoid, softmax, softplus

Array = NDArray[np.float64]


class Traits(NamedTuple):
    """What a loss is made of: its own options with their defaults, and its kinds of targets by output activation.

    The activation None stands for any elementwise one. A loss with None starts from y, every other loss from z.
    """

    options: dict[str, float]
    targets: dict[str | None, str]


LOSSES = {
    "squared_error": Traits({}, {None: "real"}),
    "absolute_error": Traits({}, {None: "real"}),
    "huber": Traits({"delta": 1.0}, {None: "real"}),
    "quantile": Traits({"quantile": 0.5}, {None: "real"}),
    "poisson": Traits({}, {"exp": "counts"}),
    "binary_cross_entropy": Traits({"label_smoothing": 0.0}, {"sigmoid": "probabilities"}),
    "cross_entropy": Traits({"label_smoothing": 0.0}, {"softmax": "class_probabilities"}),
    "focal": Traits({"gamma": 2.0, "alpha": -1.0}, {"softmax": "classes", "sigmoid": "binary"}),
}


def is_fused(name: str) -> bool:
    """Whether the loss starts from the pre-activation z of the output layer."""
    return None not in LOSSES[name].targets


def one_hot(target: NDArray[Any], classes: int) -> Array:
    """Class indices as rows; rows of probabilities as they are."""
    return np.eye(classes)[target] if target.ndim == 1 else np.asarray(target, np.float64)


def rows(
    spec: dict[str, Any], output_activation: str, y: Array, z: Array, target: NDArray[Any]
) -> tuple[Array, Array]:
    """(l, d): losses of the rows (n,), and dl_i/dz or dl_i/dy (n, units) as `is_fused` says."""
    name, units = spec["name"], y.shape[1]
    if name == "cross_entropy":
        t = (1.0 - spec["label_smoothing"]) * one_hot(target, units) + spec["label_smoothing"] / units
        return -(t * log_softmax(z)).sum(axis=1), softmax(z) * t.sum(axis=1, keepdims=True) - t
    if name == "focal" and output_activation == "softmax":
        return _focal_softmax(spec, z, one_hot(target, units))
    losses, d = _elementwise(spec, y, z, target.reshape(y.shape))
    return losses.mean(axis=1), d / units


def _elementwise(spec: dict[str, Any], y: Array, z: Array, t: NDArray[Any]) -> tuple[Array, Array]:
    e = y - t
    match spec["name"]:
        case "squared_error":
            return 0.5 * e * e, e
        case "absolute_error":
            return np.abs(e), np.sign(e)
        case "huber":
            delta = spec["delta"]
            inside = np.abs(e) <= delta
            return np.where(inside, 0.5 * e * e, delta * (np.abs(e) - 0.5 * delta)), np.clip(e, -delta, delta)
        case "quantile":
            q = spec["quantile"]
            return np.maximum(-q * e, (1.0 - q) * e), np.where(e > 0, 1.0 - q, np.where(e < 0, -q, 0.0))
        case "poisson":
            return np.exp(z) - t * z, np.exp(z) - t
        case "binary_cross_entropy":
            t = (1.0 - spec["label_smoothing"]) * t + spec["label_smoothing"] / 2.0
            return softplus(z) - t * z, sigmoid(z) - t
        case "focal":
            return _focal_binary(spec, z, t)
    raise ValueError(f"loss: unknown name {spec['name']!r}; expected one of {', '.join(LOSSES)}")


def _focal(log_p: Array, rest: Array, gamma: float) -> tuple[Array, Array]:
    """-(1-p)^γ log p (Lin et al. 2017) and its derivative by log p; `rest` is 1-p, without cancellation."""
    factor = rest**gamma
    slope = gamma * rest ** (gamma - 1.0) * np.exp(log_p) * log_p if gamma else 0.0
    return -factor * log_p, slope - factor


def _focal_softmax(spec: dict[str, Any], z: Array, t: Array) -> tuple[Array, Array]:
    """p is the probability of the class that t marks; alpha weighs every class alike."""
    weight = spec["alpha"] if spec["alpha"] >= 0 else 1.0
    p = softmax(z)
    losses, d_log_p = _focal((log_softmax(z) * t).sum(axis=1), (p * (1.0 - t)).sum(axis=1), spec["gamma"])
    return weight * losses, weight * d_log_p[:, None] * (t - p)


def _focal_binary(spec: dict[str, Any], z: Array, t: NDArray[Any]) -> tuple[Array, Array]:
    """The same for each output's two classes; alpha weighs class 1 and 1 - alpha class 0."""
    one, zero = (spec["alpha"], 1.0 - spec["alpha"]) if spec["alpha"] >= 0 else (1.0, 1.0)
    l1, d1 = _focal(-softplus(-z), sigmoid(-z), spec["gamma"])
    l0, d0 = _focal(-softplus(z), sigmoid(z), spec["gamma"])
    return t * one * l1 + (1.0 - t) * zero * l0, t * one * d1 * sigmoid(-z) - (1.0 - t) * zero * d0 * sigmoid(
        z
    )
