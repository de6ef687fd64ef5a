"""Sampling of tokens from probabilities with Philox random numbers.

The random numbers are keyed by the seed and counted by draws, so a text is a function of the model, the
prompt and the arguments. The generators of NumPy and Python are not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core, _rng_streams
from ._config import checks
from ._config.model import as_seed

Array = NDArray[Any]

_BLOCK = 256  # random numbers computed per call


@dataclass(frozen=True)
class Sampling:
    """Parameters of the sampling of a token."""

    temperature: float
    top_k: int | None
    top_p: float | None
    seed: int

    def weights(self, probabilities: Array) -> Array:
        """Return sampling weights (vocabulary,): 1 for the most probable token, 0 for excluded ones."""
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
        """Return the number of most probable tokens that are not excluded."""
        kept = len(descending) if self.top_k is None else min(self.top_k, len(descending))
        if self.top_p is not None:
            cumulative = np.cumsum(descending[:kept])
            kept = 1 + int(np.searchsorted(cumulative, self.top_p * cumulative[-1], side="left"))
        return min(kept, len(descending))


class Sampler:
    """Draws a sequence of tokens."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._drawn = 0
        self._numbers: Array = np.empty(0)

    def draw(self, probabilities: Array) -> int:
        """Draw a token from probabilities (vocabulary,)."""
        cumulative = np.cumsum(self._sampling.weights(probabilities))
        i = self._drawn % _BLOCK
        if i == 0:
            self._numbers = uniform(self._sampling.seed, self._drawn, _BLOCK)
        self._drawn += 1
        token = np.searchsorted(cumulative, self._numbers[i] * cumulative[-1], side="right")
        return int(
            min(token, np.searchsorted(cumulative, cumulative[-1]))
        )  # the product may round up to the sum


def uniform(seed: int, first: int, count: int, *, purpose: int = _rng_streams.TEXT, stream: int = 0) -> Array:
    """Numbers in [0, 1) of 53 bits; the place of each is its own."""
    counters = np.zeros((count, 4), np.uint32)
    counters[:, 0] = np.arange(first, first + count, dtype=np.uint32)
    counters[:, 3] = purpose | stream << 8
    words = np.asarray(_core.kernels.philox(seed, counters), np.uint64)
    return ((words[:, 0] >> np.uint64(5)) * 2.0**26 + (words[:, 1] >> np.uint64(6))) * 2.0**-53


def make_sampling(temperature: Any, top_k: Any, top_p: Any, seed: Any) -> Sampling:
    """Validate the sampling arguments of `Rec.generate`."""
    return Sampling(
        checks.real("temperature", temperature),
        None if top_k is None else checks.integer("top_k", top_k),
        None if top_p is None else checks.real("top_p", top_p, 0.0, 1.0, above=True),
        as_seed(seed),
    )


def stop_tokens(stop: Any, vocabulary: int) -> frozenset[int]:
    """Validate the tokens that end a text: None, one token, or several."""
    if stop is None:
        return frozenset()
    if not np.iterable(stop):
        return frozenset([checks.integer("stop", stop, 0, vocabulary - 1)])
    if isinstance(stop, (str, bytes)):
        raise TypeError(f"stop: got {stop!r}; expected a token or a list of tokens")
    return frozenset(checks.integer(f"stop[{i}]", t, 0, vocabulary - 1) for i, t in enumerate(stop))
