"""Columns of a table as ONNX operators: the encoders of `deepseek._tables.column_encoders`, in float64.

A column of numbers is an input of float32 with NaN where missing. Booleans and categories are inputs of strings, with
"" where missing. A date is an input of int64: milliseconds since 1970, or -2**63 where missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from .._interop.onnx_graph import Graph
from .._tables.cells import MISSING, canonical_text
from .._tables.column_encoders import ColumnEncoder
from .._tables.dates import DAY, NO_DATE
from .._tables.encoders.categories import CategoryEncoder
from .._tables.encoders.dates import DateEncoder
from .._tables.encoders.numbers import TRUE_FALSE, BooleanEncoder, NumberEncoder

ML = "ai.onnx.ml"
"""Domain of the operators that encode strings."""

_DAY_WAVES = {"day sin": 0.0, "day cos": 0.25}  # shift of the phase
_LEAP_CYCLE = 146_097  # days in 400 years
_EPOCH = 719_468  # days from 0000-03-01 to 1970-01-01


@dataclass(frozen=True)
class EncodedColumn:
    """Tensors of an encoded column.

    Attributes
    ----------
    numbers : list of str
        Numeric inputs, each float32 of shape (batch, 1).
    codes : list of str
        One-hot codes without code 0, each float32 of shape (batch, size - 1).
    """

    numbers: list[str]
    codes: list[str]


def input_type(column: ColumnEncoder) -> int:
    """Return the ONNX element type of a column's input."""
    if isinstance(column, NumberEncoder):
        return int(TensorProto.FLOAT)
    return int(TensorProto.INT64 if isinstance(column, DateEncoder) else TensorProto.STRING)


def encode_column(g: Graph, column: ColumnEncoder) -> EncodedColumn:
    """Add the operators that encode the input of a column, which has the column's name."""
    if isinstance(column, NumberEncoder):
        return _number(g, column)
    if isinstance(column, BooleanEncoder):
        return _boolean(g, column)
    if isinstance(column, CategoryEncoder):
        codes = _labels(g, column.name, _category_codes(column))
        return EncodedColumn([], [_one_hot(g, codes, column.sizes[column.name])])
    assert isinstance(column, DateEncoder)
    return _date(g, column)


def _number(g: Graph, column: NumberEncoder) -> EncodedColumn:
    values = g.op("Cast", column.name, to=TensorProto.DOUBLE)
    missing = g.op("IsNaN", values)
    if not column.infinite:
        missing = g.op("Or", missing, g.op("IsInf", values))
    numbers = [_scaled(g, values, missing, column.centre, column.factor)] if column.factor > 0 else []
    return EncodedColumn(numbers + _indicator(g, missing, column.optional), [])


def _boolean(g: Graph, column: BooleanEncoder) -> EncodedColumn:
    signs = {}
    for pair in (*TRUE_FALSE, ("1", "0"), ("1.0", "0.0")):
        for sign, word in zip((1.0, -1.0), pair, strict=True):
            signs.update(dict.fromkeys((word, word.title(), word.upper()), sign))
    keys, values = list(signs), list(signs.values())
    found = g.op(
        "LabelEncoder", column.name, domain=ML, keys_strings=keys, values_floats=values, default_float=0.0
    )
    missing = g.op("Equal", found, np.zeros(1, np.float32))
    return EncodedColumn([found, *_indicator(g, missing, column.optional)], [])


def _category_codes(column: CategoryEncoder) -> dict[str, int]:
    """Return the code of each text; other texts have code 0."""
    gap = 1 + len(column.categories) if column.optional else 0
    codes = {}
    for word in sorted(MISSING):
        codes.update(dict.fromkeys((word, word.title(), word.upper(), "NaN", "<NA>"), gap))
    for code, text in enumerate(column.categories, start=1):
        canonical = canonical_text(text)
        codes.setdefault(f"{canonical}.0", code)
        codes[canonical] = code
    codes.update({text: code for code, text in enumerate(column.categories, start=1)})
    return codes


def _labels(g: Graph, name: str, codes: dict[str, int]) -> str:
    """Add the encoding of strings as int64."""
    keys, values = list(codes), list(codes.values())
    return g.op("LabelEncoder", name, domain=ML, keys_strings=keys, values_int64s=values, default_int64=0)


def _one_hot(g: Graph, codes: str, size: int) -> str:
    """Add the one-hot form of codes (batch, 1) without code 0."""
    equal = g.op("Equal", codes, np.arange(1, size, dtype=np.int64)[None, :])
    return g.op("Cast", equal, to=TensorProto.FLOAT)


def _date(g: Graph, column: DateEncoder) -> EncodedColumn:
    missing = g.op("Equal", column.name, np.array([NO_DATE], np.int64))
    valid = g.op("Where", missing, np.zeros(1, np.int64), column.name)
    times = g.op("Cast", valid, to=TensorProto.DOUBLE)
    exact = g.op("Div", times, _real(DAY))
    days = g.op("Floor", exact)
    numbers = [_scaled(g, exact, missing, column.centre, column.factor)] if column.factor > 0 else []
    parts: dict[str, str] = {}
    if {"year sin", "year cos", "day of month"} & set(column.parts):
        year, parts["day of month"] = _calendar(g, times, days)
        parts["year sin"], parts["year cos"] = _wave(g, year, 0.0), _wave(g, year, 0.25)
    day = g.op("Sub", exact, days)
    for part in column.parts:
        if part in _DAY_WAVES:
            parts[part] = _wave(g, day, _DAY_WAVES[part])
        value = g.op("Where", missing, _real(0.0), parts[part])
        numbers.append(g.op("Cast", value, to=TensorProto.FLOAT))
    codes = []
    if column.has_weekday:
        later = g.op("Add", days, _real(3.0))
        weekday = g.op("Sub", later, g.op("Mul", _floor_div(g, later, 7.0), _real(7.0)))
        code = g.op("Where", missing, _real(0.0), g.op("Add", weekday, _real(1.0)))
        codes = [_one_hot(g, g.op("Cast", code, to=TensorProto.INT64), 8)]
    return EncodedColumn(numbers + _indicator(g, missing, column.optional), codes)


def _calendar(g: Graph, times: str, days: str) -> tuple[str, str]:
    """Add the position within the year, 0 to 1, and the scaled day of the month.

    The year begins in March, so that the leap day is its last (Hinnant, "chrono-compatible low-level date algorithms").
    """
    z = g.op("Add", days, _real(_EPOCH))
    era = _floor_div(g, z, _LEAP_CYCLE)
    day = g.op("Sub", z, g.op("Mul", era, _real(_LEAP_CYCLE)))  # of the era, from 0
    leaps = g.op(
        "Sub",
        g.op("Add", g.op("Sub", day, _floor_div(g, day, 1460.0)), _floor_div(g, day, 36524.0)),
        _floor_div(g, day, 146096.0),
    )
    year = _floor_div(g, leaps, 365.0)  # of the era, from 0
    day = g.op("Sub", day, _days_before(g, year))  # of the year, from 0 on March 1
    month = _floor_div(g, g.op("Add", g.op("Mul", day, _real(5.0)), _real(2.0)), 153.0)  # from 0 for March
    before = _floor_div(g, g.op("Add", g.op("Mul", month, _real(153.0)), _real(2.0)), 5.0)
    month_day = g.op("Sub", g.op("Sub", day, before), _real(15.0))  # 1 becomes -15
    early = g.op("Cast", g.op("GreaterOrEqual", month, _real(10.0)), to=TensorProto.DOUBLE)
    civil = g.op("Add", g.op("Add", year, g.op("Mul", era, _real(400.0))), early)
    first, following = (_new_year(g, g.op("Add", civil, _real(shift))) for shift in (0.0, 1.0))
    length = g.op("Mul", g.op("Sub", following, first), _real(DAY))
    passed = g.op("Sub", times, g.op("Mul", first, _real(DAY)))
    return g.op("Div", passed, length), g.op("Div", month_day, _real(15.0))


def _days_before(g: Graph, years: str) -> str:
    """Add the number of days of `years` years from a March 1 on that begins a cycle of 400 years."""
    total = g.op("Add", g.op("Mul", years, _real(365.0)), _floor_div(g, years, 4.0))
    return g.op("Add", g.op("Sub", total, _floor_div(g, years, 100.0)), _floor_div(g, years, 400.0))


def _new_year(g: Graph, year: str) -> str:
    """Add the days from 1970-01-01 to January 1 of a year."""
    march = _days_before(g, g.op("Sub", year, _real(1.0)))
    return g.op("Add", march, _real(306.0 - _EPOCH))


def _wave(g: Graph, phase: str, shift: float) -> str:
    """Add sin(2π·(phase + shift))."""
    return g.op("Sin", g.op("Mul", g.op("Add", phase, _real(shift)), _real(2.0 * np.pi)))


def _scaled(g: Graph, values: str, missing: str, centre: float, factor: float) -> str:
    """Add the robust scale and the smooth clip, x / sqrt(1 + (x/3)²); 0 where missing."""
    x = g.op("Mul", g.op("Sub", values, _real(centre)), _real(factor))
    x = g.op("Min", g.op("Max", x, _real(-1e100)), _real(1e100))
    third = g.op("Div", x, _real(3.0))
    x = g.op("Div", x, g.op("Sqrt", g.op("Add", g.op("Mul", third, third), _real(1.0))))
    return g.op("Cast", g.op("Where", missing, _real(0.0), x), to=TensorProto.FLOAT)


def _indicator(g: Graph, missing: str, optional: bool) -> list[str]:
    return [g.op("Cast", missing, to=TensorProto.FLOAT)] if optional else []


def _floor_div(g: Graph, x: str, divisor: float) -> str:
    return g.op("Floor", g.op("Div", x, _real(divisor)))


def _real(value: Any) -> NDArray[np.float64]:
    return np.array([value], np.float64)
