"""Frames of pandas, polars and pyarrow: all give the encoders the same columns."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deepseek.tables import FeatureEncoder, LabelColumn, columns_of, read_table

pytestmark = pytest.mark.peers

ROWS = 60
DATA: dict[str, list[Any]] = {
    "whole": [i % 17 for i in range(ROWS)],
    "gaps": [None if i % 9 == 2 else i * i for i in range(ROWS)],
    "real": [i / 7 for i in range(ROWS)],
    "flag": [i % 3 == 0 for i in range(ROWS)],
    "maybe": [None if i % 9 == 2 else i % 2 == 0 for i in range(ROWS)],
    "town": [None if i % 7 == 0 else ["Ulm", "Bonn"][i % 2] for i in range(ROWS)],
    "day": [datetime.date(2020, 1, 1) + datetime.timedelta(days=5 * i) for i in range(ROWS)],
    "moment": [datetime.datetime(2020, 1, 1, i % 24, 30) + datetime.timedelta(days=i) for i in range(ROWS)],
}


def pandas_frame() -> Any:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(DATA)
    frame["day"] = pandas.to_datetime(frame["day"])
    return frame


def nullable_frame() -> Any:
    return pandas_frame().convert_dtypes()


def polars_frame() -> Any:
    return pytest.importorskip("polars").DataFrame(DATA)


def arrow_table() -> Any:
    return pytest.importorskip("pyarrow").table(DATA)


MAKERS: dict[str, Callable[[], Any]] = {
    "pandas": pandas_frame,
    "nullable": nullable_frame,
    "polars": polars_frame,
    "pyarrow": arrow_table,
}


@pytest.mark.parametrize("library", MAKERS)
def test_every_library_gives_the_inputs_of_a_dictionary(library: str) -> None:
    expected = columns_of(DATA)
    encoder = FeatureEncoder.fit(expected)
    frame = columns_of(MAKERS[library]())
    own = FeatureEncoder.fit(frame)
    assert [(r.name, r.kind) for r in own.readings] == [(r.name, r.kind) for r in encoder.readings]
    ours, theirs = encoder.transform(expected), encoder.transform(frame)
    np.testing.assert_array_equal(ours.matrix(), theirs.matrix())
    np.testing.assert_array_equal(own.transform(frame).matrix(), ours.matrix())
    assert theirs.warning() is None
    assert {r.name: r.kind for r in own.readings} == {
        "whole": "number", "gaps": "number", "real": "number", "flag": "boolean", "maybe": "boolean",
        "town": "category", "day": "date", "moment": "date",
    }  # fmt: skip


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_declared_categories_are_categories(library: str) -> None:
    module = pytest.importorskip(library)
    codes = ["3", "1", None, "2"] * 5
    if library == "pandas":
        frame = module.DataFrame(
            {"c": module.Categorical(codes), "k": module.Categorical(["x"] * 20), "n": range(20)}
        )
    elif library == "polars":
        kinds = {"c": module.Categorical, "k": module.Categorical, "n": module.Int64}
        frame = module.DataFrame({"c": codes, "k": ["x"] * 20, "n": range(20)}, schema=kinds)
    else:
        frame = module.table({"c": codes, "k": ["x"] * 20, "n": range(20)})
        for i, name in enumerate("ck"):
            frame = frame.set_column(i, name, frame[name].dictionary_encode())
    columns = columns_of(frame)
    assert columns.declared == {"c": "category", "k": "category"}
    encoder = FeatureEncoder.fit(columns)
    assert encoder.lines() == [
        "1 number: n",
        "1 category: c (declared, 3 categories, 5 missing)",
        "left out: k (the same value in every row)",
    ]
    assert encoder.transform(columns).categories[:4, 0].tolist() == [3, 1, 4, 2]


def test_dates_with_a_zone_are_read_by_their_own_clock() -> None:
    pandas = pytest.importorskip("pandas")
    naive = pandas.date_range("2020-01-01", periods=90, freq="h")
    plain, zoned = (columns_of(pandas.DataFrame({"t": t})) for t in (naive, naive.tz_localize("Asia/Tokyo")))
    encoder = FeatureEncoder.fit(plain)
    np.testing.assert_array_equal(encoder.transform(plain).matrix(), encoder.transform(zoned).matrix())


def test_a_file_and_the_frame_that_pandas_reads_from_it_agree() -> None:
    pandas = pytest.importorskip("pandas")
    import io

    rows = [
        f"{i},{i % 5},{'' if i % 4 else i / 8},{'yes' if i % 3 else 'no'},{'abc'[i % 3]}" for i in range(80)
    ]
    text = "\n".join([",code,size,ok,kind", *rows]) + "\n"
    ours, theirs = read_table(io.StringIO(text)), columns_of(pandas.read_csv(io.StringIO(text)))
    first, second = FeatureEncoder.fit(ours), FeatureEncoder.fit(theirs)
    np.testing.assert_array_equal(first.transform(ours).matrix(), second.transform(theirs).matrix())
    assert first.lines()[-1] == "left out: column 1 (row numbers)"
    assert second.lines()[-1] == "left out: Unnamed: 0 (row numbers)"


def test_numbers_of_other_kinds() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "money": [decimal.Decimal("1.50"), decimal.Decimal("2.25"), decimal.Decimal("9.75")],
            "span": pandas.to_timedelta([1, 2, 9], unit="s"),
            "period": pandas.period_range("2020-01", periods=3, freq="M"),
        }
    )
    readings = FeatureEncoder.fit(columns_of(frame)).readings
    assert [reading.kind for reading in readings] == ["number", "number", "date"]


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_an_index_of_dates_is_read_as_its_series(zone: str | None) -> None:
    pandas = pytest.importorskip("pandas")
    days = pandas.date_range("2020-01-01 08:30", periods=40, tz=zone)
    column = columns_of({"day": days})["day"]
    assert column.dtype.kind == "M" and (column == columns_of({"day": days.to_series()})["day"]).all()
    assert str(column[0])[:16] == "2020-01-01T08:30"
    labels = LabelColumn().fit(days[:3])
    assert list(labels.inverse([2, 0])) == [days[2], days[0]]
    assert LabelColumn().fit(pandas.CategoricalIndex(["b", "a"])).classes == ["a", "b"]
