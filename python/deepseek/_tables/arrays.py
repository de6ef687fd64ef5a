"""Columns of a table of any library as NumPy arrays by name, for the encoders of features and targets.

Unlike `frames`, which restores the very same table for a generator, this module only reads: any dtype is accepted,
and what a value means is found by its content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .cells import Array, quoted
from .coded_texts import take_rows
from .containers import open_table
from .series import read_series


class Columns(dict[str, Array]):
    """Columns of a table by name, each an array of shape (rows,), and what is known about their origin.

    Attributes
    ----------
    declared : dict of str to str
        Kinds that the table itself declares, such as "category" for a categorical column of pandas.
    decimal : {".", ","} or None
        Decimal mark of the file; None if unknown.
    source : str
        Path of the file, or "" for a table in memory.
    notes : list of str
        Sentences about the reading that a user should see, such as a guessed encoding.
    """

    def __init__(self, columns: Mapping[str, Array] | Iterable[tuple[str, Array]] = ()) -> None:
        super().__init__(columns)
        self.declared: dict[str, str] = {}
        self.decimal: str | None = None
        self.source = ""
        self.notes: list[str] = []

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.values()))) if self else 0

    def take(self, rows: Any) -> Columns:
        """Return the table of some rows: an array of numbers or a mask."""
        return self._like({name: take_rows(array, rows) for name, array in self.items()})

    def without(self, *names: str) -> Columns:
        """Return the table without some columns."""
        return self._like({name: array for name, array in self.items() if name not in names})

    def _like(self, columns: Mapping[str, Array]) -> Columns:
        result = Columns(columns)
        result.declared, result.decimal = self.declared, self.decimal
        result.source, result.notes = self.source, self.notes
        return result


def columns_of(data: Any, names: Sequence[str] | None = None, argument: str = "X") -> Columns:
    """Return the columns of a table.

    Parameters
    ----------
    data : frame, dictionary, array or list of rows
        Frame of pandas or polars, table of pyarrow, dictionary of columns, structured array, array of shape
        (rows, columns), or list of rows or of dictionaries.
    names : sequence of str, optional
        Names of the columns of a plain array. Default: x0, x1, ….
    argument : str, default="X"
        Name of the argument in error messages.

    Returns
    -------
    Columns
        Arrays of shape (rows,) by name. Numbers keep their dtype, with NaN where missing; text and mixed values
        are objects, with None where missing; dates are datetime64.

    Raises
    ------
    TypeError
        If `data` is no table, or a column holds complex numbers or records.
    ValueError
        If there are no rows or columns, two columns of one name, or columns of different lengths.
    """
    if isinstance(data, Columns):
        return data
    kind, columns = open_table(data, argument)
    if kind != "array":  # it has names
        labels = [str(key) for key, _ in columns]
    else:
        labels = [f"x{i}" for i in range(len(columns))] if names is None else list(names)
    if len(labels) != len(columns):
        raise ValueError(f"{argument}: got {len(columns)} columns; expected {len(labels)}, one per name")
    result = Columns()
    for (key, values), name in zip(columns, labels, strict=True):
        if name in result:
            raise ValueError(f"{argument}: got two columns {quoted(name)}; expected different names")
        array, is_category = read_series(values)
        if array.ndim != 1:
            raise ValueError(f"{argument}[{key!r}]: got shape {array.shape}; expected one dimension")
        if array.dtype.kind in "cV":
            raise TypeError(
                f"{argument}: got dtype {array.dtype} in column {quoted(name)}; expected numbers, dates or text"
            )
        result[name] = array
        if is_category:
            result.declared[name] = "category"
    return result
