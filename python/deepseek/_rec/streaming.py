"""Stepwise methods of `Rec`: streaming, generation of tokens, forecasts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._config import checks
from .._config.rec import RecConfig
from .._data.sequences import as_sequences
from .._sampling import Sampler, make_sampling, stop_tokens
from .._training.base import Model
from . import stream

Array = NDArray[Any]


class Streaming(Model):
    """Base class of `Rec` with its stepwise methods; not instantiated itself."""

    _config: RecConfig

    def initial_state(self, n: int) -> Array:
        """Return the state before the first step of n sequences that are advanced together.

        Parameters
        ----------
        n : int
            Number of sequences.

        Returns
        -------
        ndarray of shape (n, state_size)
            Zeros, for `step`. A state is valid only for the model that returned it.

        Raises
        ------
        ValueError
            If the model is bidirectional.
        """
        stream.check_stream(self._config, "initial_state")
        return np.zeros((checks.integer("n", n), int(self._core.state_size)), self._dtype)

    def step(self, x: ArrayLike, state: ArrayLike) -> tuple[Array, Array]:
        """Advance n sequences by one step (streaming inference).

        Parameters
        ----------
        x : array-like of shape (n, features), or (n,) tokens
            Inputs of the step.
        state : ndarray of shape (n, state_size)
            State returned by `initial_state` or by the previous step. It is not modified.

        Returns
        -------
        y : ndarray of shape (n, outputs)
            Outputs of the head for the state of this step. For "sequence", "next" and "ctc" they equal those
            of `predict` at this step; for "last" they equal those of `predict` after the last step.
        state : ndarray of shape (n, state_size)
            State for the next step.

        Raises
        ------
        TypeError, ValueError
            If the model is bidirectional, or x or state is invalid.
        """
        result = self._core.try_step(x, state)
        if result is not None:  # fast path: x and state already have the engine's type and layout
            return cast("tuple[Array, Array]", result)
        stream.check_stream(self._config, "step")
        values = stream.as_step(x, self._config)
        previous = stream.as_state(state, len(values), int(self._core.state_size), self._dtype)
        return cast("tuple[Array, Array]", self._core.step(values, previous))

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
        """Continue a sequence of tokens by sampling; needs output "next" with a vocabulary.

        Parameters
        ----------
        prompt : array-like of int, shape (tokens,)
            Tokens to continue, at least one.
        n : int
            Largest number of tokens to generate.
        temperature : float, default=1.0
            Softmax temperature: probabilities are raised to the power 1 / temperature and normalised. 0
            always takes the most probable token.
        top_k : int, optional
            Number of most probable tokens to draw from (Fan et al. 2018); default: all.
        top_p : float, optional
            Cumulative probability in (0, 1] of the most probable tokens to draw from (nucleus sampling,
            Holtzman et al. 2020); default: all. It applies within the k most probable if `top_k` is given
            too.
        seed : int, optional
            Seed of the draws, 0 to 2**64 - 1; default: a random seed. The result is a function of the model,
            the prompt, the arguments and the seed.
        stop : int or iterable of int, optional
            Tokens that end the text; the one that did is the last token returned.

        Returns
        -------
        ndarray of int64, shape (tokens,)
            Generated tokens, without the prompt; n of them unless a stop token was drawn.

        Raises
        ------
        TypeError, ValueError
            If the model has another output, or an argument is invalid.
        """
        stream.check_stream(self._config, "generate", next_of="tokens")
        tokens, count = stream.as_prompt(prompt, self._config), checks.integer("n", n, 0)
        sampler = Sampler(make_sampling(temperature, top_k, top_p, seed))
        ends = stop_tokens(stop, self._config.outputs)
        with self._lock.state_lock:  # all tokens come from the same weights
            return stream.generate(self._core, tokens, count, sampler, ends, self.initial_state(1))

    def forecast(self, history: ArrayLike | Sequence[ArrayLike], horizon: int) -> Array:
        """Predict the steps that follow each sequence, feeding predictions back as inputs.

        It needs output "next" without a vocabulary.

        Parameters
        ----------
        history : array-like of shape (sequences, steps, features) or (sequences, steps), or list
            Past values, in the forms of X in `fit`.
        horizon : int
            Number of steps to predict.

        Returns
        -------
        ndarray of shape (sequences, horizon, features)
            Predicted steps, of the model's dtype.

        Raises
        ------
        TypeError, ValueError
            If the model has another output, or an argument is invalid.
        """
        stream.check_stream(self._config, "forecast", next_of="values")
        sequences = as_sequences(history, self._config, name="history")
        steps = checks.integer("horizon", horizon)
        with self._lock.state_lock:
            return stream.forecast(self._core, sequences, steps, self.initial_state(sequences.count))
