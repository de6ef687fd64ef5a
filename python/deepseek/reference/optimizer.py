"""Optimizers: PyTorch's definitions, one branch a rule. Mirrors ``csrc/formulas/update``.

What happens to a gradient, in order: it is scaled so that the norm over all parameters is at most clip_norm,
then clamped to ±clip_value (`clip_grad_norm_`, then `clip_grad_value_`); for weight matrices only, l2·w +
l1·sign(w) is added; then comes the rule. Decoupled decay shrinks weight matrices by 1 - rate·weight_decay.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
State = dict[str, Array]

NAMES = ("sgd", "adam", "adamw", "rmsprop", "adagrad", "lion")


def clip(spec: dict[str, Any], gradients: dict[str, Array]) -> dict[str, Array]:
    """By the norm over all parameters, then by value; 0 is off."""
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
    """The new w after step t = 1, 2, …; `state` holds the moments m and v and is changed."""
    if decays:
        g = g + spec["l2"] * w + spec["l1"] * np.sign(w)
        w = w * (1.0 - rate * spec["weight_decay"])
    return w - _step(spec, w, g, state, rate, t)


def _step(spec: dict[str, Any], w: Array, g: Array, state: State, rate: float, t: int) -> Array:
    """What the rule takes from w."""
    step: Array
    m = state.setdefault("m", np.zeros_like(w))
    v = state.setdefault("v", np.zeros_like(w))
    beta1, beta2, eps, momentum = spec["beta1"], spec["beta2"], spec["eps"], spec["momentum"]
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
            raise ValueError(f"optimizer: unknown name {unknown!r}; expected one of {', '.join(NAMES)}")
    return step
