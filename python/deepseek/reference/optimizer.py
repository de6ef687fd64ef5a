"""Optimizers: PyTorch's definitions, one branch per rule. Mirrors ``csrc/formulas/optimizer_rules.h``.

A step treats a gradient in this order. It is scaled so that its norm over all parameters is at most clip_norm, then
clamped to ±clip_value (`clip_grad_norm_`, then `clip_grad_value_`). For weight matrices, l2·w + l1·sign(w) is added.
Then the rule applies. Decoupled decay multiplies weight matrices by 1 - learning_rate·weight_decay.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
State = dict[str, Array]

_ADAM = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
OPTIONS: dict[str, dict[str, Any]] = {
    "sgd": {"momentum": 0.0, "nesterov": False},
    "adam": _ADAM,
    "adamw": _ADAM,
    "nadam": {**_ADAM, "momentum_decay": 4e-3},
    "rmsprop": {"rho": 0.9, "momentum": 0.0, "eps": 1e-8},
    "adagrad": {"eps": 1e-10},
    "lion": {"beta1": 0.9, "beta2": 0.99},
}
"""Each optimizer's own options with their defaults."""


def clip(spec: dict[str, Any], gradients: dict[str, Array]) -> dict[str, Array]:
    """Clip by the norm over all parameters, then by value; 0 is off."""
    limit, value = spec["clip_norm"], spec["clip_value"]
    if limit > 0:
        norm = np.sqrt(sum(float((g * g).sum()) for g in gradients.values()))
        gradients = {k: g * min(limit / (norm + 1e-6), 1.0) for k, g in gradients.items()}
    if value > 0:
        gradients = {k: np.clip(g, -value, value) for k, g in gradients.items()}
    return gradients


def update(
    spec: dict[str, Any], w: Array, g: Array, state: State, rate: float, t: int, decays: bool
) -> Array:
    """Return w after step t = 1, 2, …; the moments m and v in `state` are updated."""
    if decays:
        g = g + spec["l2"] * w + spec["l1"] * np.sign(w)
        w = w * (1.0 - rate * spec["weight_decay"])
    return w - _step(spec, w, g, state, rate, t)


def _step(spec: dict[str, Any], w: Array, g: Array, state: State, rate: float, t: int) -> Array:
    """Return the step that the rule subtracts from w."""
    step: Array
    m = state.setdefault("m", np.zeros_like(w))
    v = state.setdefault("v", np.zeros_like(w))
    beta1, beta2, eps, momentum = (spec.get(key, 0.0) for key in ("beta1", "beta2", "eps", "momentum"))
    match spec["name"]:
        case "sgd":
            if momentum:
                m[...] = momentum * m + g
                g = g + momentum * m if spec["nesterov"] else m
            step = rate * g
        case "adam" | "adamw":  # Kingma & Ba 2015; Loshchilov & Hutter 2019
            m[...] = beta1 * m + (1.0 - beta1) * g
            v[...] = beta2 * v + (1.0 - beta2) * g * g
            step = rate / (1.0 - beta1**t) * m / (np.sqrt(v / (1.0 - beta2**t)) + eps)
        case "nadam":  # Dozat 2016
            mu = beta1 * (1.0 - 0.5 * 0.96 ** (np.arange(1, t + 2) * spec["momentum_decay"]))
            m[...] = beta1 * m + (1.0 - beta1) * g
            v[...] = beta2 * v + (1.0 - beta2) * g * g
            look_ahead = (1.0 - mu[-2]) / (1.0 - mu[:-1].prod()) * g + mu[-1] / (1.0 - mu.prod()) * m
            step = rate * look_ahead / (np.sqrt(v / (1.0 - beta2**t)) + eps)
        case "rmsprop":
            v[...] = spec["rho"] * v + (1.0 - spec["rho"]) * g * g
            g = g / (np.sqrt(v) + eps)
            if momentum:
                m[...] = momentum * m + g
                g = m
            step = rate * g
        case "adagrad":
            v[...] = v + g * g
            step = rate * g / (np.sqrt(v) + eps)
        case "lion":  # Chen et al. 2023
            step = rate * np.sign(beta1 * m + (1.0 - beta1) * g)
            m[...] = beta2 * m + (1.0 - beta2) * g
        case unknown:
            raise ValueError(f"optimizer.name: got {unknown!r}; expected one of {', '.join(OPTIONS)}")
    return step
