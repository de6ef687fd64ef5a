"""Columns of pandas; reading needs only the Series, and the caller passes the module for writing."""

from __future__ import annotations

from typing import Any

import numpy as np

from .raw import Array, Config, Name, RawColumn, column_label, from_numpy, from_objects, to_numpy


def read(series: Any, name: Name) -> RawColumn:
    """Read a Series as a column; raise TypeError for a dtype that cannot be restored."""
    if not hasattr(series, "iloc"):  # an index
        series = series.to_series()
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return from_numpy(series.to_numpy(), name)
    stored: Config = {"pandas": str(dtype)}
    kind = getattr(dtype, "kind", "O")
    missing = series.isna().to_numpy(bool)
    if hasattr(dtype, "categories"):
        stored["categories"] = _plain(dtype.categories.tolist(), name)
        stored["ordered"] = bool(dtype.ordered)
        return _with_storage(from_objects(series.astype(object).to_numpy(), name, stored), stored)
    if hasattr(dtype, "tz"):
        naive = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        stored["unit"], stored["zone"] = np.datetime_data(naive.dtype)[0], str(dtype.tz)
        return RawColumn(name, naive.view(np.int64), missing, stored)
    if kind in "iu":
        return _with_storage(
            from_numpy(series.to_numpy("uint64" if kind == "u" else "int64", na_value=0), name),
            stored,
            missing,
        )
    if kind == "f":
        return _with_storage(from_numpy(series.to_numpy("float64", na_value=np.nan), name), stored)
    if kind == "b" or stored["pandas"].startswith("str"):
        return _with_storage(from_objects(series.astype(object).to_numpy(), name, stored), stored)
    raise TypeError(
        f"{column_label(name)}: got dtype {dtype}; expected numbers, text, booleans, categories or dates "
        "(series.astype(object) may help)"
    )


def write(pandas: Any, values: Array, missing: Array, stored: Config) -> Any:
    """Return a Series of the dtype that `read` saw."""
    if "dtype" in stored:
        array = to_numpy(values, missing, stored)
        return pandas.Series(array, dtype=array.dtype)
    if "zone" in stored:
        naive = to_numpy(values, missing, {"dtype": f"M8[{stored['unit']}]"})
        return pandas.Series(naive).dt.tz_localize("UTC").dt.tz_convert(stored["zone"])
    objects = values.astype(object)
    objects[missing] = None
    if "categories" in stored:
        codes = np.full(len(objects), -1, np.int64)
        codes[~missing] = pandas.Index(stored["categories"]).get_indexer(objects[~missing])
        return pandas.Series(
            pandas.Categorical.from_codes(codes, stored["categories"], ordered=stored["ordered"])
        )
    return pandas.Series(objects, dtype=stored["pandas"])


def frame(pandas: Any, columns: dict[Name, Any]) -> Any:
    """Return a DataFrame of these columns."""
    return pandas.DataFrame(columns)


def _plain(categories: list[Any], name: Name) -> list[Any]:
    for item in categories:
        if not isinstance(item, (str, int, float)):
            raise TypeError(
                f"{column_label(name)}: got the category {item!r}; expected text, numbers or booleans"
            )
    return categories


def _with_storage(raw: RawColumn, stored: Config, missing: Array | None = None) -> RawColumn:
    return RawColumn(raw.name, raw.values, raw.missing if missing is None else missing, stored)
