"""Activations: their definition, exact derivatives, in place, one set of bits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek import _core
from parity.engine import FUSED_ISAS, each_isa

Array = NDArray[Any]
kernels = _core.kernels

ALPHA = 0.3
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def erf(x: Array) -> Array:
    return np.fromiter(map(math.erf, x.tolist()), np.float64, len(x))


def sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


DEFINITIONS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda x: x,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, ALPHA * x),
    "elu": lambda x: np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0))),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0))),
    "gelu": lambda x: x * (0.5 + 0.5 * erf(x * math.sqrt(0.5))),
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hard_swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "exp": np.exp,
}
NAMES = list(DEFINITIONS)
KINKS = {"relu": [0.0], "leaky_relu": [0.0], "elu": [0.0], "selu": [0.0]}
KINKS |= {"hard_sigmoid": [-3.0, 3.0], "hard_swish": [-3.0, 3.0]}


def arguments(dtype: str) -> Array:
    return np.concatenate([np.linspace(-30, 30, 1201), np.linspace(-1, 1, 201), [1e-30, -1e-30]]).astype(
        dtype
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_definition(name: str, dtype: str, isa: str) -> None:
    x = arguments(dtype)
    want = DEFINITIONS[name](x.astype(np.float64))
    eps = float(np.finfo(dtype).eps)
    # gelu's tail is 1 - erf: exact to a unit of 1, times x.
    slack = eps * np.abs(x) if name == "gelu" else 0.0
    assert (np.abs(kernels.activation(name, x, ALPHA) - want) <= 4 * eps * np.abs(want) + slack).all()


@pytest.mark.parametrize("name", NAMES)
def test_derivative(name: str, isa: str) -> None:
    """Against central differences of fourth order, in float64."""
    x = np.linspace(-6, 6, 481)
    for kink in KINKS.get(name, []):
        x = x[np.abs(x - kink) > 0.01]
    step, f = 1e-3, DEFINITIONS[name]
    difference = (8 * (f(x + step) - f(x - step)) - (f(x + 2 * step) - f(x - 2 * step))) / (12 * step)
    got = kernels.activation_grad(name, x, np.full_like(x, 0.5), ALPHA)
    assert got == pytest.approx(0.5 * difference, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_float32_derivative_is_the_float64_one(name: str, isa: str) -> None:
    x = arguments("float32")
    for kink in KINKS.get(name, []):
        x = x[np.abs(x - kink) > 1e-6]
    got = kernels.activation_grad(name, x, np.ones_like(x), ALPHA)
    want = kernels.activation_grad(name, x.astype(np.float64), np.ones(len(x)), ALPHA)
    # exp is unbounded; tanh, sigmoid, elu take the derivative from a rounded output.
    assert (np.abs(got - want) <= 2e-6 * np.maximum(1, np.abs(want))).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_same_bits_on_every_instruction_set(name: str, dtype: str) -> None:
    x = arguments(dtype)
    dy = np.linspace(-2, 2, len(x), dtype=dtype)
    results = {
        kernels.activation(name, x, ALPHA).tobytes() + kernels.activation_grad(name, x, dy, ALPHA).tobytes()
        for _ in each_isa(FUSED_ISAS)
    }
    assert len(results) == 1


@pytest.mark.parametrize("name", NAMES)
def test_in_place_and_tails(name: str, isa: str) -> None:
    for dtype in ("float32", "float64"):
        for n in (*range(20), 31, 32, 33, 100):
            x = np.linspace(-4, 4, max(n, 2), dtype=dtype)[:n].copy()
            want = kernels.activation(name, x, ALPHA)
            kernels.activation(name, x, ALPHA, x)
            assert x.tobytes() == want.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_nan_goes_through(name: str, isa: str) -> None:
    x = np.full(3, np.nan, np.float32)
    assert np.isnan(kernels.activation(name, x, ALPHA)).all()
