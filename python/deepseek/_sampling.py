"""Drawing tokens: which may be drawn, and which one a number of the own generator means.

The numbers are Philox's, keyed by the seed and counted by draws, so a text is a function of the model, the
prompt and the arguments alone. NumPy's and Python's generators are not touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _checks, _core
from ._settings import as_seed

Array = NDArray[Any]

_STREAM = 4  # of Philox; training with the same seed draws from others (0 to 2), splits from 3
_BLOCK = 256  # numbers drawn at a time


@dataclass(frozen=True)
class Sampling:
    """How a token is chosen by its probability."""

    temperature: float
    top_k: int | None
    top_p: float | None
    seed: int

    def weights(self, probabilities: Array) -> Array:
        """Weights (vocabulary,) to draw with, the likeliest token's 1; 0 for what may not be drawn."""
        p = probabilities.astype(np.float64)
        best = int(p.argmax())
        if self.temperature == 0.0:
            return np.asarray(np.arange(len(p)) == best, np.float64)
        with np.errstate(under="ignore", over="ignore"):
            weights: Array = np.power(p / p[best], np.divide(1.0, self.temperature))
        if self.top_k is not None or self.top_p is not None:
            order = np.argsort(-weights, kind="stable")
            weights[order[self._kept(weights[order]) :]] = 0.0
        return weights

    def _kept(self, descending: Array) -> int:
        """How many of the likeliest tokens may be drawn."""
        kept = len(descending) if self.top_k is None else min(self.top_k, len(descending))
        if self.top_p is not None:
            shares = np.cumsum(descending[:kept])
            kept = 1 + int(np.searchsorted(shares, self.top_p * shares[-1], side="left"))
        return min(kept, len(descending))


class Sampler:
    """Draws tokens, one after another."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._drawn = 0
        self._numbers: Array = np.empty(0)

    def draw(self, probabilities: Array) -> int:
        """A token by its probability (vocabulary,)."""
        shares = np.cumsum(self._sampling.weights(probabilities))
        at = self._drawn % _BLOCK
        if at == 0:
            self._numbers = uniform(self._sampling.seed, self._drawn, _BLOCK)
        self._drawn += 1
        token = np.searchsorted(shares, self._numbers[at] * shares[-1], side="right")
        return int(min(token, np.searchsorted(shares, shares[-1])))  # a product may round up to the sum


def uniform(seed: int, first: int, count: int, *, stream: int = _STREAM, layer: int = 0) -> Array:
    """Numbers in [0, 1) of 53 bits; the place of each is its own."""
    counters = np.zeros((count, 4), np.uint32)
    counters[:, 0] = np.arange(first, first + count, dtype=np.uint32)
    counters[:, 3] = stream | layer << 8
    words = np.asarray(_core.kernels.philox(seed, counters), np.uint64)
    return ((words[:, 0] >> np.uint64(5)) * 2.0**26 + (words[:, 1] >> np.uint64(6))) * 2.0**-53


def make_sampling(temperature: Any, top_k: Any, top_p: Any, seed: Any) -> Sampling:
    """The arguments of `generate`, checked."""
    return Sampling(
        _checks.real("temperature", temperature),
        None if top_k is None else _checks.integer("top_k", top_k),
        None if top_p is None else _checks.real("top_p", top_p, 0.0, 1.0, above=True),
        as_seed(seed),
    )


def stop_tokens(stop: Any, vocabulary: int) -> frozenset[int]:
    """The tokens that end a text: None, one, or several."""
    if stop is None:
        return frozenset()
    if not np.iterable(stop):
        return frozenset([_checks.integer("stop", stop, 0, vocabulary - 1)])
    if isinstance(stop, (str, bytes)):
        raise TypeError(f"stop must be a token or a list of tokens, got {stop!r}")
    return frozenset(_checks.integer(f"stop[{i}]", t, 0, vocabulary - 1) for i, t in enumerate(stop))
