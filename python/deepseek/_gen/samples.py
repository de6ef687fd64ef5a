"""Samples, scores and augmentation of a Gen of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._config.checks import integer
from . import tables
from .data import DataAdapter
from .deferred_core import raise_unknown_width
from .draws import Draw, accepted

if TYPE_CHECKING:
    from .model import GenModel

Array = NDArray[Any]


def sample(model: GenModel, n: Any, y: Any, seed: Any, where: Any) -> Any:
    """Run the `sample` of a Gen of rows."""
    count = integer("n", n, 0)
    adapter = model._adapter
    if not adapter.config.known:
        raise_unknown_width()
    y, where = _conditions(adapter, y, where)
    user_labels = None if y is None else adapter.sample_labels(y, count)
    _check_where(adapter, where)
    with model._drawing(seed) as key:
        if where and count:
            rows, labels = _sample_where(model, adapter, count, user_labels, key, where)
        else:
            labels = model._labels_of(adapter, user_labels, count, key)
            rows = draw(model, count, labels, key)
        return adapter.inverse(rows, labels)


def draw(model: GenModel, n: int, labels: Array | None, seed: int, first: int = 0) -> Array:
    """Return the encoded samples first to first + n - 1 of a seed."""
    if n == 0:
        return np.empty((0, model._config.inputs), model._dtype)
    rows: Array = model._core.sample(n, labels, seed, first)
    return rows


def scores(model: GenModel, X: Any, y: Any, lengths: Any) -> Array:
    """Run the `discriminate` of a Gen of rows."""
    adapter = model._adapter
    rows = adapter.read(X, y, lengths=lengths)
    adapter.check_batch_multiple(rows.rows)
    result: Array = model._core.scores(rows.X, rows.labels)
    return result


def augment(model: GenModel, X: Any, y: Any, lengths: Any, n_per_class: Any, seed: Any) -> tuple[Any, Array]:
    """Run the `augment` of a Gen of rows."""
    adapter = model._adapter
    adapter.check_labelled()
    data = adapter.read(X, y, lengths=lengths)
    assert data.labels is not None
    labels = adapter.missing_labels(data.labels, n_per_class)
    with model._drawing(seed) as key:
        rows = draw(model, len(labels), labels, key)
        samples = adapter.inverse(rows, labels) if len(labels) else None
    if adapter.transformer is None:
        return np.concatenate([data.X, rows]), np.concatenate([data.labels, labels])
    joined = X if samples is None else tables.joined(X, samples)
    if adapter.label is not None:
        return joined, tables.column(joined, adapter.label)
    return joined, np.concatenate([data.labels, labels])


def _conditions(adapter: DataAdapter, y: Any, where: Any) -> tuple[Any, dict[Any, Any]]:
    """Return labels and conditions; a condition on the column of labels becomes a label."""
    if where is None:
        return y, {}
    if not isinstance(where, Mapping) or not where:
        raise TypeError(f"where: got {where!r}; expected a mapping of columns to values, as in {{'age': 30}}")
    if adapter.transformer is None:
        raise ValueError(
            "where: got a value for a Gen without a transformer; expected None (or transformer='auto')"
        )
    rest = dict(where)
    if adapter.label in rest:
        value = rest.pop(adapter.label)
        if y is not None:
            raise ValueError(f"where: got {adapter.label!r} and y; expected only one of them")
        if np.ndim(value) != 0:
            raise ValueError(f"where[{adapter.label!r}]: got {value!r}; expected one label")
        y = value
    return y, rest


def _check_where(adapter: DataAdapter, where: dict[Any, Any]) -> None:
    """Raise ValueError for unknown columns before samples are drawn."""
    if where:
        empty = adapter.inverse(np.zeros((1, adapter.config.inputs)), np.zeros(1, np.int64))
        for name in where:
            tables.column(empty, name)


def _sample_where(
    model: GenModel, adapter: DataAdapter, n: int, labels: Array | None, seed: int, where: dict[Any, Any]
) -> tuple[Array, Array | None]:
    """Return samples that meet the conditions, and their labels."""

    def meets(rows: Array, row_labels: Array | None) -> Array:
        table = adapter.inverse(rows, row_labels)
        mask = np.ones(len(rows), bool)
        for name, value in where.items():
            mask &= np.isin(tables.column(table, name), value)
        return mask

    def draw_with(label: int | None) -> Draw:
        def draws(first: int, count: int) -> tuple[Array, Array | None]:
            user_labels = None if label is None else np.full(count, label, np.int64)
            row_labels = model._labels_of(adapter, user_labels, count, seed, first)
            return draw(model, count, row_labels, seed, first), row_labels

        return draws

    if labels is None:
        rows, drawn_labels, _ = accepted(draw_with(None), meets, n)
        return rows, drawn_labels
    result = np.empty((n, adapter.config.inputs), model._dtype)
    start = 0
    for label in np.unique(labels).tolist():
        indices = np.flatnonzero(labels == label)
        result[indices], _, start = accepted(draw_with(label), meets, len(indices), start)
    return result, labels
