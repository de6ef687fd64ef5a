"""Timing inside a worker: how long one step takes, and the data that all contestants get."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Measure = Callable[[float], dict[str, float]]
"""Measures for about so many seconds; returns at least ``seconds``: those of one step."""

Builder = Callable[[Mapping[str, Any], int], Measure]
"""Sets up a row's work from its parameters and the number of threads."""


class Unsupported(Exception):
    """A contestant that cannot do this row."""


def calls(step: Callable[[], object]) -> Callable[[int], None]:
    """Return a function that calls ``step`` so many times."""

    def run(count: int) -> None:
        for _ in repeat(None, count):
            step()

    return run


def per_step(run: Callable[[int], object], steps: int = 1) -> Measure:
    """Return a measure of work that is repeated.

    Parameters
    ----------
    run : callable
        ``run(n)`` does the work n times and returns when it is done.
    steps : int
        Steps in one such work.

    Returns
    -------
    Measure
        Times one long run; the count is adapted from slice to slice.
    """
    run(1)  # compiles, allocates, warms caches
    count = 1
    known = False

    def timed(count: int) -> float:
        start = time.perf_counter()
        run(count)
        return max(time.perf_counter() - start, 1e-9)

    def measure(seconds: float) -> dict[str, float]:
        nonlocal count, known
        gc.collect()
        gc.disable()
        try:
            elapsed = timed(count)
            while not known and elapsed < seconds / 4:
                count = math.ceil(count * max(2.0, min(10.0, seconds / elapsed)))
                elapsed = timed(count)
        finally:
            gc.enable()
        result = elapsed / count
        known = True
        count = max(1, round(seconds / result))
        return {"seconds": result / steps}

    return measure


def net_data(params: Mapping[str, Any]) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Return samples and targets for a training row: the same for every contestant."""
    rng = np.random.default_rng(0)
    layers, rows = params["layers"], params["batch"] * params["batches"]
    X = rng.standard_normal((rows, layers[0]), dtype=np.float32)
    if params["loss"] == "cross_entropy":
        y = rng.integers(0, layers[-1], rows)
        y[: min(rows, layers[-1])] = np.arange(min(rows, layers[-1]))  # every class is there
        return X, y
    return X, rng.standard_normal((rows, layers[-1]), dtype=np.float32)


def fit_estimator(classifier: Any, regressor: Any, params: Mapping[str, Any]) -> Measure:
    """Time whole fits of an estimator with scikit-learn's interface, all epochs of each."""
    X, y = net_data(params)
    made = classifier if params["loss"] == "cross_entropy" else regressor
    options = {"tol": 0.0, "n_iter_no_change": np.inf, "max_iter": params["epochs"], "random_state": 0}
    model = made(hidden_layer_sizes=params["layers"][1:-1], **options)
    target = y if y.ndim == 1 else y[:, 0]
    return per_step(calls(lambda: model.fit(X, target)))


def predict_estimator(classifier: Any, params: Mapping[str, Any]) -> Measure:
    """Time ``predict_proba`` of a fitted classifier."""
    X, _ = net_data({**params, "batches": 10})
    y = np.arange(len(X)) % params["layers"][-1]
    model = classifier(params["layers"][1:-1], max_iter=1, random_state=0).fit(X, y)
    rows = X[: params["batch"]]
    return per_step(calls(lambda: model.predict_proba(rows)))


class RecData(NamedTuple):
    """Sequences, targets, and the real steps of each sequence where they differ."""

    X: NDArray[np.float32]
    y: NDArray[np.float32]
    lengths: NDArray[np.int64] | None


def rec_data(params: Mapping[str, Any]) -> RecData:
    """Return sequences and targets for a recurrent training row: the same for every contestant."""
    rng = np.random.default_rng(0)
    rows, steps = params["batch"] * params["batches"], params["steps"]
    low, high = (steps, steps) if isinstance(steps, int) else steps
    X = rng.standard_normal((rows, high, params["inputs"]), dtype=np.float32)
    y = rng.standard_normal((rows, params["outputs"]), dtype=np.float32)
    if low == high:
        return RecData(X, y, None)
    lengths = rng.integers(low, high + 1, rows)
    X[np.arange(high) >= lengths[:, None]] = 0
    return RecData(X, y, lengths)


def gen_data(params: Mapping[str, Any]) -> NDArray[np.float32]:
    """Return the rows that adversaries learn from: the same for every contestant."""
    rows, columns = params["batch"] * params["batches"], params["players"][0][-1]
    return np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)


def matrix(rows: int, columns: int) -> NDArray[np.float32]:
    """Return an empty matrix that begins on a cache line, as PyTorch's and JAX's do.

    NumPy's begin wherever the heap puts them, which makes a tenth of a small product's time and changes from one
    process to the next.
    """
    line, size = 64, 4 * rows * columns
    room = np.empty(size + line, dtype=np.uint8)
    start = -room.ctypes.data % line
    return room[start : start + size].view(np.float32).reshape(rows, columns)


def matmul_data(params: Mapping[str, Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the two factors of a matmul row."""
    rng = np.random.default_rng(0)
    a, b = matrix(params["m"], params["k"]), matrix(params["k"], params["n"])
    for factor in a, b:
        rng.standard_normal(out=factor, dtype=np.float32)
    return a, b


def function_data(params: Mapping[str, Any]) -> NDArray[np.float32]:
    """Return the argument of a function row."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((params["elements"],), dtype=np.float32)
