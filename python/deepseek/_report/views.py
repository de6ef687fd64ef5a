"""Two tables in the form that the metrics of the report need: numbers with NaN, categories as codes, features.

Both tables use the same codes, also for a category that occurs in only one of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._metrics.tabular import View
from .._tables.columns import is_categorical
from .._tables.frames import Table, read_values
from .._tables.raw import RawColumn

Array = NDArray[np.float64]
MAX_DEVIATIONS = 8.0  # features are clipped at this many deviations of the real column


def views(real: Table, synthetic: Table, others: str = "synthetic") -> tuple[list[View], list[View]]:
    """Return the columns of both tables; raise ValueError if their names differ."""
    first = {raw.name: raw for raw in real.columns}
    second = {raw.name: raw for raw in synthetic.columns}
    if set(first) != set(second):
        lacking = ", ".join(repr(name) for name in first if name not in second)
        unknown = ", ".join(repr(name) for name in second if name not in first)
        got = [f"no column {lacking}"] * bool(lacking) + [f"the unknown column {unknown}"] * bool(unknown)
        raise ValueError(f"{others}: got {' and '.join(got)}; expected the columns of real")
    pairs = [pair(first[name], second[name]) for name in first]
    return [one for one, _ in pairs], [other for _, other in pairs]


def pair(real: RawColumn, synthetic: RawColumn) -> tuple[View, View]:
    """Return a column of both tables; the real one determines whether it is categorical."""
    if not is_categorical(real) and synthetic.family != "values":
        one, other = (
            np.where(raw.missing, np.nan, raw.values.astype(np.float64)) for raw in (real, synthetic)
        )
        return View(real.name, False, one), View(real.name, False, other)
    seen = {*real.present.tolist(), *synthetic.present.tolist()}
    codes = {item: code for code, item in enumerate(sorted(seen, key=lambda v: (isinstance(v, str), v)))}
    labels = (*map(str, codes), "missing")
    coded = []
    for raw in (real, synthetic):
        values = np.array([codes.get(item, -1) for item in raw.values.tolist()], np.int64)
        values[raw.missing] = len(codes)
        coded.append(View(real.name, True, values, labels))
    return coded[0], coded[1]


def label_pair(real: Any, synthetic: Any) -> tuple[View, View]:
    """Return labels that were passed beside the tables, in the form of a column of both."""
    return pair(read_values(real, "y")[1], read_values(synthetic, "y_synthetic")[1])


def features(reference: list[View], shown: list[View]) -> Array:
    """Return features (n, features) of a table: numbers standardised with the reference, categories one-hot.

    One-hot entries are 1/√2, so that two different categories have distance 1, like numbers one deviation
    apart.
    """
    parts = []
    for base, view in zip(reference, shown, strict=True):
        if view.categorical:
            parts.append(np.eye(len(view.labels))[view.values] * np.sqrt(0.5))
            continue
        present = base.values[~np.isnan(base.values)]
        center, spread = (present.mean(), present.std()) if len(present) else (0.0, 0.0)
        missing = np.isnan(view.values)
        scaled = (np.where(missing, center, view.values) - center) / (spread or 1.0)
        parts += [np.clip(scaled, -MAX_DEVIATIONS, MAX_DEVIATIONS)[:, None], missing[:, None] * np.sqrt(0.5)]
    return np.hstack(parts)


def keys(shown: list[View]) -> NDArray[Any]:
    """Return the values of each row as bytes, which are equal for equal rows only."""
    values = np.stack([view.values.astype(np.float64) + 0.0 for view in shown], axis=1)  # no -0
    values[np.isnan(values)] = np.nan
    return np.ascontiguousarray(values).view(np.dtype((np.void, 8 * values.shape[1])))[:, 0]
