"""One reader for every table in memory: arrays, dictionaries, rows and records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepseek.tables import Columns, columns_of


def test_plain_arrays_are_named_by_position() -> None:
    columns = columns_of(np.arange(6, dtype=np.float32).reshape(3, 2))
    assert list(columns) == ["x0", "x1"]
    assert columns["x1"].tolist() == [1, 3, 5] and columns["x1"].dtype == np.float32
    assert list(columns_of([[1, "a"], [2, "b"]], names=["n", "s"])) == ["n", "s"]
    assert columns_of([[1, "a"], [2, "b"]])["x0"].tolist() == [1, 2]
    assert columns_of(columns) is columns


TABLES: dict[str, Any] = {
    "dictionary of lists": {"n": [1, 2], "s": ["a", "b"]},
    "dictionary of arrays": {"n": np.array([1, 2]), "s": np.array(["a", "b"])},
    "rows": [{"n": 1, "s": "a"}, {"n": 2, "s": "b"}],
    "records": np.array([(1, "a"), (2, "b")], [("n", "i4"), ("s", "U1")]),
}


@pytest.mark.parametrize("form", TABLES)
def test_one_table_in_every_container(form: str) -> None:
    columns = columns_of(TABLES[form])
    assert {name: array.tolist() for name, array in columns.items()} == {"n": [1, 2], "s": ["a", "b"]}
    assert columns.rows == 2 and columns.declared == {} and columns.source == ""


def test_rows_may_lack_names() -> None:
    columns = columns_of([{"a": 1}, {"b": "x"}])
    assert columns["a"].tolist() == [1, None] and columns["b"].tolist() == [None, "x"]


def test_masked_values_are_missing() -> None:
    masked = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], [[False, True], [False, False]])
    assert columns_of(masked)["x1"].tolist() == [None, 4.0]
    assert columns_of({"a": masked[:, 1]})["a"].tolist() == [None, 4.0]


def test_parts_of_a_table() -> None:
    columns = columns_of({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    columns.notes, columns.decimal = ["said"], ","
    part = columns.take(np.array([True, False, True])).without("b")
    assert isinstance(part, Columns) and list(part) == ["a"] and part["a"].tolist() == [1, 3]
    assert part.notes == ["said"] and part.decimal == ","


class Frame:
    columns = ("a",)


class Sparse:
    def toarray(self) -> None: ...


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (
            {"a": [1, 2], "b": [1]},
            ValueError,
            "got columns of lengths {'a': 2, 'b': 1}; expected equal lengths",
        ),
        ({"a": []}, ValueError, "got 1 columns without rows"),
        ({}, ValueError, "got 0 columns without rows"),
        (np.zeros(3), ValueError, r"got shape \(3,\); expected 2-D"),
        ([[1, 2], [3]], ValueError, "got rows of different lengths"),
        ({"a": np.zeros((2, 2))}, ValueError, r"X\['a'\]: got shape \(2, 2\); expected one dimension"),
        ({1: [1], "1": [2]}, ValueError, 'got two columns "1"; expected different names'),
        ({"a": [1j]}, TypeError, 'got dtype complex128 in column "a"; expected numbers, dates or text'),
        (Frame(), TypeError, r"got a \S*Frame; expected an array, a dictionary of columns, or a frame"),
        (Sparse(), TypeError, "got a sparse Sparse; expected a dense table"),
        ("t.csv", ValueError, r"got shape \(\)"),
    ],
)
def test_what_is_no_table_is_named(data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        columns_of(data)


def test_names_for_every_column() -> None:
    with pytest.raises(ValueError, match="X: got 2 columns; expected 1, one per name"):
        columns_of(np.zeros((2, 2)), names=["a"])


def test_names_are_those_of_the_table_where_it_has_some() -> None:
    columns = columns_of({"a": [1, 2], "b": [3, 4], "c": [5, 6]}, names=["x"])
    assert {name: array.tolist() for name, array in columns.items()} == {
        "a": [1, 2],
        "b": [3, 4],
        "c": [5, 6],
    }
