"""What a trained Gen of sequences is asked for: samples, scores, sequences put behind others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._checks import integer
from .._data.sequences import as_lengths
from . import draws
from .core import refuse
from .sequences import SequenceDoor, sequences_of

if TYPE_CHECKING:
    from .model import GenModel

Array = NDArray[Any]


def sample(model: GenModel, n: Any, y: Any, seed: Any, lengths: Any) -> list[Array]:
    """A model's `sample`."""
    count, door = integer("n", n, 0), _door(model)
    if not door.config.known:
        refuse()
    asked = None if y is None else door.asked_labels(y, count)
    wanted = None if lengths is None else _asked_lengths(door, lengths, count)
    with model._drawing(seed) as key:
        return _draw(model, door, count, model._labels_of(door, asked, count, key), wanted, key)


def scores(model: GenModel, X: Any, y: Any, lengths: Any) -> Array:
    """A model's `discriminate`."""
    door = _door(model)
    data = door.read(X, y, lengths=lengths)
    door.check_together(data.rows)
    found: Array = model._core.scores(*data.arrays)
    return found


def augment(
    model: GenModel, X: Any, y: Any, lengths: Any, n_per_class: Any, seed: Any
) -> tuple[list[Array], Array]:
    """A model's `augment`."""
    door = _door(model)
    door.check_labelled()
    given = door.read(X, y, lengths=lengths)
    assert given.labels is not None
    more = door.lacking(given.labels, n_per_class)
    with model._drawing(seed) as key:
        made = _draw(model, door, len(more), more, None, key)
    return given.listed() + made, np.concatenate([given.labels, more])


def _draw(
    model: GenModel, door: SequenceDoor, n: int, labels: Array | None, lengths: Array | None, seed: int
) -> list[Array]:
    if n == 0:
        return []
    config = door.config
    if lengths is None:
        counts = model._lengths or [*[0] * (config.steps - 1), 1]
        lengths = draws.lengths(counts, n, seed)
    return sequences_of(model._core.sample(n, labels, lengths, seed), lengths, config)


def _asked_lengths(door: SequenceDoor, lengths: Any, n: int) -> Array:
    if door.config.stop is not None:
        raise ValueError("lengths is not for texts with a stop token: they end where the generator ends them")
    if np.ndim(lengths) == 0:
        return np.full(n, integer("lengths", lengths, 1, door.config.steps), np.int64)
    return as_lengths(lengths, n, door.config.steps, "lengths")


def _door(model: GenModel) -> SequenceDoor:
    door = model._door
    assert isinstance(door, SequenceDoor)
    return door
