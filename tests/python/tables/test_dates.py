"""Dates and times: styles, calendar parts, scaled time, and gaps."""

from __future__ import annotations

import datetime
import math
from typing import Any

import numpy as np
import pytest

from deepseek._tables.dates import NO_DATE, parse_dates, read_dates, wave
from deepseek.tables import FeatureEncoder, Reading, columns_of

DAY = datetime.date(2019, 1, 13)
DAYS = [DAY + datetime.timedelta(days=9 * i) for i in range(80)]
EXACT = [int((day - datetime.date(1970, 1, 1)).days) * 86_400_000 for day in DAYS]


@pytest.mark.parametrize(
    ("form", "style"),
    [
        ("%Y-%m-%d", "year-month-day"),
        ("%Y/%m/%d", "year-month-day"),
        ("%d.%m.%Y", "day.month.year"),
        ("%m/%d/%Y", "month/day/year"),
        ("%d/%m/%Y", "day/month/year"),
        ("%d-%m-%y", "day/month/year"),
        ("%b %d %Y", "month name day year"),
        ("%B %d, %Y", "month name day year"),
        ("%d %b %Y", "day month name year"),
        ("%d-%b-%y", "day month name year"),
        ("%a, %d %b %Y", "day month name year"),
        ("%Y-%m-%dT00:00:00Z", "year-month-day"),
        ("%m/%d/%Y 12:00 AM", "month/day/year"),
    ],
)
def test_styles(form: str, style: str) -> None:
    parsed = parse_dates([day.strftime(form) for day in DAYS])
    assert parsed is not None and parsed[1] == style
    assert parsed[0].tolist() == EXACT


@pytest.mark.parametrize(
    ("text", "style", "milliseconds"),
    [
        ("1970-01-02 03:04:05.678", "year-month-day", 86_400_000 + 11_045_678),
        ("1970-01-01T00:00:01+05:00", "year-month-day", 1000),
        ("1970-01", "year-month", 0),
        ("12:30", "time of day", 45_000_000),
        ("12:30 am", "time of day", 1_800_000),
        ("1:00:01 PM", "time of day", 46_801_000),
        ("1969-12-31", "year-month-day", -86_400_000),
        ("2020-02-30", "year-month-day", NO_DATE),
        ("2019-02-29", "year-month-day", NO_DATE),
        ("13:00 pm", "time of day", NO_DATE),
        ("Foo 1 2000", "month name day year", NO_DATE),
        ("x", "year-month-day", NO_DATE),
    ],
)
def test_moments(text: str, style: str, milliseconds: int) -> None:
    assert read_dates([text], style).tolist() == [milliseconds]


@pytest.mark.parametrize(
    "texts", [["2020-01-01", "x"], ["2020-13-01"], ["1.2"], ["1/2"], [], ["12"], ["31/31/2000"]]
)
def test_what_is_no_date(texts: list[str]) -> None:
    assert parse_dates(texts) is None


def test_sines_are_sines() -> None:
    phase = np.linspace(-3, 3, 1001)
    np.testing.assert_allclose(wave(phase), np.sin(2 * math.pi * phase), atol=1e-7)


def encode(values: Any) -> tuple[FeatureEncoder, Any]:
    columns = columns_of({"d": values})
    encoder = FeatureEncoder.fit(columns)
    return encoder, encoder.transform(columns)


def test_parts_of_the_calendar() -> None:
    encoder, features = encode(np.array(DAYS, "M8[D]"))
    assert encoder.lines() == ["1 date: d (year-month-day)"]
    assert features.number_names == ["d", "d year sin", "d year cos", "d day of month"]
    assert features.category_names == ["d weekday"] and features.sizes == [8]
    assert features.categories[:, 0].tolist() == [day.isoweekday() for day in DAYS]
    np.testing.assert_allclose(features.numbers[:, 3], [(day.day - 16) / 15 for day in DAYS], rtol=1e-6)
    phase = [(day - day.replace(month=1, day=1)).days / (366 if day.year % 4 == 0 else 365) for day in DAYS]
    np.testing.assert_allclose(features.numbers[:, 1], np.sin(2 * math.pi * np.array(phase)), atol=1e-6)
    assert (np.diff(features.numbers[:, 0]) > 0).all()
    _, texts = encode([day.isoformat() for day in DAYS])
    np.testing.assert_array_equal(texts.matrix(), features.matrix())


def test_times_of_day_have_no_calendar() -> None:
    _, features = encode([f"{i % 24:02d}:15" for i in range(50)])
    assert features.number_names == ["d", "d day sin", "d day cos"] and not features.sizes


def test_months_have_no_days() -> None:
    _, features = encode([f"{2000 + i // 12}-{i % 12 + 1:02d}" for i in range(50)])
    assert features.number_names == ["d", "d year sin", "d year cos"] and not features.sizes


def test_gaps_and_new_texts() -> None:
    values = [day.isoformat() for day in DAYS]
    encoder, _ = encode([*values, ""])
    features = encoder.transform({"d": np.array(["soon", "", values[0]], object)})
    assert features.numbers[0].tolist() == features.numbers[1].tolist() == [0, 0, 0, 0, 1]
    assert features.categories[:, 0].tolist() == [0, 0, DAYS[0].isoweekday()]
    assert features.warning() == (
        'got 1 row with the new value "soon" in column "d", of 3 rows; training saw none, so they count as unknown'
    )


def test_dates_are_never_numbers() -> None:
    """A column of dates beside numbers is read as dates in arrays and dictionaries alike."""
    days = np.datetime64("2020-01-01") + np.arange(300)
    by_array = FeatureEncoder.fit(columns_of(days[:, None]))
    by_name = FeatureEncoder.fit(columns_of({"d": days, "x": np.arange(300.0)}))
    assert [reading.kind for reading in by_array.readings] == ["date"]
    assert [reading.kind for reading in by_name.readings] == ["date", "number"]


def test_a_column_named_as_a_part_of_a_date_is_another_input() -> None:
    columns = columns_of(
        {"d": np.array(DAYS, "M8[D]"), "d weekday": ["abc"[i % 3] for i in range(len(DAYS))]}
    )
    features = FeatureEncoder.fit(columns).transform(columns)
    assert features.category_names == ["d weekday", "d weekday"] and features.sizes == [8, 4]
    assert features.matrix().shape[1] == features.numbers.shape[1] + 7 + 3


def test_an_order_that_is_a_guess_can_be_changed() -> None:
    texts = ["03/04/2020", "05/06/2020", "12/01/2021", "04/04/2021"] * 5
    guess, _ = encode(texts)
    assert guess.readings == [Reading("d", "date", "month/day/year, a guess", "day/month/year")]
    columns = columns_of({"d": texts})
    encoder = FeatureEncoder.fit(columns, kinds={"d": "day/month/year"})
    assert encoder.readings == [Reading("d", "date", "as asked, day/month/year")]
    exact = columns_of({"d": ["2020-04-03", "2020-06-05", "2021-01-12", "2021-04-04"] * 5})
    expected = FeatureEncoder.fit(exact).transform(exact).matrix()
    np.testing.assert_array_equal(encoder.transform(columns).matrix(), expected)
    again = FeatureEncoder.from_config(encoder.to_config())
    np.testing.assert_array_equal(again.transform(columns).matrix(), expected)
    asked = FeatureEncoder.fit(columns, kinds={"d": "date"}).readings[0]
    assert (asked.reason, asked.hint) == ("as asked, month/day/year, a guess", "day/month/year")
    assert encode(["13/04/2020", "01/02/2020"] * 3)[0].readings[0].hint == ""
    assert encode(["04/04/2020", "05/05/2020"] * 3)[0].readings[0].hint == ""
    with pytest.raises(
        ValueError, match='column "d": got "04/13/2020"; expected dates written as day/month/year'
    ):
        FeatureEncoder.fit(columns_of({"d": ["04/13/2020"]}), kinds={"d": "day/month/year"})
    days = columns_of({"d": np.array(DAYS, "M8[D]")})
    assert FeatureEncoder.fit(days, kinds={"d": "day/month/year"}).readings[0].kind == "date"


@pytest.mark.parametrize(
    "texts",
    [
        ["04.03.2019", "13.04.2019"],
        ["04/03/2019", "13/04/2019"],
        ["03/04/2019", "04/13/2019"],
        ["4 Mar 2019", "13 Apr 2019"],
        [20190304, 20190413],
        ["2019-03-04", "2019-04-13"],
    ],
)
@pytest.mark.parametrize("form", ["%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d"])
def test_new_rows_may_have_another_style(form: str, texts: list[Any]) -> None:
    encoder, _ = encode([day.strftime(form) for day in DAYS])
    expected = encoder.transform(columns_of({"d": np.array(["2019-03-04", "2019-04-13"], "M8[D]")}))
    found = encoder.transform(columns_of({"d": texts}))
    assert found.warning() is None
    np.testing.assert_array_equal(found.matrix(), expected.matrix())


def test_new_rows_without_one_style_are_unknown() -> None:
    encoder, _ = encode([day.isoformat() for day in DAYS])
    for texts in (
        ["03/04/2019", "05/06/2019"],
        ["12:30", "2:15"],
        ["2019-03", "2019-04"],
        ["4.3.2019", "soon"],
    ):
        assert encoder.transform(columns_of({"d": texts})).unknown["d"].new_rows == 2
