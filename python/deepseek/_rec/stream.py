"""Step by step: what a Rec does with its own outputs. The engine takes the steps; here is what it is fed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._data.inputs import as_array, as_finite, as_matrix
from .._data.sequences import Sequences, as_sequences, as_tokens
from .._sampling import Sampler
from .config import RecConfig

Array = NDArray[Any]


def check_stream(config: RecConfig, what: str, *, next_of: str = "") -> None:
    """Refuse what cannot go step by step; `next_of` asks for output "next" of tokens or values."""
    if config.bidirectional:
        raise ValueError(
            f"{what} needs a model that is not bidirectional: the reverse direction starts at the end"
        )
    if next_of and (config.output != "next" or (next_of == "tokens") != bool(config.vocabulary)):
        had = "tokens" if config.vocabulary else "values"
        raise ValueError(
            f"{what} needs output='next' of {next_of}; this model has output={config.output!r} of {had}"
        )


def as_step(x: Any, config: RecConfig, name: str = "x") -> Array:
    """One step of some sequences: (rows, features), or (rows,) tokens."""
    if not config.vocabulary:
        array = as_array(x, name)
        column = array[:, None] if array.ndim == 1 and config.inputs == 1 else array
        return as_matrix(column, np.dtype(config.dtype), config.inputs, name)
    array = as_tokens(as_array(x, name), name)
    if array.ndim != 1 or not len(array):
        raise ValueError(f"{name} must be 1-D (rows,) of tokens, got shape {array.shape}")
    return as_sequences(array[:, None], config, name=name).values


def as_state(state: Any, rows: int, size: int, dtype: np.dtype[Any]) -> Array:
    """A state for so many rows, as `Rec.initial_state` and `Rec.step` return it."""
    array = as_array(state, "state")
    if array.shape != (rows, size):
        raise ValueError(
            f"state must have shape ({rows}, {size}), as initial_state({rows}); got {array.shape}"
        )
    return as_finite(array, dtype, "state")


def as_prompt(prompt: Any, config: RecConfig) -> Array:
    """Tokens to begin with, at least one."""
    array = as_array(prompt, "prompt")
    if array.ndim != 1 or not len(array):
        raise ValueError(f"prompt must be 1-D with at least one token, got shape {array.shape}")
    return as_sequences(array[None], config, name="prompt").values


def generate(core: Any, prompt: Array, n: int, sampler: Sampler, stop: frozenset[int], zeros: Array) -> Array:
    """Up to n tokens after the prompt, each drawn by the outputs after the one before."""
    tokens: list[int] = []
    state, fed = zeros, prompt
    while len(tokens) < n and not (tokens and tokens[-1] in stop):
        for at in range(len(fed)):
            y, state = core.step(fed[at : at + 1], state)
        tokens.append(sampler.draw(y[0]))
        fed = np.array(tokens[-1:], np.int64)
    return np.array(tokens, np.int64)


def forecast(core: Any, history: Sequences, horizon: int, zeros: Array) -> Array:
    """The steps after each history, each from the outputs before it: (sequences, horizon, features)."""
    order = np.argsort(-history.lengths, kind="stable")  # the rows that still have steps come first
    starts, lengths = history.starts[order], history.lengths[order]
    count, features = history.count, history.values.shape[1]
    state, y = zeros, np.empty((count, features), zeros.dtype)
    for t in range(int(lengths.max(initial=0))):
        rows = int(np.count_nonzero(lengths > t))
        y[:rows], state[:rows] = core.step(history.values[starts[:rows] + t], state[:rows])
    sorted_steps = np.empty((count, horizon, features), zeros.dtype)
    for t in range(horizon if count else 0):
        if t:
            y, state = core.step(y, state)
        sorted_steps[:, t] = y
    steps = np.empty_like(sorted_steps)
    steps[order] = sorted_steps
    return steps
