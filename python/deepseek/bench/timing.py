"""Timing of one step inside a worker, and the data of the rows, which are the same for all libraries."""

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
"""Function that measures for about the given number of seconds; its result has the key ``seconds``, those of a step."""

Builder = Callable[[Mapping[str, Any], int], Measure]
"""Function that sets up the work of a row from its parameters and the number of threads."""


class Unsupported(Exception):
    """Raised by a builder if the library cannot run the row."""


def calls(step: Callable[[], object]) -> Callable[[int], None]:
    """Return a function that calls ``step`` a given number of times."""

    def run(count: int) -> None:
        for _ in repeat(None, count):
            step()

    return run


def per_step(run: Callable[[int], object], steps: int = 1) -> Measure:
    """Return a measure of repeated work.

    Parameters
    ----------
    run : callable
        ``run(n)`` does the work n times.
    steps : int, default=1
        Number of steps of the work.

    Returns
    -------
    Measure
        Measure that times one long run; the number of repetitions is adapted from call to call.
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
    """Return samples and targets of a training row."""
    rng = np.random.default_rng(0)
    layers, rows = params["layers"], params["batch"] * params["batches"]
    X = rng.standard_normal((rows, layers[0]), dtype=np.float32)
    if params["loss"] == "cross_entropy":
        y = rng.integers(0, layers[-1], rows)
        y[: min(rows, layers[-1])] = np.arange(min(rows, layers[-1]))  # every class occurs
        return X, y
    return X, rng.standard_normal((rows, layers[-1]), dtype=np.float32)


class ManyData(NamedTuple):
    """Samples and targets, and the rows of each net: bootstrap samples, which are used in turn."""

    X: NDArray[np.float32]
    y: NDArray[np.float32]
    samples: list[NDArray[np.int64]]


def many_data(params: Mapping[str, Any]) -> ManyData:
    """Return the data of many small nets."""
    rng = np.random.default_rng(0)
    inputs, count = params["layers"][0], params["rows"]
    X = rng.standard_normal((count, inputs), dtype=np.float32)
    y = np.sin(X @ rng.standard_normal(inputs, dtype=np.float32))
    return ManyData(X, y, [rng.integers(0, count, count) for _ in range(100)])


def fit_estimator(classifier: Any, regressor: Any, params: Mapping[str, Any]) -> Measure:
    """Time whole fits of an estimator with scikit-learn's interface."""
    X, y = net_data(params)
    estimator = classifier if params["loss"] == "cross_entropy" else regressor
    options = {"tol": 0.0, "n_iter_no_change": np.inf, "max_iter": params["epochs"], "random_state": 0}
    model = estimator(hidden_layer_sizes=params["layers"][1:-1], **options)
    target = y if y.ndim == 1 else y[:, 0]
    return per_step(calls(lambda: model.fit(X, target)))


def sparse_data(params: Mapping[str, Any]) -> tuple[tuple[Any, ...], NDArray[np.int64]]:
    """Return the arrays of a CSR matrix (values, columns, positions) of bags of words, and two classes.

    Columns are as frequent as words: the share of column k is proportional to 1 / (k + 100).
    """
    rng = np.random.default_rng(0)
    columns, count, entries = params["layers"][0], params["rows"], params["entries"]
    total = np.cumsum(1.0 / (np.arange(columns) + 100.0))
    found = np.searchsorted(total, rng.random((count, entries)) * total[-1])
    found = np.sort(found, axis=1)
    first = np.ones(found.shape, bool)
    first[:, 1:] = found[:, 1:] > found[:, :-1]  # a word that occurs twice has one entry
    indptr = np.concatenate([[0], np.cumsum(first.sum(axis=1))]).astype(np.int32)
    indices = rng.permutation(columns).astype(np.int32)[found[first]]
    data = rng.random(len(indices))
    scores = np.add.reduceat(data * rng.standard_normal(columns)[indices], indptr[:-1])
    return (data, indices, indptr), (scores > 0).astype(np.int64)


def fit_sparse(classifier: Any, params: Mapping[str, Any]) -> Measure:
    """Time whole fits of a classifier with scikit-learn's interface on a sparse matrix of SciPy."""
    arrays, y = sparse_data(params)
    try:
        from scipy.sparse import csr_array
    except ImportError as error:
        raise Unsupported from error
    X = csr_array(arrays, shape=(params["rows"], params["layers"][0]))
    options = {"tol": 0.0, "n_iter_no_change": np.inf, "max_iter": params["epochs"], "random_state": 0}
    model = classifier(hidden_layer_sizes=params["layers"][1:-1], **options)
    return per_step(calls(lambda: model.fit(X, y)))


def predict_estimator(classifier: Any, params: Mapping[str, Any]) -> Measure:
    """Time ``predict_proba`` of a fitted classifier."""
    X, _ = net_data({**params, "batches": 10})
    y = np.arange(len(X)) % params["layers"][-1]
    model = classifier(params["layers"][1:-1], max_iter=1, random_state=0).fit(X, y)
    rows = X[: params["batch"]]
    return per_step(calls(lambda: model.predict_proba(rows)))


class RecData(NamedTuple):
    """Sequences, targets, and the number of real steps of each sequence if they differ."""

    X: NDArray[np.float32]
    y: NDArray[np.float32]
    lengths: NDArray[np.int64] | None


def rec_data(params: Mapping[str, Any]) -> RecData:
    """Return sequences and targets of a recurrent training row."""
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
    """Return the training rows of a GAN."""
    rows, columns = params["batch"] * params["batches"], params["players"][0][-1]
    return np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)


def matrix(rows: int, columns: int) -> NDArray[np.float32]:
    """Return an empty matrix aligned to a cache line, as those of PyTorch and JAX are.

    The alignment of NumPy's own arrays varies between processes and changes the time of small products by a
    tenth.
    """
    line, size = 64, 4 * rows * columns
    buffer = np.empty(size + line, dtype=np.uint8)
    start = -buffer.ctypes.data % line
    return buffer[start : start + size].view(np.float32).reshape(rows, columns)


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
