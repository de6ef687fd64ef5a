"""Two tables side by side, as the report's measures want them: numbers with NaN, categories as codes, features.

Both are coded alike: a category that only one of them has is a code of both.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._tables.columns import is_categorical
from .._tables.frames import Table, read_values
from .._tables.raw import Name, Raw

Array = NDArray[np.float64]
FARTHEST = 8.0  # a feature's largest value, in deviations of the real column


class View(NamedTuple):
    """A column of one table.

    `values` are float64 with NaN where missing; or codes, the last of `labels` standing for what is missing.
    """

    name: Name
    categorical: bool
    values: NDArray[Any]
    labels: tuple[str, ...] = ()

    def at(self, rows: NDArray[Any]) -> View:
        """Some of its rows."""
        return self._replace(values=self.values[rows])


def views(real: Table, synthetic: Table, others: str = "synthetic") -> tuple[list[View], list[View]]:
    """The columns of both; ValueError if they have not the same."""
    first = {raw.name: raw for raw in real.columns}
    second = {raw.name: raw for raw in synthetic.columns}
    if set(first) != set(second):
        lacking = ", ".join(repr(name) for name in first if name not in second)
        unknown = ", ".join(repr(name) for name in second if name not in first)
        raise ValueError(
            f"{others} must have the columns of real: lacks [{lacking}], has besides [{unknown}]"
        )
    pairs = [pair(first[name], second[name]) for name in first]
    return [one for one, _ in pairs], [other for _, other in pairs]


def pair(real: Raw, synthetic: Raw) -> tuple[View, View]:
    """A column of both tables; the real one says whether it holds categories."""
    if not is_categorical(real) and synthetic.family != "values":
        one, other = (
            np.where(raw.missing, np.nan, raw.values.astype(np.float64)) for raw in (real, synthetic)
        )
        return View(real.name, False, one), View(real.name, False, other)
    seen = {*real.present.tolist(), *synthetic.present.tolist()}
    codes = {item: code for code, item in enumerate(sorted(seen, key=lambda v: (isinstance(v, str), v)))}
    labels = (*map(str, codes), "missing")
    made = []
    for raw in (real, synthetic):
        values = np.array([codes.get(item, -1) for item in raw.values.tolist()], np.int64)
        values[raw.missing] = len(codes)
        made.append(View(real.name, True, values, labels))
    return made[0], made[1]


def label_pair(real: Any, synthetic: Any) -> tuple[View, View]:
    """Labels given beside the tables."""
    return pair(read_values(real, "y")[1], read_values(synthetic, "y_synthetic")[1])


def features(reference: list[View], shown: list[View]) -> Array:
    """Rows (n, features) of a table: numbers standardised as in the reference, categories one-hot.

    One-hot entries are 1/√2, so that two categories are 1 apart, as two numbers one deviation apart are.
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
        parts += [np.clip(scaled, -FARTHEST, FARTHEST)[:, None], missing[:, None] * np.sqrt(0.5)]
    return np.hstack(parts)


def keys(shown: list[View]) -> NDArray[Any]:
    """A row's values as bytes: equal for equal rows only."""
    values = np.stack([view.values.astype(np.float64) + 0.0 for view in shown], axis=1)  # no -0
    values[np.isnan(values)] = np.nan
    return np.ascontiguousarray(values).view(np.dtype((np.void, 8 * values.shape[1])))[:, 0]
