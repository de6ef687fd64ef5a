"""Sequences of a Gen at the door: packed arrays with lengths and labels, and the way back to lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._data.inputs import as_array
from .._data.packed import real_rows
from .._data.sequences import Sequences, as_sequences, is_list
from ..datasets import fixed_order
from .core import refuse
from .data import Door, GenRows
from .sequence_config import SequenceGenConfig

Array = NDArray[Any]

_MOST_FLAT = 2**24  # numbers that monitors look at


@dataclass(frozen=True)
class GenSequences:
    """Sequences as the engine reads them, and their labels."""

    X: Sequences
    labels: Array | None

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.X.count

    @property
    def arrays(self) -> tuple[Array, Array, Array, Array | None]:
        return self.X.values, self.X.starts, self.X.lengths, self.labels

    def take(self, order: Array) -> GenSequences:
        """Some of them."""
        return GenSequences(self.X.take(order), None if self.labels is None else self.labels[order])

    def listed(self) -> list[Array]:
        """One array a sequence."""
        values = self.X.values[real_rows(self.X.starts, self.X.lengths)]
        return [sequence.copy() for sequence in self.X.listed(values)]


@dataclass(frozen=True)
class FlatSequences:
    """Sequences as monitors see them: a row each, its steps side by side, zero behind its end."""

    X: Array
    labels: Array | None
    lengths: Array
    config: SequenceGenConfig

    @property
    def rows(self) -> int:
        return len(self.X)

    def take(self, order: Array) -> FlatSequences:
        """Some of them."""
        labels = None if self.labels is None else self.labels[order]
        return FlatSequences(self.X[order], labels, self.lengths[order], self.config)

    def fake(self, core: Any, seed: int) -> GenRows:
        """As many samples, of the same lengths and labels."""
        made = sequences_of(
            core.sample(self.rows, self.labels, self.lengths, seed), self.lengths, self.config
        )
        return GenRows(flat(made, self.config), self.labels)


@dataclass(frozen=True)
class SequenceDoor(Door):
    """What a Gen of sequences knows of its data."""

    config: SequenceGenConfig

    def opened(self, X: Any, y: Any) -> SequenceDoor:
        if isinstance(y, str):
            raise ValueError(f"y={y!r} names a column, which is for tables; give a label a sequence")
        if self.config.known:
            return self
        one, shape = ("X[0]", (2,)) if is_list(X) else ("X", (3,))
        if is_list(X) and not len(X):
            raise ValueError("X has no sequences")
        array = as_array(X[0] if is_list(X) else X, one)
        if (array.ndim,) != shape or not array.shape[-1]:
            raise ValueError(
                "X must be 3-D (sequences, steps, features) or a list of (steps, features); "
                f"{one} has shape {array.shape}"
            )
        config = self.config.for_data(array.shape[-1], None, self.config.classes)
        assert isinstance(config, SequenceGenConfig)
        return SequenceDoor(config)

    def read(  # type: ignore[override]  # sequences, not rows
        self, X: Any, y: Any, name: str = "X", lengths: Any = None
    ) -> GenSequences:
        """Sequences and labels, checked."""
        if not self.config.known:
            refuse()
        prefix = name.removesuffix("X")
        found = as_sequences(X, self.config, lengths, name, prefix)
        longest = int(found.lengths.argmax())
        if found.lengths[longest] > self.config.steps:
            raise ValueError(
                f"{name} must have at most {self.config.steps} steps a sequence, as the Gen was made for; "
                f"sequence {longest} has {found.lengths[longest]}"
            )
        if self.config.stop is not None:
            _check_stops(found, self.config.stop, name)
        return GenSequences(found, self._labels(X, y, found.count, f"{prefix}y"))

    def flat(self, data: GenSequences, most: int) -> FlatSequences:
        """At most so many of them for monitors, fewer if they take too much room."""
        most = min(most, max(_MOST_FLAT // (self.config.steps * self.config.inputs), 2))
        if data.rows > most:
            data = data.take(np.sort(fixed_order(data.rows, self.config.seed)[:most]))
        return FlatSequences(flat(data.listed(), self.config), data.labels, self.lengths(data), self.config)

    def length_counts(self, data: Any) -> list[int] | None:
        counts: list[int] = np.bincount(self.lengths(data), minlength=self.config.steps + 1)[1:].tolist()
        return counts

    def lengths(self, data: GenSequences) -> Array:
        """As both players see them: texts with a stop are filled up."""
        if self.config.stop is None:
            return data.X.lengths
        return np.full(data.rows, self.config.steps, np.int64)


def sequences_of(made: Array, lengths: Array, config: SequenceGenConfig) -> list[Array]:
    """What the engine made (n, steps, …), each to its length; texts end before their first stop."""
    if config.vocabulary:
        made = made.astype(np.int64, copy=False)
    if config.stop is not None:
        stops = made == config.stop
        lengths = np.where(stops.any(axis=1), stops.argmax(axis=1), made.shape[1])
    return [sequence[:length].copy() for sequence, length in zip(made, lengths.tolist(), strict=True)]


def flat(sequences: list[Array], config: SequenceGenConfig) -> Array:
    """One row a sequence; tokens are rows of the identity, texts filled up with their stop."""
    rows = np.zeros((len(sequences), config.steps, config.inputs), config.dtype)
    if config.stop is not None:
        rows[:, :, config.stop] = 1.0
    unit = np.eye(config.inputs, dtype=config.dtype) if config.vocabulary else None
    for row, sequence in zip(rows, sequences, strict=True):
        row[: len(sequence)] = sequence if unit is None else unit[sequence]
    return rows.reshape(len(rows), -1)


def _check_stops(found: Sequences, stop: int, name: str) -> None:
    """Nothing but stops may follow a stop."""
    at = real_rows(found.starts, found.lengths)
    stops = found.values[at] == stop
    last = np.zeros(len(at), bool)
    last[np.cumsum(found.lengths) - 1] = True
    odd = stops[:-1] & ~stops[1:] & ~last[:-1]
    if odd.any():
        i = int(np.searchsorted(np.cumsum(found.lengths), int(odd.argmax()), side="right"))
        raise ValueError(f"{name} must not go on after the stop token {stop}; sequence {i} does")
