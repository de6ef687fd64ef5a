"""Activations: y = f(z), f'(z) and f''(z). Mirrors ``csrc/formulas/activation``.

The definitions are PyTorch's. `alpha` is the slope of leaky_relu below 0, or the scale of elu; the others
ignore it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717
_erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(z: Array) -> Array:
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)


def softplus(z: Array) -> Array:
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def log_softmax(z: Array) -> Array:
    shifted = z - z.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _normal_cdf(z: Array) -> Array:
    return np.asarray(0.5 * (1.0 + _erf(z / math.sqrt(2.0))))


def _normal_pdf(z: Array) -> Array:
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))


def _expm1_below(z: Array) -> Array:
    return np.expm1(np.minimum(z, 0.0))


_FORWARD: dict[str, Callable[[Array, float], Array]] = {
    "identity": lambda z, a: z,
    "sigmoid": lambda z, a: sigmoid(z),
    "tanh": lambda z, a: np.tanh(z),
    "relu": lambda z, a: np.maximum(z, 0.0),
    "leaky_relu": lambda z, a: np.where(z > 0, z, a * z),
    "elu": lambda z, a: np.where(z > 0, z, a * _expm1_below(z)),
    "selu": lambda z, a: _SELU_SCALE * np.where(z > 0, z, _SELU_ALPHA * _expm1_below(z)),
    "gelu": lambda z, a: z * _normal_cdf(z),
    "silu": lambda z, a: z * sigmoid(z),
    "mish": lambda z, a: z * np.tanh(softplus(z)),
    "softplus": lambda z, a: softplus(z),
    "hard_sigmoid": lambda z, a: np.clip(z + 3.0, 0.0, 6.0) / 6.0,
    "hard_swish": lambda z, a: z * np.clip(z + 3.0, 0.0, 6.0) / 6.0,
    "softmax": lambda z, a: softmax(z),
    "exp": lambda z, a: np.exp(z),
}


def _mish_derivative(z: Array, a: float) -> Array:
    t = np.tanh(softplus(z))
    return t + z * sigmoid(z) * (1.0 - t * t)


def _sigmoid_derivative(z: Array, a: float) -> Array:
    return sigmoid(z) * sigmoid(-z)


_DERIVATIVE: dict[str, Callable[[Array, float], Array]] = {
    "identity": lambda z, a: np.ones_like(z),
    "sigmoid": _sigmoid_derivative,
    "tanh": lambda z, a: 1.0 - np.tanh(z) ** 2,
    "relu": lambda z, a: np.where(z > 0, 1.0, 0.0),
    "leaky_relu": lambda z, a: np.where(z > 0, 1.0, a),
    "elu": lambda z, a: np.where(z > 0, 1.0, a * np.exp(np.minimum(z, 0.0))),
    "selu": lambda z, a: _SELU_SCALE * np.where(z > 0, 1.0, _SELU_ALPHA * np.exp(np.minimum(z, 0.0))),
    "gelu": lambda z, a: _normal_cdf(z) + z * _normal_pdf(z),
    "silu": lambda z, a: sigmoid(z) + z * _sigmoid_derivative(z, a),
    "mish": _mish_derivative,
    "softplus": lambda z, a: sigmoid(z),
    "hard_sigmoid": lambda z, a: np.where(np.abs(z) < 3, 1.0 / 6.0, 0.0),
    "hard_swish": lambda z, a: np.where(np.abs(z) < 3, z / 3.0 + 0.5, np.where(z > 0, 1.0, 0.0)),
    "exp": lambda z, a: np.exp(z),
}


def _sigmoid_second_derivative(z: Array, a: float) -> Array:
    s = sigmoid(z)
    return s * (1.0 - s) * (1.0 - 2.0 * s)


def _tanh_second_derivative(z: Array, a: float) -> Array:
    y = np.tanh(z)
    return -2.0 * y * (1.0 - y * y)


def _silu_second_derivative(z: Array, a: float) -> Array:
    return 2.0 * _sigmoid_derivative(z, a) + z * _sigmoid_second_derivative(z, a)


def _mish_second_derivative(z: Array, a: float) -> Array:
    """With y = z·t and t = tanh(softplus(z)): y'' = 2t' + z·t''."""
    s, t = sigmoid(z), np.tanh(softplus(z))
    slope = (1.0 - t * t) * s
    return 2.0 * slope + z * slope * (1.0 - s - 2.0 * t * s)


def _zero(z: Array, a: float) -> Array:
    return np.zeros_like(z)


_SECOND_DERIVATIVE: dict[str, Callable[[Array, float], Array]] = {
    "identity": _zero,
    "sigmoid": _sigmoid_second_derivative,
    "tanh": _tanh_second_derivative,
    "relu": _zero,
    "leaky_relu": _zero,
    "elu": lambda z, a: np.where(z > 0, 0.0, a * np.exp(np.minimum(z, 0.0))),
    "selu": lambda z, a: _SELU_SCALE * np.where(z > 0, 0.0, _SELU_ALPHA * np.exp(np.minimum(z, 0.0))),
    "gelu": lambda z, a: _normal_pdf(z) * (2.0 - z * z),
    "silu": _silu_second_derivative,
    "mish": _mish_second_derivative,
    "softplus": _sigmoid_derivative,
    "hard_sigmoid": _zero,
    "hard_swish": lambda z, a: np.where(np.abs(z) < 3, 1.0 / 3.0, 0.0),
    "exp": lambda z, a: np.exp(z),
}

NAMES = tuple(_FORWARD)


def forward(name: str, z: Array, alpha: float = 0.0) -> Array:
    """Return y = f(z): softmax by rows, the others by element."""
    return _FORWARD[name](z, alpha)


def backward(name: str, dy: Array, z: Array, alpha: float = 0.0) -> Array:
    """Return dz from dy: dy·f'(z), for softmax the product with its Jacobian by rows."""
    if name == "softmax":
        y = softmax(z)
        return np.asarray(y * (dy - (dy * y).sum(axis=1, keepdims=True)))
    return dy * _DERIVATIVE[name](z, alpha)


def second_derivative(name: str, z: Array, alpha: float = 0.0) -> Array:
    """Return f''(z) by element; softmax is not supported."""
    return _SECOND_DERIVATIVE[name](z, alpha)
