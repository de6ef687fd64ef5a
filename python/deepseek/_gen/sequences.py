"""Sequences of a Gen: validated into packed arrays with lengths and labels, and converted back to lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config.gen_sequences import SequenceGenConfig
from .._data.inputs import as_array
from .._data.packed import real_rows
from .._data.sequences import Sequences, as_sequences, is_list
from ..datasets import fixed_order
from .data import DataAdapter, GenRows
from .deferred_core import raise_unknown_width

Array = NDArray[Any]

_MAX_FLAT = 2**24  # numbers that monitors compare


@dataclass(frozen=True)
class GenSequences:
    """Sequences in the form that the engine reads, and their labels."""

    X: Sequences
    labels: Array | None

    @property
    def rows(self) -> int:
        """Number of sequences."""
        return self.X.count

    @property
    def arrays(self) -> tuple[Array, Array, Array, Array | None]:
        return self.X.values, self.X.starts, self.X.lengths, self.labels

    def take(self, order: Array) -> GenSequences:
        """Return the sequences numbered `order`."""
        return GenSequences(self.X.take(order), None if self.labels is None else self.labels[order])

    def listed(self) -> list[Array]:
        """Return one array per sequence."""
        values = self.X.values[real_rows(self.X.starts, self.X.lengths)]
        return [sequence.copy() for sequence in self.X.listed(values)]


@dataclass(frozen=True)
class FlatSequences:
    """Sequences in the form that monitors compare: one row each, with its steps side by side and zeros at the end."""

    X: Array
    labels: Array | None
    lengths: Array
    config: SequenceGenConfig

    @property
    def rows(self) -> int:
        return len(self.X)

    def take(self, order: Array) -> FlatSequences:
        """Return the sequences numbered `order`."""
        labels = None if self.labels is None else self.labels[order]
        return FlatSequences(self.X[order], labels, self.lengths[order], self.config)

    def fake(self, core: Any, seed: int) -> GenRows:
        """Return equally many samples with the same lengths and labels."""
        samples = sequences_of(
            core.sample(self.rows, self.labels, self.lengths, seed), self.lengths, self.config
        )
        return GenRows(flat(samples, self.config), self.labels)


@dataclass(frozen=True)
class SequenceDataAdapter(DataAdapter):
    """Turns the user's sequences into packed arrays, and generated ones back into lists."""

    config: SequenceGenConfig

    def fitted(self, X: Any, y: Any) -> SequenceDataAdapter:
        if isinstance(y, str):
            raise ValueError(
                f"y: got the column name {y!r} for a Gen of sequences; expected one label per sequence"
            )
        if self.config.known:
            return self
        one, shape = ("X[0]", (2,)) if is_list(X) else ("X", (3,))
        if is_list(X) and not len(X):
            raise ValueError("X: got no sequences; expected at least one")
        array = as_array(X[0] if is_list(X) else X, one)
        if (array.ndim,) != shape or not array.shape[-1]:
            raise ValueError(
                f"{one}: got shape {array.shape}; expected X to be 3-D (sequences, steps, features) or a list of "
                "(steps, features)"
            )
        config = self.config.for_data(array.shape[-1], None, self.config.classes)
        assert isinstance(config, SequenceGenConfig)
        return SequenceDataAdapter(config)

    def read(  # type: ignore[override]  # sequences, not rows
        self, X: Any, y: Any, name: str = "X", lengths: Any = None
    ) -> GenSequences:
        """Validate sequences and labels."""
        if not self.config.known:
            raise_unknown_width()
        prefix = name.removesuffix("X")
        sequences = as_sequences(X, self.config, lengths, name, prefix)
        longest = int(sequences.lengths.argmax())
        if sequences.lengths[longest] > self.config.steps:
            raise ValueError(
                f"{name}: got {sequences.lengths[longest]} steps in sequence {longest}; expected at most "
                f"{self.config.steps} (steps=)"
            )
        if self.config.eos_token is not None:
            _check_eos(sequences, self.config.eos_token, name)
        return GenSequences(sequences, self._labels(X, y, sequences.count, f"{prefix}y"))

    def flat(self, data: GenSequences, most: int) -> FlatSequences:
        """Return at most `most` sequences for monitors, fewer if they need too much memory."""
        most = min(most, max(_MAX_FLAT // (self.config.steps * self.config.inputs), 2))
        if data.rows > most:
            data = data.take(np.sort(fixed_order(data.rows, self.config.seed)[:most]))
        return FlatSequences(flat(data.listed(), self.config), data.labels, self.lengths(data), self.config)

    def length_counts(self, data: Any) -> list[int] | None:
        counts: list[int] = np.bincount(self.lengths(data), minlength=self.config.steps + 1)[1:].tolist()
        return counts

    def lengths(self, data: GenSequences) -> Array:
        """Return the lengths that both players see: texts with an eos_token are padded with it."""
        if self.config.eos_token is None:
            return data.X.lengths
        return np.full(data.rows, self.config.steps, np.int64)


def sequences_of(samples: Array, lengths: Array, config: SequenceGenConfig) -> list[Array]:
    """Return samples (n, steps, …) as a list, each cut to its length; texts end before their first eos_token."""
    if config.vocabulary:
        samples = samples.astype(np.int64, copy=False)
    if config.eos_token is not None:
        is_eos = samples == config.eos_token
        lengths = np.where(is_eos.any(axis=1), is_eos.argmax(axis=1), samples.shape[1])
    return [sequence[:length].copy() for sequence, length in zip(samples, lengths.tolist(), strict=True)]


def flat(sequences: list[Array], config: SequenceGenConfig) -> Array:
    """Return one row per sequence; tokens are one-hot, texts are padded with their eos_token."""
    rows = np.zeros((len(sequences), config.steps, config.inputs), config.dtype)
    if config.eos_token is not None:
        rows[:, :, config.eos_token] = 1.0
    unit = np.eye(config.inputs, dtype=config.dtype) if config.vocabulary else None
    for row, sequence in zip(rows, sequences, strict=True):
        row[: len(sequence)] = sequence if unit is None else unit[sequence]
    return rows.reshape(len(rows), -1)


def _check_eos(sequences: Sequences, eos_token: int, name: str) -> None:
    """Raise ValueError if another token follows an eos_token."""
    rows = real_rows(sequences.starts, sequences.lengths)
    is_eos = sequences.values[rows] == eos_token
    is_last = np.zeros(len(rows), bool)
    is_last[np.cumsum(sequences.lengths) - 1] = True
    invalid = is_eos[:-1] & ~is_eos[1:] & ~is_last[:-1]
    if invalid.any():
        i = int(np.searchsorted(np.cumsum(sequences.lengths), int(invalid.argmax()), side="right"))
        raise ValueError(
            f"{name}: got another token after the eos_token {eos_token} in sequence {i}; expected only {eos_token}"
        )
