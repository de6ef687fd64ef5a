"""What a Rec does step by step: streaming, and going on with its own outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _checks
from .._data.sequences import as_sequences
from .._model.exchange import Exchangeable
from .._sampling import Sampler, make_sampling, stop_tokens
from . import stream
from .config import RecConfig

Array = NDArray[Any]


class Streaming(Exchangeable):
    """Base of `Rec`; not made by itself."""

    _config: RecConfig

    def initial_state(self, n: int) -> Array:
        """The state before the first step, zeros, for so many sequences side by side.

        Returns
        -------
        ndarray of shape (n, state_size)
            For `step`; one model's states mean nothing to another.
        """
        stream.check_stream(self._config, "initial_state")
        return np.zeros((_checks.integer("n", n), int(self._core.state_size)), self._dtype)

    def step(self, x: ArrayLike, state: ArrayLike) -> tuple[Array, Array]:
        """Take one step of some sequences: streaming.

        Parameters
        ----------
        x : array-like of shape (n, features), or (n,) tokens
        state : ndarray of shape (n, state_size)
            What `initial_state` or the last step returned. It is not changed.

        Returns
        -------
        y : ndarray of shape (n, outputs)
            The head's outputs for this step's state, whatever `output` pools: after the last step those of
            `predict` for "last", at each step those of "sequence", "next" and "ctc".
        state : ndarray of shape (n, state_size)
        """
        taken = self._core.try_step(x, state)
        if taken is not None:  # the usual case, without a closer look
            return cast("tuple[Array, Array]", taken)
        stream.check_stream(self._config, "step")
        values = stream.as_step(x, self._config)
        before = stream.as_state(state, len(values), int(self._core.state_size), self._dtype)
        return cast("tuple[Array, Array]", self._core.step(values, before))

    def generate(
        self,
        prompt: ArrayLike,
        n: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        stop: int | Iterable[int] | None = None,
    ) -> Array:
        """Go on with a sequence of tokens; for output "next" with a vocabulary.

        Parameters
        ----------
        prompt : array-like of int, shape (tokens,)
            At least one token.
        n : int
            Tokens to add.
        temperature : float, default=1.0
            Probabilities are taken to the power of 1 / temperature; 0 takes the likeliest token.
        top_k : int, optional
            Draw from the k likeliest tokens only (Fan et al. 2018).
        top_p : float, optional
            Draw from the fewest likeliest tokens that have this share of the probability, in (0, 1]
            (Holtzman et al. 2020); counted within the k likeliest if both are given.
        seed : int, optional
            0 to 2**64 - 1: the result is a function of model, prompt, arguments and seed alone. None draws one.
        stop : int or iterable of int, optional
            Tokens that end the text; the one that did is its last.

        Returns
        -------
        ndarray of int64, shape (tokens,)
            The new tokens, n unless one was a stop.
        """
        stream.check_stream(self._config, "generate", next_of="tokens")
        given, count = stream.as_prompt(prompt, self._config), _checks.integer("n", n, 0)
        sampler = Sampler(make_sampling(temperature, top_k, top_p, seed))
        ends = stop_tokens(stop, self._config.outputs)
        with self._gate.room:  # all from the same weights
            return stream.generate(self._core, given, count, sampler, ends, self.initial_state(1))

    def forecast(self, history: ArrayLike | Sequence[ArrayLike], horizon: int) -> Array:
        """Go on with sequences of values, feeding predictions back; for output "next" without a vocabulary.

        Parameters
        ----------
        history : array-like (sequences, steps, features) or (sequences, steps), or list
            As X in `fit`.
        horizon : int
            Steps to predict.

        Returns
        -------
        ndarray of shape (sequences, horizon, features)
        """
        stream.check_stream(self._config, "forecast", next_of="values")
        found = as_sequences(history, self._config, name="history")
        steps = _checks.integer("horizon", horizon)
        with self._gate.room:
            return stream.forecast(self._core, found, steps, self.initial_state(found.count))
