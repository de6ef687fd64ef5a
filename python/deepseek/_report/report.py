"""The report on a Gen, or on any two tables: how similar synthetic rows are to real ones.

Each metric is accompanied by its value between two sets of real rows, because no distance between two samples
of one distribution is 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config import checks
from .._config.model import as_seed
from .._metrics.tabular import View, associations, frequencies, marginal, nearest
from .._tables.frames import Table, read
from ..datasets import fixed_order
from .data import Copies, Distances, Marginal, Report, Utility
from .models import accuracy, detection, determination
from .views import features, keys, label_pair, views

__all__ = ["Copies", "Distances", "Marginal", "Report", "Utility", "compare", "report"]

Array = NDArray[np.float64]

MIN_ROWS = 20
_MAX_DETECTION_ROWS = 5000  # rows of each kind for detection
_MAX_QUERIES = 2000  # rows whose nearest neighbours are searched
_BINS = 30
_NEAR_QUANTILE = 0.01  # a synthetic row is a near copy below this quantile of the held-out rows' distances


def report(
    gen: Any, X_real: Any, y: Any = None, n: int | None = None, seed: int = 0, *, held_out: Any = None
) -> Report:
    """Compare samples of a Gen with real rows.

    Parameters
    ----------
    gen : Gen
        Trained model.
    X_real : table
        Real rows, in the form that the Gen's `fit` takes.
    y : str or int, or array-like of shape (rows,), optional
        Column that the utility metric predicts; or labels of the rows for a Gen with classes, which are then
        predicted. Default: no utility metric.
    n : int, optional
        Number of rows to sample, at least 20; default: the number of rows of X_real.
    seed : int, default=0
        Seed of the samples, the held-out part and the classifiers.
    held_out : table, or tuple (table, labels) where y is an array, optional
        Real rows that the Gen was not trained on. Default: a third of X_real. If the Gen was trained on
        these, copies of training rows are detected less well.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        For invalid tables or labels.
    """
    seed = as_seed(seed)
    real = read(X_real, "X_real")
    count = real.rows if n is None else checks.integer("n", n, MIN_ROWS)
    if y is None or isinstance(y, (str, int)):
        return compare(X_real, gen.sample(count, seed=seed), y=y, held_out=held_out, seed=seed)
    labels = np.asarray(y)
    if labels.shape != (real.rows,):
        raise ValueError(
            f"y: got shape {labels.shape}; expected the name of a column or shape {(real.rows,)}"
        )
    sampled_labels = labels[np.resize(fixed_order(real.rows, seed), count)]
    samples = gen.sample(count, y=sampled_labels, seed=seed)
    return compare(X_real, samples, y=labels, y_synthetic=sampled_labels, held_out=held_out, seed=seed)


def compare(
    real: Any, synthetic: Any, *, y: Any = None, y_synthetic: Any = None, held_out: Any = None, seed: int = 0
) -> Report:
    """Compare synthetic rows of any origin with real rows.

    Parameters
    ----------
    real, synthetic : table
        Real and synthetic rows, at least 20 each, with the same columns.
    y : str or int, or array-like of shape (real rows,), optional
        Column that the utility metric predicts, or labels of the real rows. Default: no utility metric.
    y_synthetic : array-like of shape (synthetic rows,), optional
        Labels of the synthetic rows; required if y is an array.
    held_out : table, or tuple (table, labels) where y is an array, optional
        Further real rows that the generator was not trained on. Default: a third of `real`.
    seed : int, default=0
        Seed of the held-out part and the classifiers.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        For tables that cannot be read, whose columns differ, or with fewer than 20 rows.
    """
    seed = as_seed(seed)
    by_array = y is not None and not isinstance(y, (str, int))
    if by_array != (y_synthetic is not None):
        raise ValueError(
            "y_synthetic: got None for an array y; expected labels of the synthetic rows"
            if by_array
            else "y_synthetic: got labels, but y is no array; expected None"
        )
    tables = [read(real, "real"), read(synthetic, "synthetic")]
    for table, name in zip(tables, ("real", "synthetic"), strict=True):
        if table.rows < MIN_ROWS:
            raise ValueError(f"{name}: got {table.rows} rows; expected at least {MIN_ROWS}")
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
            raise ValueError(
                f"y, y_synthetic: got {len(target[0].values)} and {len(target[1].values)} labels; expected one per row"
            )
    elif y is not None:
        names = [view.name for view in one]
        if y not in names:
            raise ValueError(f"y: got {y!r}; expected a column of real: {', '.join(map(repr, names))}")
        target = one[names.index(y)], other[names.index(y)]
    return _compute(one, other, parts, target, seed)


def _compute(
    one: list[View],
    other: list[View],
    parts: tuple[NDArray[Any], NDArray[Any]],
    target: tuple[View, View] | None,
    seed: int,
) -> Report:
    known, held_out = ([view.at(part) for view in one] for part in parts)
    real, synthetic, left, right = (associations(part) for part in (one, other, known, held_out))
    X_known, X_held_out, X_synthetic = (features(one, part) for part in (known, held_out, other))
    m = min(len(parts[0]) + len(parts[1]), len(X_synthetic), _MAX_DETECTION_ROWS)
    X_real = np.vstack([X_known, X_held_out])
    area = detection(
        X_real[fixed_order(len(X_real), seed)[:m]],
        X_synthetic[fixed_order(len(X_synthetic), seed)[:m]],
        seed,
    )
    rows = {"real": len(X_real), "held_out": len(X_held_out), "synthetic": len(X_synthetic)}
    marginals = [_marginal(*columns) for columns in zip(one, other, known, held_out, strict=True)]
    distances, copies = _neighbours(X_known, X_held_out, X_synthetic, (known, held_out, other), seed)
    return Report(
        rows=rows,
        marginals=marginals,
        associations=synthetic,
        associations_real=real,
        association_difference=_difference(synthetic, real),
        association_difference_real=_difference(left, right),
        detection=area,
        detection_error=float(np.sqrt((2 * m + 1) / 12)) / m,
        utility=None if target is None else _utility(one, other, parts, target, seed),
        distances=distances,
        copies=copies,
    )


def _marginal(one: View, other: View, known: View, held_out: View) -> Marginal:
    both = other, one
    edges: list[float] = []
    labels: list[str] = []
    if one.categorical:
        missing = [float(np.mean(view.values == len(view.labels) - 1)) for view in both]
        parts = [frequencies(view) for view in both]
        order = [
            code for code in np.argsort(-parts[1], kind="stable").tolist() if parts[0][code] + parts[1][code]
        ]
        labels = [one.labels[code] for code in order]
        parts = [part[order] for part in parts]
    else:
        missing = [float(np.mean(np.isnan(view.values))) for view in both]
        edges, parts = _histograms([view.values[~np.isnan(view.values)] for view in both])
    return Marginal(
        name=one.name,
        measure="TV" if one.categorical else "KS",
        distance=marginal(one, other),
        between_real=marginal(known, held_out),
        missing=missing[0],
        missing_real=missing[1],
        edges=edges,
        labels=labels,
        shares=parts[0].tolist(),
        shares_real=parts[1].tolist(),
    )


def _histograms(values: list[Array]) -> tuple[list[float], list[Array]]:
    """Return the edges of common bins and the share of each bin; the outer bins also count the extreme values."""
    together = np.concatenate(values)
    low, high = np.quantile(together, [0.002, 0.998]) if len(together) else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    shares = [
        np.histogram(np.clip(part, edges[0], edges[-1]), edges)[0] / max(1, len(part)) for part in values
    ]
    return edges.tolist(), shares


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
    inputs = [i for i, view in enumerate(one) if view.name != name]
    if not inputs:
        return None
    base = [one[i] for i in inputs]
    X, X_synthetic = features(base, base), features(base, [other[i] for i in inputs])
    y, y_synthetic = target[0].values, target[1].values
    known, held_out = (part[_labelled(target[0].at(part))] for part in parts)
    usable = _labelled(target[1])
    X_synthetic, y_synthetic = X_synthetic[usable], y_synthetic[usable]
    if not len(known) or not len(held_out) or not len(y_synthetic):
        return None
    training = ((X_synthetic, y_synthetic), (X[known], y[known]))
    if not categorical:
        synthetic, real = (
            determination(rows, values, X[held_out], y[held_out], seed) for rows, values in training
        )
        return Utility(name, "R²", synthetic, real, 0.0)
    count = len(labels) - 1
    synthetic, real = (
        accuracy(rows, values, X[held_out], y[held_out], count, seed) for rows, values in training
    )
    most_frequent = np.bincount(y[known], minlength=count).argmax()
    return Utility(name, "accuracy", synthetic, real, float(np.mean(y[held_out] == most_frequent)))


def _labelled(view: View) -> NDArray[np.bool_]:
    return view.values < len(view.labels) - 1 if view.categorical else ~np.isnan(view.values)


def _neighbours(
    X_known: Array,
    X_held_out: Array,
    X_synthetic: Array,
    tables: tuple[list[View], list[View], list[View]],
    seed: int,
) -> tuple[Distances, Copies]:
    """Compare synthetic rows and held-out rows with the other real rows."""
    known, held_out, synthetic = (keys(views) for views in tables)
    exact = int(np.isin(synthetic, np.concatenate([known, held_out])).sum())
    exact_shares = [float(np.mean(np.isin(part, known))) for part in (synthetic, held_out)]
    of_synthetic, of_held_out = (
        nearest(rows[fixed_order(len(rows), seed)[:_MAX_QUERIES]], X_known)
        for rows in (X_synthetic, X_held_out)
    )
    threshold = float(np.quantile(of_held_out, _NEAR_QUANTILE))
    distances = Distances(
        *(float(np.quantile(part, share)) for part in (of_synthetic, of_held_out) for share in (0.5, 0.05))
    )
    near_shares = [float(np.mean(part < threshold)) for part in (of_synthetic, of_held_out)]
    return distances, Copies(exact, *exact_shares, *near_shares)


def _joined(one: Table, other: Table) -> Table:
    """Return a table with the rows of both."""
    by_name = {raw.name: raw for raw in other.columns}
    names = [raw.name for raw in one.columns]
    if set(by_name) != set(names):
        raise ValueError(
            f"held_out: got the columns {list(by_name)!r:.80}; expected those of real: {names!r:.80}"
        )
    columns = []
    for raw in one.columns:
        more = by_name[raw.name]
        values = np.concatenate([raw.values, more.values])
        missing = np.concatenate([raw.missing, more.missing])
        columns.append(type(raw)(raw.name, values, missing, raw.stored))
    return Table(one.container, columns)
