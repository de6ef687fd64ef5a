"""TableTransformer: rows of any table as rows of numbers that a generator can learn, and back.

What a single column becomes is the business of `columns`; how tables are read and built, of `frames`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._sampling import uniform
from .._settings import as_seed
from . import frames
from .categories import Categories
from .columns import column_from_config, is_categorical
from .frames import Table
from .labels import LabelColumn
from .numbers import Numbers
from .raw import Config, Name, Raw, called

Array = NDArray[np.float64]

_STREAM = 10  # of Philox; the layer is the column


class TableTransformer:
    """Coding of a table's rows.

    A column of numbers becomes its place in a mode of a mixture and that mode, one-hot; a column of categories becomes
    one-hot. Missing values, ranges, decimal places, dtypes, categories and the kind of table are restored. Dates are
    numbers of their unit.

    Parameters
    ----------
    categorical : iterable of column names, optional
        Columns of numbers that are categories. Default: those with at most ten different values, each of which occurs
        five times on average. Text and booleans always are.
    integer : iterable of column names, optional
        Columns of floats that hold whole numbers; refused if they do not. They are never taken for categories by
        themselves. Columns of whole numbers stay whole in any case.

    Attributes
    ----------
    blocks : list of dict
        Output blocks of a generator, in order: activation, units, alpha, temperature, hard.
    width : int
        Columns of encoded rows.
    names : list
        Names (frames) or numbers (arrays) of the columns, without the labels'.
    labels : LabelColumn or None
        Coding of the column that `fit` was told to leave out of the rows.
    """

    def __init__(
        self, *, categorical: Iterable[Name] | None = None, integer: Iterable[Name] | None = None
    ) -> None:
        self.categorical = None if categorical is None else _listed("categorical", categorical)
        self.integer = None if integer is None else _listed("integer", integer)
        self.labels: LabelColumn | None = None
        self._columns: list[Categories | Numbers] = []

    def fit(self, X: Any, y: Name | None = None) -> TableTransformer:
        """Learn a table's columns.

        Parameters
        ----------
        X : array, list of rows, structured array, dictionary of columns, or frame of pandas or polars
        y : str or int, optional
            The column that holds labels: it is no part of the encoded rows.

        Returns
        -------
        TableTransformer
            This one.

        Raises
        ------
        TypeError, ValueError
            For a table or a column that cannot be learned, named; nothing is changed.
        """
        table = frames.read(X)
        names = [raw.name for raw in table.columns]
        for argument, listed in (
            ("y", [] if y is None else [y]),
            ("categorical", self.categorical),
            ("integer", self.integer),
        ):
            for name in listed or []:
                if name not in names:
                    raise ValueError(
                        f"{argument} names {called(name)}, which X has not; its columns are {_some(names)}"
                    )
        both = set(self.categorical or []) & set(self.integer or [])
        if both:
            raise ValueError(f"{called(both.pop())} is named as categorical and as integer")
        kept = [raw for raw in table.columns if raw.name != y or y is None]
        columns = [self._learned(raw) for raw in kept]
        if not any(column.blocks for column in columns):
            raise ValueError("every column of X is constant: there is nothing to learn")
        labels = None
        if y is not None:
            raw = table.columns[names.index(y)]
            library = table.container["kind"]
            labels = LabelColumn(called(y)).fit_raw(
                raw, library if library in ("pandas", "polars") else "array"
            )
        self._container, self._columns, self.labels = table.container, columns, labels
        self._stored = [raw.stored for raw in table.columns]
        self._names, self._label = names, None if y is None else names.index(y)
        return self

    def _learned(self, raw: Raw) -> Categories | Numbers:
        integer = raw.name in (self.integer or [])
        if integer and raw.family == "values" and len(raw.present):
            raise TypeError(f"{called(raw.name)} is said to be integer, but holds text or booleans")
        named = raw.name in (self.categorical or [])
        itself = not integer and self.categorical is None and is_categorical(raw)
        if named or itself or raw.family == "values" or len(np.unique(raw.present)) <= 1:
            return Categories.fit(raw, raw.stored.get("categories"))
        return Numbers.fit(raw, integer)

    @property
    def names(self) -> list[Name]:
        """Names of the columns, without the labels'."""
        return [name for place, name in enumerate(self._names) if place != self._label]

    @property
    def blocks(self) -> list[Config]:
        """Output blocks of a generator."""
        return [block for column in self._columns for block in column.blocks]

    @property
    def width(self) -> int:
        """Columns of encoded rows."""
        return sum(block["units"] for block in self.blocks)

    def transform(self, X: Any, seed: int = 0) -> Array:
        """Encode rows.

        Parameters
        ----------
        X : table like that of `fit`
            Columns of frames and dictionaries are found by name, in any order; the labels' may be left out.
        seed : int, default=0
            Of the choice between modes that a value may belong to. Row i's draws do not depend on other rows.

        Returns
        -------
        ndarray of float64, shape (rows, width)

        Raises
        ------
        TypeError, ValueError
            For columns or values that `fit` did not see, named.
        """
        seed = as_seed(seed)
        table = self._read(X)
        rows = np.empty((table.rows, self.width))
        start = 0
        for place, column in enumerate(self._columns):
            raw = table.columns[place]
            part = column.encode(raw, lambda: uniform(seed, 0, table.rows, stream=_STREAM, layer=place))  # noqa: B023
            rows[:, start : start + part.shape[1]] = part
            start += part.shape[1]
        return rows

    def codes(self, X: Any) -> NDArray[np.int64]:
        """Classes 0 … C-1 of a table's column of labels; ValueError if there is none or a label is unknown."""
        if self.labels is None or self._label is None:
            raise ValueError("the transformer was fitted without a column of labels")
        name = self._names[self._label]
        for raw in self._ordered(frames.read(X)):
            if raw.name == name:
                return self.labels.codes(raw)
        raise ValueError(f"X lacks the {called(name)}, which holds the labels")

    def inverse(self, rows: Any, codes: Any = None) -> Any:
        """Decode rows.

        Parameters
        ----------
        rows : array-like of shape (rows, width)
            The largest entry of a one-hot block counts.
        codes : array-like of int, shape (rows,), optional
            Classes of the column of labels, which is left out without them.

        Returns
        -------
        array, structured array, dictionary or frame
            As `fit` saw it: columns in its order, of its dtypes. A frame has a new index.
        """
        rows = np.asarray(rows, np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise ValueError(f"rows must have the shape (rows, {self.width}), got {rows.shape}")
        if not np.isfinite(rows).all():
            raise ValueError("rows have a value that is not finite")
        decoded = []
        start = 0
        for column in self._columns:
            units = sum(block["units"] for block in column.blocks)
            decoded.append(column.decode(rows[:, start : start + units]))
            start += units
        places = [place for place in range(len(self._names)) if place != self._label]
        if codes is not None:
            if self.labels is None or self._label is None:
                raise ValueError(
                    "codes were given, but the transformer was fitted without a column of labels"
                )
            if len(codes) != len(rows):
                raise ValueError(f"codes must be as many as rows: {len(rows)}, got {len(codes)}")
            decoded.insert(self._label, self.labels.raw_values(codes))
            places = list(range(len(self._names)))
        made = []
        for place, (values, missing) in zip(places, decoded, strict=True):
            made.append((Raw(self._names[place], values, missing, self._stored[place]), values, missing))
        return frames.build(self._container, made)

    def _read(self, X: Any) -> Table:
        """The table's columns in the order of the fit, without the labels'."""
        if not self._columns:
            raise ValueError("the transformer has not been fitted")
        table = frames.read(X)
        ordered = self._ordered(table)
        label = None if self._label is None else self._names[self._label]
        kept = [raw for raw in ordered if label is None or raw.name != label]
        if len(kept) != len(self.names):
            raise ValueError(f"X must have {len(self.names)} columns as at fit, got {len(kept)}")
        return Table(table.container, kept)

    def _ordered(self, table: Table) -> list[Raw]:
        by_number = self._container["kind"] == "array"
        if by_number != (table.container["kind"] == "array"):
            was, now = ("an array", "named columns") if by_number else ("named columns", "an array")
            raise ValueError(f"the transformer was fitted on {was}, but X has {now}")
        if by_number:
            count = len(table.columns)
            if self._label is not None and count == len(self._names) - 1:
                return [
                    Raw(name, raw.values, raw.missing, raw.stored)
                    for name, raw in zip(self.names, table.columns, strict=True)
                ]
            if count != len(self._names):
                raise ValueError(f"X must have {len(self._names)} columns as at fit, got {count}")
            return table.columns
        found = {raw.name: raw for raw in table.columns}
        lacking = [name for name in self.names if name not in found]
        unknown = [name for name in found if name not in self._names]
        if lacking or unknown:
            what = f"lacks {_some(lacking)}" if lacking else f"has {_some(unknown)}, unknown at fit"
            raise ValueError(f"X {what}; the columns at fit were {_some(self._names)}")
        return [found[name] for name in self._names if name in found]

    def __repr__(self) -> str:
        if not self._columns:
            return "TableTransformer(not fitted)"
        return f"TableTransformer({len(self._columns)} columns as {self.width} numbers)"

    def to_config(self) -> Config:
        """Plain dictionary, from which `from_config` makes the same transformer."""
        return {
            "container": self._container,
            "names": [*self._names],
            "stored": [*self._stored],
            "columns": [column.to_config() for column in self._columns],
            "label": self._label,
            "labels": None if self.labels is None else self.labels.to_config(),
            "categorical": self.categorical,
            "integer": self.integer,
        }

    @staticmethod
    def from_config(config: Any) -> TableTransformer:
        """The transformer that `to_config` wrote; ValueError for anything else."""
        keys = {"container", "names", "stored", "columns", "label", "labels", "categorical", "integer"}
        if not isinstance(config, dict) or set(config) != keys:
            raise ValueError(f"a table transformer must be a dictionary of {', '.join(sorted(keys))}")
        if not all(isinstance(config[key], list) for key in ("names", "stored", "columns")):
            raise ValueError("names, stored and columns of a table transformer must be lists")
        if not all(
            config[key] is None or isinstance(config[key], list) for key in ("categorical", "integer")
        ):
            raise ValueError("categorical and integer of a table transformer must be lists or None")
        made = TableTransformer(categorical=config["categorical"], integer=config["integer"])
        made._container = frames.check_container(config["container"])
        made._names = frames.check_names(config["names"], "the table transformer")
        made._stored = [frames.check_stored(made._container["kind"], stored) for stored in config["stored"]]
        made._columns = [column_from_config(column) for column in config["columns"]]
        made._label, count = config["label"], len(made._names)
        if made._label is not None and (type(made._label) is not int or not 0 <= made._label < count):
            raise ValueError(f"label must be the number of one of {count} columns, got {made._label!r}")
        if (made._label is None) != (config["labels"] is None):
            raise ValueError("a table transformer's label and labels go together")
        if len(made._stored) != count or len(made._columns) != count - (made._label is not None):
            raise ValueError("a table transformer's names, stored and columns differ in number")
        made.labels = None if config["labels"] is None else LabelColumn.from_config(config["labels"])
        if not made.blocks:
            raise ValueError("a table transformer needs a column that is not constant")
        return made


def _listed(argument: str, names: Iterable[Name]) -> list[Name]:
    if isinstance(names, (str, bytes)):
        raise TypeError(f"{argument} must be a list of column names, got {names!r}")
    listed = [item.item() if isinstance(item, np.generic) else item for item in names]
    for item in listed:
        if not isinstance(item, (str, int)) or isinstance(item, bool):
            raise TypeError(f"{argument} must hold column names, got {item!r}")
    return listed


def _some(names: Iterable[Any]) -> str:
    listed = [repr(name) for name in names]
    return ", ".join(listed[:10]) + (", …" if len(listed) > 10 else "")
