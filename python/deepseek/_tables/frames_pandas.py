"""Columns of pandas, by what a Series offers; pandas itself is handed in where one is made."""

from __future__ import annotations

from typing import Any

import numpy as np

from .raw import Array, Config, Name, Raw, called, from_numpy, from_objects, to_numpy


def read(series: Any, name: Name) -> Raw:
    """A Series as a column; TypeError for a dtype that cannot be given back."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return from_numpy(series.to_numpy(), name)
    stored: Config = {"pandas": str(dtype)}
    kind = getattr(dtype, "kind", "O")
    missing = series.isna().to_numpy(bool)
    if hasattr(dtype, "categories"):
        stored["categories"] = _plain(dtype.categories.tolist(), name)
        stored["ordered"] = bool(dtype.ordered)
        return _renewed(from_objects(series.astype(object).to_numpy(), name, stored), stored)
    if hasattr(dtype, "tz"):
        naive = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        stored["unit"], stored["zone"] = np.datetime_data(naive.dtype)[0], str(dtype.tz)
        return Raw(name, naive.view(np.int64), missing, stored)
    if kind in "iu":
        return _renewed(
            from_numpy(series.to_numpy("uint64" if kind == "u" else "int64", na_value=0), name),
            stored,
            missing,
        )
    if kind == "f":
        return _renewed(from_numpy(series.to_numpy("float64", na_value=np.nan), name), stored)
    if kind == "b" or stored["pandas"].startswith("str"):
        return _renewed(from_objects(series.astype(object).to_numpy(), name, stored), stored)
    raise TypeError(
        f"{called(name)} has dtype {dtype}; expected numbers, text, booleans, categories or dates "
        "(another dtype: series.astype(object) may do)"
    )


def write(pandas: Any, values: Array, missing: Array, stored: Config) -> Any:
    """The Series of the dtype that `read` saw."""
    if "dtype" in stored:
        array = to_numpy(values, missing, stored)
        return pandas.Series(array, dtype=array.dtype)
    if "zone" in stored:
        naive = to_numpy(values, missing, {"dtype": f"M8[{stored['unit']}]"})
        return pandas.Series(naive).dt.tz_localize("UTC").dt.tz_convert(stored["zone"])
    objects = values.astype(object)
    objects[missing] = None
    if "categories" in stored:
        codes = pandas.Index(stored["categories"]).get_indexer(objects[~missing])
        places = np.full(len(objects), -1, np.int64)
        places[~missing] = codes
        return pandas.Series(
            pandas.Categorical.from_codes(places, stored["categories"], ordered=stored["ordered"])
        )
    return pandas.Series(objects, dtype=stored["pandas"])


def frame(pandas: Any, columns: dict[Name, Any]) -> Any:
    """The DataFrame."""
    return pandas.DataFrame(columns)


def _plain(categories: list[Any], name: Name) -> list[Any]:
    for item in categories:
        if not isinstance(item, (str, int, float)):
            raise TypeError(f"{called(name)} has the category {item!r}; expected text, numbers or booleans")
    return categories


def _renewed(raw: Raw, stored: Config, missing: Array | None = None) -> Raw:
    return Raw(raw.name, raw.values, raw.missing if missing is None else missing, stored)
