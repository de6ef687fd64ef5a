"""The column of a frame that holds no real numbers is named; no library of frames is needed."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._data.columns import check_convertible

ROWS = 4


class Frame:
    """What pandas and polars have in common: names, dtypes, columns by position, and conversion to an array."""

    def __init__(self, **columns: tuple[str, Any]) -> None:
        self.columns = list(columns)
        self.dtypes = [dtype for dtype, _ in columns.values()]
        self._values = [values for _, values in columns.values()]

    def __getitem__(self, key: tuple[slice, int]) -> Any:
        return self._values[key[1]]

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if all(isinstance(values, np.ndarray) and values.ndim == 1 for values in self._values):
            return np.array([values.astype(float) for values in self._values]).T  # dates silently
        whole = np.empty((ROWS, len(self._values)), object)
        for i, values in enumerate(self._values):
            whole[:, i] = [*values]
        return whole


class Table(Frame):
    """The same as a table of pyarrow."""

    def __init__(self, **columns: tuple[str, Any]) -> None:
        super().__init__(**columns)
        self.column_names, self.schema = self.columns, type("Schema", (), {"types": self.dtypes})()
        del self.columns, self.dtypes

    def column(self, i: int) -> Any:
        return self._values[i]


DAYS = np.datetime64("2020-01-01") + np.arange(ROWS)
NUMBERS = ("int64", np.arange(ROWS))
CASES: dict[str, tuple[tuple[str, Any], str]] = {
    "dates": (("datetime64[ns]", DAYS), r"dates in column 'k' \(dtype datetime64\[ns\]\)"),
    "polars' dates": (("Datetime(time_unit='us')", DAYS), r"dates in column 'k' \(dtype Datetime"),
    "arrow's dates": (("timestamp[us]", DAYS), r"dates in column 'k' \(dtype timestamp\[us\]\)"),
    "days": (("Date", DAYS), r"dates in column 'k' \(dtype Date\)"),
    "times": (("timedelta64[ns]", DAYS - DAYS[0]), r"times in column 'k' \(dtype timedelta64\[ns\]\)"),
    "times of day": (
        ("time64[us]", [datetime.time(1)] * ROWS),
        r"times in column 'k' \(dtype time64\[us\]\)",
    ),
    "periods": (("period[D]", [object()] * ROWS), r"periods in column 'k' \(dtype period\[D\]\)"),
    "text": (("str", ["1", "u", "v", "w"]), r"'.' in row [01], column 'k'"),
    "objects": (("object", [1.0, 2.0, {}, 3.0]), r"\{\} in row 2, column 'k'"),
    "dates as objects": (
        ("object", [1.0, *DAYS[1:].astype(object)]),
        r"datetime.date\(2020, 1, 2\) in row 1, col",
    ),
    "arrays": (
        ("Array(Int64, 2)", np.ones((ROWS, 2))),
        r"several values per row in column 'k' \(dtype Array",
    ),
}


@pytest.mark.parametrize("kind", [Frame, Table])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("alone", [False, True])
def test_a_column_that_holds_no_numbers_is_named(kind: Any, case: str, alone: bool) -> None:
    column, said = CASES[case]
    frame = kind(k=column) if alone else kind(x=NUMBERS, k=column)
    width = 1 if alone else 2
    for call in (
        lambda: ds.Net([width, 1]).fit(frame, np.zeros(ROWS)),
        lambda: ds.Net([width, 1]).predict(frame),
        lambda: ds.Rec(input_size=width, output_size=1).predict([frame]),
        lambda: ds.Gen(data_size=width).fit(frame),
        lambda: check_convertible(frame, "X"),
    ):
        with pytest.raises((TypeError, ValueError), match=r"X(\[0\])?: got " + said):
            call()


def test_numbers_as_objects_are_convertible_but_not_read_by_a_net() -> None:
    frame = Frame(x=NUMBERS, k=("object", [1.0, 2, True, np.float32(3)]))
    check_convertible(frame, "X")
    with pytest.raises(
        TypeError, match=r"X: got objects in column 'k' \(dtype object\); expected real numbers"
    ):
        ds.Net([2, 1]).predict(frame)


def test_the_way_out_is_named_for_inputs_only() -> None:
    text = np.full((ROWS, 2), "u")
    with pytest.raises(
        TypeError, match=r"expected real numbers \(encode text, .* or use deepseek.TabularNet\)$"
    ):
        ds.Net([2, 1]).predict(text)
    with pytest.raises(TypeError, match=r"y: got text .* expected real numbers$"):
        ds.Net([2, 1]).fit(np.ones((ROWS, 2)), text[:, 0])


def test_a_frame_of_numbers_is_read() -> None:
    frame = Frame(x=NUMBERS, k=("float64", np.ones(ROWS)))
    net = ds.Net([2, 1])
    np.testing.assert_array_equal(net.predict(frame), net.predict(np.array([NUMBERS[1], np.ones(ROWS)]).T))
    check_convertible(frame, "X")
