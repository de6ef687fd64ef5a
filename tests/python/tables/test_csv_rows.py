"""The compiled parser of CSV files beside Python's csv module and float()."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepseek import _core
from deepseek._tables.cells import read_cells
from deepseek.tables import read_table

MISSING = ["", "na", "?"]


def parse(text: str, columns: int, delimiter: str = ",", point_is_text: bool = False) -> dict[str, Any]:
    return _core.parse_csv(text.encode(), 0, columns, delimiter, point_is_text, MISSING)


def rows_of(column: Any) -> list[Any]:
    """A column row by row; None where a column of numbers lacks one."""
    if isinstance(column, np.ndarray):
        return [None if value != value else value for value in column.tolist()]
    texts, codes = column
    return [texts[code] for code in codes.tolist()]


def reference(text: str, columns: int, delimiter: str) -> dict[str, Any]:
    def rows(body: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, skipinitialspace=True))

    found = rows(text)
    is_open = rows(text + "\n@@")[-1] != ["@@"]
    if is_open:
        return {"unclosed_row": len(found)}
    kept = [row for row in found if len(row) == columns]
    blank = " \t\v\f\r\n"
    wrong = [
        (i, row) for i, row in enumerate(found, 1) if len(row) != columns and any(c.strip(blank) for c in row)
    ]
    return {
        "unclosed_row": 0,
        "rows": len(kept),
        "wrong_rows": len(wrong),
        "first_wrong_row": wrong[0][0] if wrong else 0,
        "first_wrong_cells": len(wrong[0][1]) if wrong else 0,
        "columns": [typed([row[i] for row in kept]) for i in range(columns)],
    }


def typed(cells: list[str]) -> list[Any]:
    values: list[Any] = []
    for cell in cells:
        text = cell.strip(" \t\v\f\r\n")
        try:
            values.append(float(text))
        except ValueError:
            if text.lower() not in MISSING:
                return cells
            values.append(None)
    return values


TEXTS = st.text(st.sampled_from('ab,;"\n\r 1.2\té?'), max_size=60)


@given(text=TEXTS, columns=st.integers(1, 3), delimiter=st.sampled_from(",;"))
def test_any_text_is_parsed_as_by_the_csv_module(text: str, columns: int, delimiter: str) -> None:
    result, expected = parse(text, columns, delimiter), reference(text, columns, delimiter)
    if expected["unclosed_row"]:
        assert result["unclosed_row"] == expected["unclosed_row"]
        return
    result["columns"] = [rows_of(column) for column in result["columns"]]
    assert result == expected


CELLS = st.one_of(
    st.integers(-99, 99).map(str), st.sampled_from(["", "na", "x", "x,y", 'say "hi"', "a\nb", "1.5"])
)


@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=30))
def test_what_the_csv_module_writes_comes_back(rows: list[list[str]]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    result = parse(buffer.getvalue(), 3)
    assert (result["rows"], result["wrong_rows"], result["unclosed_row"]) == (len(rows), 0, 0)
    for i, column in enumerate(result["columns"]):
        assert rows_of(column) == typed([row[i] for row in rows])


def number(text: str) -> float:
    (column,) = parse(text + "\n", 1)["columns"]
    if isinstance(column, np.ndarray):
        return float(column[0])
    assert rows_of(column) == [text]
    assert (
        text.lstrip("+-").isdecimal() and abs(int(text)) >= 2**53
    )  # float64 might merge it with its neighbours
    return float(text)


@given(value=st.floats(allow_nan=False))
def test_numbers_are_rounded_correctly(value: float) -> None:
    for text in (repr(value), f"{value:.17e}", f"{value:.25g}", f"{value:+.6f}"):
        assert number(text) == float(text)
        assert math.copysign(1, number(text)) == math.copysign(1, float(text)) or float(text) == 0


@given(
    sign=st.sampled_from(["", "-", "+"]),
    whole=st.text("0123456789", max_size=25),
    fraction=st.text("0123456789", max_size=25),
    power=st.integers(-340, 340),
)
def test_decimals_are_rounded_correctly(sign: str, whole: str, fraction: str, power: int) -> None:
    if whole or fraction:
        text = f"{sign}{whole}.{fraction}e{power}"
        assert number(text) == float(text)


@pytest.mark.parametrize(
    "text",
    ["1e400", "-1e400", "1e-400", "0." + "0" * 400 + "1", "9" * 400, "0" * 400 + "1.", "inf", "-Infinity", "1e+05",
     "4.9e-324", "2.4703282292062327e-324", "9007199254740993", "1e22", "1e23", "0e999999999", "1E5", ".5", "5."],
)  # fmt: skip
def test_numbers_at_the_edges(text: str) -> None:
    assert number(text) == float(text)


@pytest.mark.parametrize(
    "text", ["1e", "e5", ".", "-", "+-1", "1.2.3", "1_000", "0x10", "1 2", "infinit", "--1", "1e5.0", "nane"]
)
def test_what_is_no_number_is_text(text: str) -> None:
    assert rows_of(parse(text + "\n", 1)["columns"][0]) == [text]


def test_whole_numbers_are_int64() -> None:
    whole, large, real, gaps = parse("1,9007199254740991,0.5,1\n-3,1,1,\n", 4)["columns"]
    assert [column.dtype.kind for column in (whole, large, real, gaps)] == ["i", "i", "f", "f"]


def test_whole_numbers_that_float64_may_merge_are_texts() -> None:
    first, second, third = parse("1,-9007199254740993,1e16\n9007199254740992,,9007199254740994.0\n", 3)[
        "columns"
    ]
    assert rows_of(first) == ["1", "9007199254740992"] and rows_of(second) == ["-9007199254740993", ""]
    assert third.tolist() == [1e16, 9007199254740994.0]


def test_a_text_below_numbers_keeps_the_texts_above() -> None:
    rows = [f"{i % 7}.50,{i}" for i in range(1000)] + ["late,1", "2.50,x"]
    first, second = parse("\n".join(rows), 2)["columns"]
    assert rows_of(first) == [row.split(",")[0] for row in rows]
    assert rows_of(second) == [row.split(",")[1] for row in rows]
    assert first[0] == [f"{i}.50" for i in range(7)] + ["late"]


def test_large_files_are_parsed_in_steps() -> None:
    rows = 300_000
    text = "".join(f"{i},{'ab'[i % 2]},{'x' if i == 200_000 else i}\n" for i in range(rows))
    number_column, letters, mixed = parse(text, 3)["columns"]
    np.testing.assert_array_equal(number_column, np.arange(rows))
    assert letters[0] == ["a", "b"] and letters[1].tolist()[:3] == [0, 1, 0]
    assert rows_of(mixed)[199_999:200_002] == ["199999", "x", "200001"]


def test_points_are_texts_where_the_decimal_mark_is_a_comma() -> None:
    assert rows_of(parse("1.234;5\n", 2, ";", point_is_text=True)["columns"][0]) == ["1.234"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((b"1", 2, 1, ",", False, []), "start: got 2"),
        ((b"1", -1, 1, ",", False, []), "start: got -1"),
        ((b"1", 0, 0, ",", False, []), "columns: got 0; expected at least 1"),
        ((b"1", 0, 1, "ab", False, []), 'delimiter: got "ab"; expected one ASCII character'),
    ],
)
def test_wrong_arguments(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.parse_csv(*arguments)


def test_nothing_is_read_beyond_the_end() -> None:
    for text in ("", '"', 'a,"', "a,\r", "a,b", ' "a"', '"a""', "1,", " ", "\n"):
        parse(text, 2)
    assert _core.parse_csv(b"x\n1,2", 2, 2, ",", False, [])["rows"] == 1


def test_parts_of_coded_columns_stay_columns() -> None:
    columns = read_table(io.StringIO("a,b\nx,1\ny,2\n,3\nz,4\nx,5\n"))
    part = columns.take(np.array([4, 2, 3]))
    assert part["a"].tolist() == ["x", None, "z"] and part["b"].tolist() == [5, 3, 4]
    cells: Any = part["a"]
    assert cells.cells.texts == ["x", "z"] and cells.cells.codes.tolist() == [0, -1, 1]
    assert columns["a"][1:3].tolist() == ["y", None]
    with pytest.raises(ValueError, match="read-only"):
        columns["a"][0] = "other"
    changed = columns["a"].copy()
    changed[0] = "other"
    assert read_cells(changed).texts == ["other", "y", "z", "x"]
    mask = columns.take(np.array([False, True, True, False, True]))
    assert mask["a"].tolist() == ["y", None, "x"]
