"""Recurrent nets and sequences for the tests, the same in every process."""

from __future__ import annotations

from typing import Any

import numpy as np

import deepseek as ds

Array = np.ndarray[Any, np.dtype[Any]]

FEATURES, CLASSES, TOKENS = 3, 3, 5

OUTPUTS: dict[str, dict[str, Any]] = {
    "last": {"output_size": CLASSES, "loss": "cross_entropy"},
    "mean": {"output_size": 2},
    "max": {"output_size": 1, "loss": "binary_cross_entropy"},
    "sequence": {"output_size": CLASSES, "loss": "cross_entropy"},
    "sequence of values": {"output_size": 2},
    "next": {},
    "next token": {"input_size": None, "vocabulary": TOKENS, "embedding_size": 4},
    "ctc": {"output_size": CLASSES + 1},
}
"""One of each kind of target."""


def rec(kind: str = "last", **options: Any) -> ds.Rec:
    """A small Rec; options as `Rec` takes them."""
    plain = {"input_size": FEATURES, "hidden": 6, "seed": 5, "output": kind.split()[0]}
    return ds.Rec(**{**plain, **OUTPUTS[kind], **options})


def lists(kind: str = "last", count: int = 12, seed: int = 3, longest: int = 9) -> tuple[list[Array], Any]:
    """Sequences of 4 steps or more, the first of the most, and their targets."""
    rng = np.random.default_rng(seed)
    lengths = [longest, *rng.integers(4, longest + 1, count - 1).tolist()]
    X: list[Array] = [rng.normal(size=(steps, FEATURES)).astype(np.float32) for steps in lengths]
    if kind == "next token":
        return [rng.integers(0, TOKENS, steps) for steps in lengths], None
    if kind == "next":
        return X, None
    if kind == "ctc":
        return X, [rng.integers(1, CLASSES + 1, rng.integers(0, 3)) for _ in X]
    if kind == "sequence":
        return X, [rng.integers(0, CLASSES, steps) for steps in lengths]
    if kind == "sequence of values":
        return X, [rng.normal(size=(steps, 2)) for steps in lengths]
    if kind == "mean":
        return X, rng.normal(size=(count, 2))
    return X, rng.integers(0, CLASSES if kind == "last" else 2, count)


def padded(X: list[Array], filler: float = 0.0) -> tuple[Array, list[int]]:
    """The same as one array, and the lengths."""
    lengths = [len(x) for x in X]
    array = np.full((len(X), max(lengths), *X[0].shape[1:]), filler, X[0].dtype)
    for row, x in zip(array, X, strict=True):
        row[: len(x)] = x
    return array, lengths
