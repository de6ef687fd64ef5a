"""Columns of polars; reading needs only the Series, and the caller passes the module for writing."""

from __future__ import annotations

from typing import Any

import numpy as np

from .raw import Array, Config, Name, RawColumn, column_label, from_numpy, from_objects

_WHOLE = {"Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"}
_TIMES = {"Date", "Datetime", "Duration", "Time"}
_OTHERS = {"Float32", "Float64", "Boolean", "String", "Categorical", "Enum", "Null"}


def read(series: Any, name: Name) -> RawColumn:
    """Read a Series as a column; raise TypeError for a dtype that cannot be restored."""
    dtype = series.dtype
    kind = str(dtype).partition("(")[0]
    if kind not in _WHOLE | _TIMES | _OTHERS:
        raise TypeError(
            f"{column_label(name)}: got dtype {dtype}; expected numbers, text, booleans, categories or dates"
        )
    stored: Config = {"polars": kind}
    missing = series.is_null().to_numpy().astype(bool)
    if kind in _WHOLE | _TIMES:
        whole = from_numpy(series.to_physical().fill_null(0).to_numpy(), name)
        if kind in ("Datetime", "Duration"):
            stored["unit"] = dtype.time_unit
        if kind == "Datetime":
            stored["zone"] = dtype.time_zone
        return RawColumn(name, whole.values, missing, stored)
    if kind in ("Float32", "Float64"):
        real = from_numpy(series.fill_null(float("nan")).to_numpy(), name)
        stored["missing"] = "null" if missing.any() else "nan"
        return RawColumn(name, real.values, real.missing, stored)
    if kind == "Enum":
        stored["categories"] = dtype.categories.to_list()
    objects = np.empty(len(series), object)
    objects[:] = series.to_list()
    return RawColumn(name, from_objects(objects, name, stored).values, missing, stored)


def write(polars: Any, values: Array, missing: Array, stored: Config) -> Any:
    """Return a Series of the dtype that `read` saw."""
    kind = stored["polars"]
    known = _WHOLE | _TIMES | _OTHERS
    if kind not in known:
        raise ValueError(f"polars column type: got {kind!r}; expected one of {', '.join(sorted(known))}")
    dtype = getattr(polars, kind)
    if kind == "Datetime":
        dtype = dtype(stored["unit"], stored["zone"])
    elif kind == "Duration":
        dtype = dtype(stored["unit"])
    elif kind == "Enum":
        dtype = dtype(stored["categories"])
    marker = float("nan") if stored.get("missing") == "nan" and kind.startswith("Float") else None
    items = [marker if na else item for item, na in zip(values.tolist(), missing.tolist(), strict=True)]
    if kind in _TIMES:
        return (
            polars.Series(items, dtype=polars.Int64)
            .cast(polars.Int32 if kind == "Date" else polars.Int64)
            .cast(dtype)
        )
    return polars.Series(items, dtype=dtype)


def frame(polars: Any, columns: dict[Name, Any]) -> Any:
    """Return a DataFrame of these columns."""
    return polars.DataFrame(columns)
