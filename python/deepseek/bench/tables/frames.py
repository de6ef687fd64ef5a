"""Reading a table's file as a pandas frame, and the preprocessing that several peers share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .registry import Table


def read(table: Table, path: str) -> tuple[Any, NDArray[Any]]:
    """Read a file.

    Parameters
    ----------
    table : Table
        Table of the registry.
    path : str
        Path of its file.

    Returns
    -------
    frame : pandas.DataFrame
        Rows with a target; the columns that are not left out, the target included.
    target : ndarray of shape (rows,)
        Target: float64, or labels as int64 or str.
    """
    frame = _parse(table, path).drop(columns=list(table.left_out))
    frame = frame[frame[table.target].notna()].reset_index(drop=True)
    column = frame[table.target].to_numpy()
    if table.task == "number":
        return frame, column.astype(np.float64)
    return frame, column.astype(np.int64 if column.dtype.kind in "iub" else np.str_)


def _parse(table: Table, path: str) -> Any:
    pandas: Any = import_module("pandas")
    match table.form:
        case "csv":
            return pandas.read_csv(path, na_values=list(table.missing), skipinitialspace=True)
        case "json":
            return pandas.DataFrame(json.loads(Path(path).read_text(encoding="utf-8")))
        case "counted csv":
            with open(path, encoding="utf-8") as file:
                names = file.readline().strip().split(",")[2:]
            frame = pandas.read_csv(path, skiprows=1, header=None)
            frame.columns = _names(frame.shape[1] - 1)
            frame["target"] = np.array(names)[frame["target"].to_numpy()]
            return frame
        case "bare csv":
            frame = pandas.read_csv(path, header=None)
            frame.columns = _names(frame.shape[1] - 1)
            frame["target"] = frame["target"].astype(np.int64)
            return frame
        case "two files":
            frame = pandas.read_csv(path, header=None, sep=r"\s+")
            frame["target"] = pandas.read_csv(path.replace("_data_raw", "_target"), header=None)[0]
            frame.columns = _names(frame.shape[1] - 1)
            return frame


def _names(columns: int) -> list[str]:
    return [*(f"x{number}" for number in range(1, columns + 1)), "target"]


def expand_dates(frame: Any, dates: Sequence[str]) -> Any:
    """Return a frame with year, month, day of the year and day of the week in place of each date."""
    pandas: Any = import_module("pandas")
    for name in dates:
        date = pandas.to_datetime(frame[name])
        parts = ("year", "month", "day_of_year", "day_of_week")
        frame = frame.drop(columns=name).assign(
            **{f"{name} {part}": getattr(date.dt, part) for part in parts}
        )
    return frame


class Categories:
    """Text columns as pandas categories that are those of the training rows; a new value is a missing one.

    Columns get plain names (``x0``, ``x1``, …), because LightGBM and XGBoost refuse some characters.

    Parameters
    ----------
    most : int, optional
        Largest number of categories. A column with more becomes numbers in the order of the categories.
        None allows any.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._known: dict[str, Any] = {}
        self.names: list[str] = []
        """Columns of categories, under their plain names."""

    def fit_transform(self, frame: Any) -> Any:
        """Learn the categories of the training rows and return these rows."""
        pandas: Any = import_module("pandas")
        self._known = {name: pandas.Categorical(frame[name]).categories for name in text_columns(frame)}
        result = self.transform(frame)
        self.names = [
            name for name in result.columns if isinstance(result[name].dtype, pandas.CategoricalDtype)
        ]
        return result

    def transform(self, frame: Any) -> Any:
        """Return rows with the categories of the training rows."""
        pandas: Any = import_module("pandas")
        columns = {}
        for number, name in enumerate(frame.columns):
            column = frame[name]
            if name in self._known:
                known = self._known[name]
                column = column.where(column.isin(known)).astype(pandas.CategoricalDtype(known))
                if self._most is not None and len(self._known[name]) > self._most:
                    column = column.cat.codes.replace(-1, np.nan).astype(np.float64)
            columns[f"x{number}"] = column
        return pandas.DataFrame(columns, index=frame.index)


def text_columns(frame: Any) -> list[str]:
    """Return the names of the columns that hold text."""
    pandas: Any = import_module("pandas")
    return [name for name in frame.columns if not pandas.api.types.is_numeric_dtype(frame[name].dtype)]
