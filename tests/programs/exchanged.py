"""Models for the tests of the exchange with other libraries: no weight is where it began, no statistic is trivial."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

import deepseek as ds
from deepseek.activations import HIDDEN

Array = np.ndarray[Any, np.dtype[Any]]
M = TypeVar("M", ds.Net, ds.Rec)

ACTIVATIONS: list[Any] = [*HIDDEN, ds.LeakyReLU(0.3), ds.ELU(0.7)]
LOSSES: dict[str, dict[str, Any]] = {
    "softmax": {"loss": "cross_entropy"},
    "sigmoid": {"loss": "binary_cross_entropy"},
    "exp": {"loss": "poisson"},
    "identity": {"loss": "huber"},
    "tanh": {"output_activation": "tanh"},
    "softplus": {"output_activation": "softplus"},
}
"""By output activation."""
CELLS: dict[str, dict[str, Any]] = {
    "tanh": {"cell": "rnn"},
    "relu": {"cell": "rnn", "cell_activation": "relu"},
    "gru": {"cell": "gru"},
    "lstm": {"cell": "lstm"},
}
OUTPUTS: dict[str, dict[str, Any]] = {
    "last": {"loss": "cross_entropy"},
    "mean": {},
    "max": {"loss": "binary_cross_entropy"},
    "sequence": {"loss": "cross_entropy"},
    "next": {"output_size": None},
    "ctc": {},
}
DIRECTIONS = [
    (output, both) for output in OUTPUTS for both in (False, True) if not (both and output == "next")
]
HIDDEN_UNITS = [[5], [4, 4], [4, 3, 5]]
LENGTHS = np.array([7, 3, 1, 5, 7, 2])


def scattered(model: M, seed: int = 1) -> M:
    """The model with every number drawn anew."""
    rng = np.random.default_rng(seed)
    state = {name: rng.normal(scale=0.5, size=array.shape) for name, array in model.state_dict().items()}
    for name in state:
        if name.endswith("running_var"):
            state[name] = 0.1 + state[name] ** 2
    return model.load_state_dict(state)


def net(**options: Any) -> ds.Net:
    """5 inputs, two hidden layers, 3 outputs."""
    return scattered(ds.Net([5, 7, 6, 3], **options))


def rows(dtype: str = "float32", count: int = 40) -> Array:
    """Rows for it, far enough out to reach the activations' ends."""
    return np.random.default_rng(2).normal(scale=4.0, size=(count, 5)).astype(dtype)


def rec(output: str = "last", **options: Any) -> ds.Rec:
    """3 features a step, 4 outputs; options as `Rec` takes them."""
    plain = {"input_size": 3, "hidden": 5, "output": output, "output_size": 4}
    return scattered(ds.Rec(**{**plain, **OUTPUTS[output], **options}))


def sequences(dtype: str = "float32") -> Array:
    """As many sequences as `LENGTHS` has, as an array."""
    return np.random.default_rng(3).normal(size=(len(LENGTHS), 7, 3)).astype(dtype)


def tokens(vocabulary: int = 6) -> Array:
    """The same of tokens."""
    return np.random.default_rng(4).integers(0, vocabulary, (len(LENGTHS), 7))


def real(y: Any, lengths: Any, stepwise: bool) -> Array:
    """Outputs without those of steps that are none."""
    if lengths is None or not stepwise:
        return np.asarray(y)
    return np.concatenate([steps[:n] for steps, n in zip(y, lengths, strict=True)])


def assert_close(got: Array, want: Array, limit: float) -> None:
    """Same type and shape, and close where 1 is the least unit."""
    assert got.dtype == want.dtype and got.shape == want.shape
    assert float((np.abs(got - want) / np.maximum(np.abs(want), 1.0)).max()) <= limit
