"""How good synthetic rows are: the report on a Gen, or on any two tables.

Each figure stands beside what real rows reach among themselves, for no distance is 0 between two samples of one
distribution.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _checks
from .._settings import as_seed
from .._tables.frames import Table, read
from .._tables.raw import called
from ..datasets import fixed_order
from .data import Copies, Distances, Marginal, Report, Utility
from .measures import associations, marginal, nearest, shares
from .models import accuracy, detection, determination
from .views import View, features, keys, label_pair, views

__all__ = ["Copies", "Distances", "Marginal", "Report", "Utility", "compare", "report"]

Array = NDArray[np.float64]

FEWEST = 20  # rows
_MOST_ROWS = 5000  # of each kind that detection learns from
_MOST_QUERIES = 2000  # rows whose nearest neighbours are sought
_BINS = 30
_NEAR = 0.01  # a synthetic row is a near copy below this quantile of the held-out rows' distances


def report(
    gen: Any, X_real: Any, y: Any = None, n: int | None = None, seed: int = 0, *, held_out: Any = None
) -> Report:
    """Judge a Gen's samples.

    Parameters
    ----------
    gen : Gen
    X_real : table
        Real rows, as the Gen's `fit` takes them.
    y : str or int, or array-like of shape (rows,), optional
        The column to predict in the utility figure; or the labels of the rows, of a Gen that has classes. These are
        then predicted.
    n : int, optional
        How many rows to sample; default: as many as X_real has.
    seed : int, default=0
        Of the samples, the held-out part and the classifiers.
    held_out : table, or tuple (table, labels) where y is an array, optional
        Real rows that the Gen has not seen. Default: a third of X_real, which measures less well what the Gen has
        learned by heart: to it these rows are as known as the others.

    Returns
    -------
    Report
    """
    seed = as_seed(seed)
    real = read(X_real, "X_real")
    count = real.rows if n is None else _checks.integer("n", n, FEWEST)
    if y is None or isinstance(y, (str, int)):
        return compare(X_real, gen.sample(count, seed=seed), y=y, held_out=held_out, seed=seed)
    labels = np.asarray(y)
    if labels.shape != (real.rows,):
        raise ValueError(f"y must name a column or have the shape {(real.rows,)}, got {labels.shape}")
    wanted = labels[np.resize(fixed_order(real.rows, seed), count)]
    made = gen.sample(count, y=wanted, seed=seed)
    return compare(X_real, made, y=labels, y_synthetic=wanted, held_out=held_out, seed=seed)


def compare(
    real: Any, synthetic: Any, *, y: Any = None, y_synthetic: Any = None, held_out: Any = None, seed: int = 0
) -> Report:
    """Judge synthetic rows, whoever made them.

    Parameters
    ----------
    real, synthetic : tables
        With the same columns.
    y : str or int, or array-like of shape (real rows,), optional
        A column to predict; or labels.
    y_synthetic : array-like of shape (synthetic rows,), optional
        Where y is an array.
    held_out : table, or tuple (table, labels) where y is an array, optional
        More real rows. Default: a third of `real`.
    seed : int, default=0

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        For tables that cannot be read, whose columns differ, or of fewer than 20 rows.
    """
    seed = as_seed(seed)
    by_array = y is not None and not isinstance(y, (str, int))
    if by_array != (y_synthetic is not None):
        raise ValueError("y_synthetic must be given where y is an array, and only there")
    tables = [read(real, "real"), read(synthetic, "synthetic")]
    for table, name in zip(tables, ("real", "synthetic"), strict=True):
        if table.rows < FEWEST:
            raise ValueError(f"{name} must have at least {FEWEST} rows, got {table.rows}")
    split = tables[0].rows
    if held_out is not None:
        more, labels = held_out if by_array else (held_out, None)
        tables[0] = _joined(tables[0], read(more, "held_out"))
        if by_array:
            y = [*np.asarray(y).tolist(), *np.asarray(labels).tolist()]
        parts = np.arange(split), np.arange(split, tables[0].rows)
    else:
        order = fixed_order(split, seed)
        parts = np.sort(order[split // 3 :]), np.sort(order[: split // 3])
    one, other = views(tables[0], tables[1])
    target = None
    if by_array:
        target = label_pair(y, y_synthetic)
        if [len(view.values) for view in target] != [table.rows for table in tables]:
            raise ValueError("y and y_synthetic must have a label for each row")
    elif y is not None:
        names = [view.name for view in one]
        if y not in names:
            raise ValueError(
                f"y names {called(y)}, which real has not; its columns are {', '.join(map(repr, names))}"
            )
        target = one[names.index(y)], other[names.index(y)]
    return _measured(one, other, parts, target, seed)


def _measured(
    one: list[View],
    other: list[View],
    parts: tuple[NDArray[Any], NDArray[Any]],
    target: tuple[View, View] | None,
    seed: int,
) -> Report:
    known, held = ([view.at(part) for view in one] for part in parts)
    real, made, left, right = (associations(part) for part in (one, other, known, held))
    base, rest, shown = (features(one, part) for part in (known, held, other))
    m = min(len(parts[0]) + len(parts[1]), len(shown), _MOST_ROWS)
    every = np.vstack([base, rest])
    found = detection(
        every[fixed_order(len(every), seed)[:m]], shown[fixed_order(len(shown), seed)[:m]], seed
    )
    rows = {"real": len(every), "held_out": len(rest), "synthetic": len(shown)}
    marginals = [_marginal(*columns) for columns in zip(one, other, known, held, strict=True)]
    distances, copies = _neighbours(base, rest, shown, (known, held, other), seed)
    return Report(
        rows=rows,
        marginals=marginals,
        associations=made,
        associations_real=real,
        association_difference=_difference(made, real),
        association_difference_real=_difference(left, right),
        detection=found,
        detection_error=float(np.sqrt((2 * m + 1) / 12)) / m,
        utility=None if target is None else _utility(one, other, parts, target, seed),
        distances=distances,
        copies=copies,
    )


def _marginal(one: View, other: View, known: View, held: View) -> Marginal:
    both = other, one
    edges: list[float] = []
    labels: list[str] = []
    if one.categorical:
        gone = [float(np.mean(view.values == len(view.labels) - 1)) for view in both]
        parts = [shares(view) for view in both]
        order = [
            code for code in np.argsort(-parts[1], kind="stable").tolist() if parts[0][code] + parts[1][code]
        ]
        labels = [one.labels[code] for code in order]
        parts = [part[order] for part in parts]
    else:
        gone = [float(np.mean(np.isnan(view.values))) for view in both]
        edges, parts = _histograms([view.values[~np.isnan(view.values)] for view in both])
    return Marginal(
        name=one.name,
        measure="TV" if one.categorical else "KS",
        distance=marginal(one, other),
        between_real=marginal(known, held),
        missing=gone[0],
        missing_real=gone[1],
        edges=edges,
        labels=labels,
        shares=parts[0].tolist(),
        shares_real=parts[1].tolist(),
    )


def _histograms(values: list[Array]) -> tuple[list[float], list[Array]]:
    """Edges of common bins, and the share of each; the few largest and smallest values are in the last bins."""
    every = np.concatenate(values)
    low, high = np.quantile(every, [0.002, 0.998]) if len(every) else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    inside = [
        np.histogram(np.clip(part, edges[0], edges[-1]), edges)[0] / max(1, len(part)) for part in values
    ]
    return edges.tolist(), inside


def _difference(one: Array, other: Array) -> float:
    pairs = np.triu_indices(len(one), 1)
    return float(np.abs(one - other)[pairs].mean()) if len(pairs[0]) else 0.0


def _utility(
    one: list[View],
    other: list[View],
    parts: tuple[NDArray[Any], NDArray[Any]],
    target: tuple[View, View],
    seed: int,
) -> Utility | None:
    name, categorical, _, labels = target[0]
    inputs = [place for place, view in enumerate(one) if view.name != name]
    if not inputs:
        return None
    base = [one[place] for place in inputs]
    X, X_made = features(base, base), features(base, [other[place] for place in inputs])
    truth, made = target[0].values, target[1].values
    known, held = (part[_labelled(target[0].at(part))] for part in parts)
    usable = _labelled(target[1])
    X_made, made = X_made[usable], made[usable]
    if not len(known) or not len(held) or not len(made):
        return None
    if not categorical:
        synthetic, real = (
            determination(rows, values, X[held], truth[held], seed)
            for rows, values in ((X_made, made), (X[known], truth[known]))
        )
        return Utility(name, "R²", synthetic, real, 0.0)
    count = len(labels) - 1
    synthetic, real = (
        accuracy(rows, values, X[held], truth[held], count, seed)
        for rows, values in ((X_made, made), (X[known], truth[known]))
    )
    common = np.bincount(truth[known], minlength=count).argmax()
    return Utility(name, "accuracy", synthetic, real, float(np.mean(truth[held] == common)))


def _labelled(view: View) -> NDArray[np.bool_]:
    return view.values < len(view.labels) - 1 if view.categorical else ~np.isnan(view.values)


def _neighbours(
    base: Array, rest: Array, shown: Array, tables: tuple[list[View], list[View], list[View]], seed: int
) -> tuple[Distances, Copies]:
    """Synthetic rows and held-out ones, each beside the other real rows."""
    known, held, made = (keys(views) for views in tables)
    exact = int(np.isin(made, np.concatenate([known, held])).sum())
    shares_of = [float(np.mean(np.isin(part, known))) for part in (made, held)]
    apart = nearest(shown[fixed_order(len(shown), seed)[:_MOST_QUERIES]], base)
    honest = nearest(rest[fixed_order(len(rest), seed)[:_MOST_QUERIES]], base)
    near = float(np.quantile(honest, _NEAR))
    distances = Distances(
        *(float(np.quantile(found, share)) for found in (apart, honest) for share in (0.5, 0.05))
    )
    near_shares = [float(np.mean(found < near)) for found in (apart, honest)]
    return distances, Copies(exact, *shares_of, *near_shares)


def _joined(one: Table, other: Table) -> Table:
    """The rows of both."""
    found = {raw.name: raw for raw in other.columns}
    if set(found) != {raw.name for raw in one.columns}:
        raise ValueError("held_out must have the columns of real")
    columns = []
    for raw in one.columns:
        more = found[raw.name]
        values = np.concatenate([raw.values, more.values])
        missing = np.concatenate([raw.missing, more.missing])
        columns.append(type(raw)(raw.name, values, missing, raw.stored))
    return Table(one.container, columns)
