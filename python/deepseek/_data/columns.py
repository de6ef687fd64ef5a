"""Values that are no real numbers: where they are and what they are, for error messages.

Frames of pandas, polars and pyarrow are read through their attributes; none of these libraries is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

KINDS = {
    "c": "complex numbers",
    "O": "objects",
    "U": "text",
    "S": "text",
    "T": "text",
    "M": "dates",
    "m": "times",
}
"""Descriptions of NumPy's kinds of dtypes that hold no real numbers."""

_FRAME_KINDS = (
    ("dates", ("datetime", "date", "timestamp")),
    ("times", ("timedelta", "duration", "time")),
    ("periods", ("period", "interval")),
)
"""Descriptions of the dtypes of frames by the beginning of their names in lower case; the first match counts."""


def describe(value: Any, array: Array) -> str:
    """Return what a value holds instead of real numbers, with the column and row where these are known.

    Parameters
    ----------
    value : array-like
        Value that the user passed.
    array : ndarray
        The value as an array; its dtype is not real.
    """
    found = _in_frame(value, strict=True)
    if found is None and array.dtype.kind == "O":
        found = _first_cell(array, None, strict=True)
        found = found and f"{found} (dtype {array.dtype})"
    kind = KINDS.get(array.dtype.kind, f"values of type {array.dtype}")
    return found or f"{kind} (dtype {array.dtype})"


def expected(name: str) -> str:
    """Return the end of an error message about values of an argument that are no real numbers."""
    is_inputs = name.partition("[")[0].endswith("X")
    hint = " (encode text, categories and dates first, or use deepseek.TabularNet)" if is_inputs else ""
    return f"expected real numbers{hint}"


def check_convertible(value: Any, name: str) -> None:
    """Raise an error unless `float` converts every value; dates, times and periods count as not convertible.

    scikit-learn converts dates to whole numbers silently. Missing values are left to the caller.

    Parameters
    ----------
    value : array-like
        Array, list, Series or frame.
    name : str
        Name of the argument in error messages.

    Raises
    ------
    TypeError
        For dates, times, periods, and objects that are no numbers; the message names column and row.
    ValueError
        For text that is no number.
    """
    if type(value) is np.ndarray and value.dtype.kind in "fiubc":
        return
    found = _in_frame(value, strict=False)
    if found is None and not (is_frame(value) or hasattr(value, "tocsr")):
        try:
            array = np.asarray(value)
        except ValueError:  # rows of unequal lengths, which the caller refuses
            return
        if array.dtype.kind in "Mm":
            found = f"{KINDS[array.dtype.kind]} (dtype {array.dtype})"
        elif array.dtype.kind in "OUS":
            found = _first_cell(array, None, strict=False)
    if found is not None:
        is_text = found.startswith(("'", '"', "b'", 'b"'))
        raise (ValueError if is_text else TypeError)(f"{name}: got {found}; {expected(name)}")


def check_dates(frame: Any, name: str) -> None:
    """Raise TypeError for dates, times or periods in a frame; some libraries convert them to numbers silently."""
    for column, dtype, _ in _columns(frame):
        if (found := _dates_in(column, dtype)) is not None:
            raise TypeError(f"{name}: got {found}; {expected(name)}")


def is_frame(value: Any) -> bool:
    """Whether a value is a table with named columns of their own dtypes."""
    return (
        hasattr(value, "schema")
        if hasattr(value, "column_names")
        else hasattr(value, "dtypes") and hasattr(value, "columns")
    )


_TEXT_OR_OBJECTS = (
    "object", "str", "utf8", "large_", "categor", "enum", "dictionary", "list", "array", "struct", "binary", "decimal",
)  # fmt: skip
"""Beginnings of the names of the dtypes of frames whose values have to be looked at."""

_NUMPY_DATES = (np.datetime64, np.timedelta64)  # NumPy converts objects of these types to numbers
_NUMBERS = (Real, Decimal, np.bool_)


def _columns(frame: Any) -> Iterator[tuple[Any, str, Callable[[], Any]]]:
    """Yield name, name of the dtype, and a function that returns the values, of each column of a frame."""
    arrow = hasattr(frame, "column_names")
    names, dtypes = (frame.column_names, frame.schema.types) if arrow else (frame.columns, frame.dtypes)

    def values(i: int) -> Any:
        return frame.column(i) if arrow else getattr(frame, "iloc", frame)[:, i]

    for i, (name, dtype) in enumerate(zip(names, dtypes, strict=True)):
        yield name, str(dtype), partial(values, i)


def _dates_in(column: Any, dtype: str) -> str | None:
    kind = next((kind for kind, names in _FRAME_KINDS if dtype.lower().startswith(names)), None)
    return None if kind is None else f"{kind} in column {column!r} (dtype {dtype})"


def _in_frame(value: Any, *, strict: bool) -> str | None:
    """Return a description of the first column of a frame that holds no numbers; None for other values.

    With `strict` a column of numbers as objects counts too, if every other column holds numbers.
    """
    objects = None
    for column, dtype, values in _columns(value) if is_frame(value) else ():
        found = _dates_in(column, dtype)
        if found is None and dtype.lower().startswith(_TEXT_OR_OBJECTS):
            cells = np.asarray(values())
            found = (
                _first_cell(cells, f"column {column!r}", strict=strict)
                if cells.ndim == 1
                else f"several values per row in column {column!r} (dtype {dtype})"
            )
            objects = objects or f"objects in column {column!r} (dtype {dtype})"
        if found is not None:
            return found
    return objects if strict else None


def _first_cell(array: Array, column: str | None, *, strict: bool) -> str | None:
    """Return a description of the first value that is no number; None if there is none.

    With `strict` text and missing values are no numbers either.
    """
    if array.dtype.kind in "fiub" or _all_numbers(array, strict):
        return None
    for position, cell in np.ndenumerate(array):
        item = cell.item() if isinstance(cell, (np.str_, np.bytes_)) else cell
        problem = _problem(item, strict)
        if problem is not None:
            where = [f"row {position[0]}"] if position else []
            where += [column] if column else [f"column {position[1]}"] if len(position) == 2 else []
            return " in ".join([_short(item), ", ".join(where)] if where else [_short(item)]) + problem
    return None


def _all_numbers(array: Array, strict: bool) -> bool:
    """Return whether a quick look at the types of all values shows that they are numbers."""
    types = set(map(type, array.ravel().tolist()))
    if any(issubclass(kind, _NUMPY_DATES) for kind in types):
        return False
    if strict:
        return all(issubclass(kind, _NUMBERS) for kind in types)
    try:
        array.astype(np.float64)
    except (TypeError, ValueError):
        return False
    return True


def _problem(item: Any, strict: bool) -> str | None:
    """Return None for a number, otherwise the reason why it is none, possibly empty."""
    if isinstance(item, _NUMPY_DATES):
        return ""
    if isinstance(item, _NUMBERS):
        return None
    if strict:
        return ""
    if item is None or type(item).__name__ in ("NAType", "NaTType"):
        return None
    try:
        float(item)
    except (TypeError, ValueError) as error:
        return f" ({error})"
    return None


def _short(item: Any) -> str:
    """Return a value for a message, in at most 60 characters."""
    text = repr(item)
    return text if len(text) <= 60 else text[:57] + "..."
