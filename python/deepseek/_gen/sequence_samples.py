"""Samples, scores and augmentation of a Gen of sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._config.checks import integer
from .._data.sequences import as_lengths
from . import draws
from .deferred_core import raise_unknown_width
from .sequences import SequenceDataAdapter, sequences_of

if TYPE_CHECKING:
    from .model import GenModel

Array = NDArray[Any]


def sample(model: GenModel, n: Any, y: Any, seed: Any, lengths: Any) -> list[Array]:
    """Run the `sample` of a Gen of sequences."""
    count, adapter = integer("n", n, 0), _adapter(model)
    if not adapter.config.known:
        raise_unknown_width()
    user_labels = None if y is None else adapter.sample_labels(y, count)
    user_lengths = None if lengths is None else _sample_lengths(adapter, lengths, count)
    with model._drawing(seed) as key:
        labels = model._labels_of(adapter, user_labels, count, key)
        return _draw(model, adapter, count, labels, user_lengths, key)


def scores(model: GenModel, X: Any, y: Any, lengths: Any) -> Array:
    """Run the `discriminate` of a Gen of sequences."""
    adapter = _adapter(model)
    data = adapter.read(X, y, lengths=lengths)
    adapter.check_batch_multiple(data.rows)
    result: Array = model._core.scores(*data.arrays)
    return result


def augment(
    model: GenModel, X: Any, y: Any, lengths: Any, n_per_class: Any, seed: Any
) -> tuple[list[Array], Array]:
    """Run the `augment` of a Gen of sequences."""
    adapter = _adapter(model)
    adapter.check_labelled()
    data = adapter.read(X, y, lengths=lengths)
    assert data.labels is not None
    labels = adapter.missing_labels(data.labels, n_per_class)
    with model._drawing(seed) as key:
        samples = _draw(model, adapter, len(labels), labels, None, key)
    return data.listed() + samples, np.concatenate([data.labels, labels])


def _draw(
    model: GenModel,
    adapter: SequenceDataAdapter,
    n: int,
    labels: Array | None,
    lengths: Array | None,
    seed: int,
) -> list[Array]:
    if n == 0:
        return []
    config = adapter.config
    if lengths is None:
        counts = model._lengths or [*[0] * (config.steps - 1), 1]
        lengths = draws.lengths(counts, n, seed)
    return sequences_of(model._core.sample(n, labels, lengths, seed), lengths, config)


def _sample_lengths(adapter: SequenceDataAdapter, lengths: Any, n: int) -> Array:
    if adapter.config.eos_token is not None:
        raise ValueError("lengths: got a value for texts with an eos_token, which ends them; expected None")
    if np.ndim(lengths) == 0:
        return np.full(n, integer("lengths", lengths, 1, adapter.config.steps), np.int64)
    return as_lengths(lengths, n, adapter.config.steps, "lengths")


def _adapter(model: GenModel) -> SequenceDataAdapter:
    adapter = model._adapter
    assert isinstance(adapter, SequenceDataAdapter)
    return adapter
