"""Stepwise inference of a Rec: validation of one step and its state, generation of tokens, forecasts of values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config.rec import RecConfig
from .._data.inputs import as_array, as_finite, as_matrix
from .._data.sequences import Sequences, as_sequences, as_tokens
from .._sampling import Sampler

Array = NDArray[Any]


def check_stream(config: RecConfig, method: str, *, next_of: str = "") -> None:
    """Raise ValueError for a model that cannot run step by step.

    `next_of` is "tokens" or "values" where the method also needs output "next" of these, else "".
    """
    if config.bidirectional:
        raise ValueError(
            f"{method}: got a bidirectional model; expected bidirectional=False, as the reverse direction starts at "
            "the last step"
        )
    if next_of and (config.output != "next" or (next_of == "tokens") != bool(config.vocabulary)):
        kind = "tokens" if config.vocabulary else "values"
        raise ValueError(
            f"{method}: got a model with output={config.output!r} of {kind}; expected output='next' of {next_of}"
        )


def as_step(x: Any, config: RecConfig, name: str = "x") -> Array:
    """Validate one step of several sequences: (rows, features), or (rows,) tokens."""
    if not config.vocabulary:
        array = as_array(x, name)
        column = array[:, None] if array.ndim == 1 and config.inputs == 1 else array
        return as_matrix(column, np.dtype(config.dtype), config.inputs, name)
    array = as_tokens(as_array(x, name), name)
    if array.ndim != 1 or not len(array):
        raise ValueError(f"{name}: got shape {array.shape}; expected 1-D (rows,) of tokens")
    return as_sequences(array[:, None], config, name=name).values


def as_state(state: Any, rows: int, size: int, dtype: np.dtype[Any]) -> Array:
    """Validate a state of `rows` sequences, as `Rec.initial_state` and `Rec.step` return it."""
    array = as_array(state, "state")
    if array.shape != (rows, size):
        raise ValueError(
            f"state: got shape {array.shape}; expected ({rows}, {size}), that of initial_state({rows})"
        )
    return as_finite(array, dtype, "state")


def as_prompt(prompt: Any, config: RecConfig) -> Array:
    """Validate the tokens that precede the generated ones; at least one."""
    array = as_array(prompt, "prompt")
    if array.ndim != 1 or not len(array):
        raise ValueError(f"prompt: got shape {array.shape}; expected 1-D with at least one token")
    return as_sequences(array[None], config, name="prompt").values


def generate(core: Any, prompt: Array, n: int, sampler: Sampler, stop: frozenset[int], zeros: Array) -> Array:
    """Return up to n tokens after the prompt, each drawn from the output probabilities of the previous step."""
    tokens: list[int] = []
    state, inputs = zeros, prompt
    while len(tokens) < n and not (tokens and tokens[-1] in stop):
        for t in range(len(inputs)):
            y, state = core.step(inputs[t : t + 1], state)
        tokens.append(sampler.draw(y[0]))
        inputs = np.array(tokens[-1:], np.int64)
    return np.array(tokens, np.int64)


def forecast(core: Any, history: Sequences, horizon: int, zeros: Array) -> Array:
    """Return the `horizon` steps after each history, feeding outputs back: (sequences, horizon, features)."""
    order = np.argsort(
        -history.lengths, kind="stable"
    )  # longest first, so that unfinished rows form a prefix
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
