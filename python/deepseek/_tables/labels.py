"""Labels of any kind as the classes 0 … C-1, and back as they came."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .categories import Categories
from .columns import column_from_config
from .frames import build_values, check_stored, read_values
from .raw import Config, Raw


class LabelColumn:
    """Coding of labels: text, numbers, booleans or categories, of an array, a list or a frame's Series.

    Attributes
    ----------
    classes : list
        The label of each class, ascending (declared categories: in their order).
    name : str
        What messages call it.
    """

    def __init__(self, name: str = "y") -> None:
        self.name = name

    def fit(self, y: Any) -> LabelColumn:
        """Learn the classes; ValueError if a label is missing."""
        self._library, raw = read_values(y, self.name)
        return self._learn(raw)

    def fit_raw(self, raw: Raw, library: str) -> LabelColumn:
        """Learn the classes of a table's column, already read."""
        self._library = library
        return self._learn(raw)

    def _learn(self, raw: Raw) -> LabelColumn:
        if raw.missing.any():
            raise ValueError(f"{self.name} has no label in row {int(np.argmax(raw.missing))}")
        if not len(raw.values):
            raise ValueError(f"{self.name} has no labels")
        self._stored = raw.stored
        self._column = Categories.fit(raw, raw.stored.get("categories"))
        return self

    @property
    def classes(self) -> list[Any]:
        """The label of each class."""
        return [*self._column.categories]

    def transform(self, y: Any) -> NDArray[np.int64]:
        """Classes of labels; a single label counts as a list of one. ValueError for one that is unknown."""
        if isinstance(y, (str, bytes)) or np.ndim(y) == 0:
            y = [y]
        return self._column.codes(read_values(y, self.name)[1])

    def codes(self, raw: Raw) -> NDArray[np.int64]:
        """Classes of a table's column, already read."""
        return self._column.codes(raw)

    def inverse(self, codes: Any) -> Any:
        """Labels of classes, in an array or Series of the dtype that came."""
        return build_values(self._library, *self.raw_values(codes), self._stored)

    def raw_values(self, codes: Any) -> tuple[Any, Any]:
        """(values, missing) of classes, for a table's column."""
        codes = np.asarray(codes)
        count = len(self._column.categories)
        if (
            codes.ndim != 1
            or codes.dtype.kind not in "iu"
            or (codes.size and not 0 <= codes.min() <= codes.max() < count)
        ):
            raise ValueError(f"codes must be whole numbers from 0 to {count - 1}, one for each row")
        return self._column.values(codes)

    def to_config(self) -> Config:
        """Plain dictionary."""
        return {
            "name": self.name,
            "library": self._library,
            "stored": self._stored,
            "column": self._column.to_config(),
        }

    @staticmethod
    def from_config(config: Any) -> LabelColumn:
        """The coding that `to_config` wrote; ValueError for anything else."""
        if not isinstance(config, dict) or set(config) != {"name", "library", "stored", "column"}:
            raise ValueError("labels must be a dictionary of name, library, stored and column")
        if config["library"] not in ("array", "pandas", "polars"):
            raise ValueError(f"labels' library must be array, pandas or polars, got {config['library']!r}")
        made = LabelColumn(str(config["name"]))
        made._library = config["library"]
        made._stored = check_stored(made._library, config["stored"])
        column = column_from_config(config["column"])
        if not isinstance(column, Categories) or column.optional or not column.categories:
            raise ValueError("labels must be categories of which none is missing")
        made._column = column
        return made
