"""What a trained Gen is asked for: samples, scores, rows put behind others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._checks import integer
from . import tables
from .core import refuse
from .data import Door
from .draws import Draw, accepted

if TYPE_CHECKING:
    from .model import GenModel

Array = NDArray[Any]


def sample(model: GenModel, n: Any, y: Any, seed: Any, where: Any) -> Any:
    """A model's `sample`."""
    count = integer("n", n, 0)
    door = model._door
    if not door.config.known:
        refuse()
    y, where = _conditions(door, y, where)
    asked = None if y is None else door.asked_labels(y, count)
    _check_where(door, where)
    with model._drawing(seed) as key:
        if where and count:
            rows, labels = _meeting(model, door, count, asked, key, where)
        else:
            labels = model._labels_of(door, asked, count, key)
            rows = draw(model, count, labels, key)
        return door.back(rows, labels)


def draw(model: GenModel, n: int, labels: Array | None, seed: int, first: int = 0) -> Array:
    """Samples first … first + n - 1 of a seed, as the generator makes them."""
    if n == 0:
        return np.empty((0, model._config.inputs), model._dtype)
    found: Array = model._core.sample(n, labels, seed, first)
    return found


def scores(model: GenModel, X: Any, y: Any, lengths: Any) -> Array:
    """A model's `discriminate`."""
    door = model._door
    rows = door.read(X, y, lengths=lengths)
    door.check_together(rows.rows)
    found: Array = model._core.scores(rows.X, rows.labels)
    return found


def augment(model: GenModel, X: Any, y: Any, lengths: Any, n_per_class: Any, seed: Any) -> tuple[Any, Array]:
    """A model's `augment`."""
    door = model._door
    door.check_labelled()
    given = door.read(X, y, lengths=lengths)
    assert given.labels is not None
    labels = door.lacking(given.labels, n_per_class)
    with model._drawing(seed) as key:
        rows = draw(model, len(labels), labels, key)
        more = door.back(rows, labels) if len(labels) else None
    if door.transformer is None:
        return np.concatenate([given.X, rows]), np.concatenate([given.labels, labels])
    whole = X if more is None else tables.joined(X, more)
    if door.label is not None:
        return whole, tables.column(whole, door.label)
    return whole, np.concatenate([given.labels, labels])


def _conditions(door: Door, y: Any, where: Any) -> tuple[Any, dict[Any, Any]]:
    """Labels and what else rows shall be: a condition on the column of labels is a label."""
    if where is None:
        return y, {}
    if not isinstance(where, Mapping) or not where:
        raise TypeError(f"where must map columns to values, as in {{'age': 30}}; got {where!r}")
    if door.transformer is None:
        raise ValueError("where is for tables: this Gen has no transformer")
    rest = dict(where)
    if door.label in rest:
        value = rest.pop(door.label)
        if y is not None:
            raise ValueError(f"give y or where={{{door.label!r}: …}}, not both")
        if np.ndim(value) != 0:
            raise ValueError(f"where[{door.label!r}] must be one label, got {value!r}")
        y = value
    return y, rest


def _check_where(door: Door, where: dict[Any, Any]) -> None:
    """Refuse unknown columns before anything is drawn."""
    if where:
        empty = door.back(np.zeros((1, door.config.inputs)), np.zeros(1, np.int64))
        for name in where:
            tables.column(empty, name)


def _meeting(
    model: GenModel, door: Door, n: int, asked: Array | None, seed: int, where: dict[Any, Any]
) -> tuple[Array, Array | None]:
    """Samples with the values asked for, and their labels."""

    def meets(rows: Array, labels: Array | None) -> Array:
        table = door.back(rows, labels)
        good = np.ones(len(rows), bool)
        for name, value in where.items():
            good &= np.isin(tables.column(table, name), value)
        return good

    def drawn(label: int | None) -> Draw:
        def draws(first: int, count: int) -> tuple[Array, Array | None]:
            wanted = None if label is None else np.full(count, label, np.int64)
            labels = model._labels_of(door, wanted, count, seed, first)
            return draw(model, count, labels, seed, first), labels

        return draws

    if asked is None:
        rows, labels, _ = accepted(drawn(None), meets, n)
        return rows, labels
    found = np.empty((n, door.config.inputs), model._dtype)
    start = 0
    for label in np.unique(asked).tolist():
        places = np.flatnonzero(asked == label)
        found[places], _, start = accepted(drawn(label), meets, len(places), start)
    return found, asked
