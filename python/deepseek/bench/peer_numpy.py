"""The kernel rows by NumPy, with its BLAS and its elementwise loops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .timing import Builder, Measure, Unsupported, calls, function_data, matmul_data, matrix, per_step

_FUNCTIONS: dict[str, Callable[[NDArray[np.float32]], Any]] = {
    "relu": lambda x: np.maximum(x, np.float32(0)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "silu": lambda x: x / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(x, np.float32(0)),
    "exp": np.exp,
}


def setup(threads: int) -> str:
    """Return the version; environment variables set the number of BLAS threads."""
    return np.__version__


def _matmul(params: Mapping[str, Any], threads: int) -> Measure:
    a, b = matmul_data(params)
    c = matrix(params["m"], params["n"])
    return per_step(calls(lambda: np.matmul(a, b, out=c)))


def _function(params: Mapping[str, Any], threads: int) -> Measure:
    if params["function"] not in _FUNCTIONS:
        raise Unsupported
    x, function = function_data(params), _FUNCTIONS[params["function"]]
    return per_step(calls(lambda: function(x)))


BUILDERS: dict[str, Builder] = {"matmul": _matmul, "function": _function}
