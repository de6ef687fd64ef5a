"""What a column is, found by its content."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from deepseek.tables import FeatureEncoder, Reading, columns_of, read_table

RNG = np.random.default_rng(0)
WORDS = ["red", "green", "blue", "fast", "slow", "large", "small", "old", "new", "cheap"]


def reading(values: Any, name: str = "x", decimal: str | None = None, **options: Any) -> Reading:
    columns = columns_of({name: values, "other": np.arange(len(values)) % 3})
    columns.decimal = decimal
    return FeatureEncoder.fit(columns, **options).readings[0]


def inputs(values: Any, name: str = "x", decimal: str | None = None, **options: Any) -> list[float]:
    """The scaled numbers of a column, unscaled: the values that the encoder read."""
    columns = columns_of({name: values})
    columns.decimal = decimal
    encoder = FeatureEncoder.fit(columns, **options)
    column = encoder.columns[0]
    scaled = encoder.transform(columns).numbers[:, 0].astype(float)
    bounded = scaled / np.sqrt(1 - (scaled / 3) ** 2)
    return np.round(bounded / column.factor + column.centre, 4).tolist()  # type: ignore[union-attr]


NUMBERS: dict[str, tuple[list[str], list[float], str]] = {
    "plain": (["1", "2.5", "-3e2", ".5", "7."], [1, 2.5, -300, 0.5, 7], ""),
    "thousands": (
        ["1,234", "12", "1,234,567.5", "-2,000"],
        [1234, 12, 1234567.5, -2000],
        "grouped thousands",
    ),
    "decimal comma": (["1,5", "2,25", "-3", "10,125"], [1.5, 2.25, -3, 10.125], "decimal comma"),
    "both": (["1.234,5", "2,25", "12.000"], [1234.5, 2.25, 12000], "decimal comma"),
    "Swiss": (["1'234.5", "2", "10'000"], [1234.5, 2, 10000], "grouped thousands"),
    "blanks": (["1 234", "2", "10\u00a0000", "5\u202f000"], [1234, 2, 10000, 5000], "grouped thousands"),
    "dollars": (["$5", "$1,200.50", "-$3", "$0.5"], [5, 1200.5, -3, 0.5], 'written with "$"'),
    "euros": (["5 €", "1,50 €", "-3 €"], [5, 1.5, -3], 'written with "€", decimal comma'),
    "percent": (["5%", "12.5 %", "-3%"], [5, 12.5, -3], 'written with "%"'),
    "accounting": (["(1)", "2", "(3.5)", "($4)"], [-1, 2, -3.5, -4], 'written with "$"'),
    "minus sign": (["\u22121", "2", "+3"], [-1, 2, 3], ""),
}


@pytest.mark.parametrize("form", NUMBERS)
def test_numbers_as_people_write_them(form: str) -> None:
    texts, values, fact = NUMBERS[form]
    read = reading(texts * 3)
    assert (read.kind, read.reason) == ("number", fact)
    assert inputs(texts * 3)[: len(texts)] == pytest.approx(values, rel=1e-3)


@pytest.mark.parametrize(
    "texts",
    [
        ["$5", "€5", "$6"],  # two currencies
        ["5%", "6", "7%"],  # "6" is another number than "6%"
        ["1,234", "1,2,3", "5"],
        ["1,23", "1.5", "2"],
        ["(1", "2)", "3"],
        ["1_000", "2", "3"],
        ["5 kg", "6 kg", "7 kg"],
        ["12,34,567", "1", "2"],
    ],
)
def test_a_column_that_does_not_read_so_throughout_is_text(texts: list[str]) -> None:
    assert reading(texts * 4).kind == "category"


def test_the_mark_of_the_file_decides() -> None:
    assert inputs(["1,234", "5,678", "9,012"] * 2)[0] == pytest.approx(1234, rel=1e-3)
    assert inputs(["1,234", "5,678", "9,012"] * 2, decimal=",")[0] == pytest.approx(1.234, rel=1e-3)
    assert inputs(["1.234", "5.678", "9.012"] * 2, decimal=",")[0] == pytest.approx(1234, rel=1e-3)
    assert inputs(["1.25", "5.5", "9.125"] * 2, decimal=",")[0] == pytest.approx(1.25, rel=1e-3)


MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "?", " ", "<NA>", None]


@pytest.mark.parametrize("missing", [*MISSING, "-", "none", "Unknown"])
def test_missing_numbers_get_the_median_and_an_indicator(missing: Any) -> None:
    values = ["1", missing, "3", "8", "5"]
    read = reading(values)
    assert (read.kind, read.reason) == ("number", "1 missing")
    columns = columns_of({"x": values})
    encoder = FeatureEncoder.fit(columns)
    features = encoder.transform(columns)
    assert features.number_names == ["x", "x is missing"]
    assert features.numbers[1].tolist() == [0.0, 1.0] and features.numbers[2, 1] == 0.0
    assert encoder.columns[0].centre == 4  # type: ignore[union-attr]
    assert features.warning() is None


@pytest.mark.parametrize("missing", [*MISSING, float("nan")])
def test_missing_categories_are_one_of_their_own(missing: Any) -> None:
    columns = columns_of({"x": ["a", missing, "b", "a", missing, "b", "b"]})
    encoder = FeatureEncoder.fit(columns)
    assert encoder.readings[0] == Reading("x", "category", "2 categories, 2 missing")
    assert encoder.transform(columns).categories[:, 0].tolist() == [1, 3, 2, 1, 3, 2, 2]


def test_codes_with_leading_zeros_are_no_numbers() -> None:
    codes = [f"{i * 137 % 9999:05d}" for i in range(40)] * 2
    assert reading(codes).reason == "40 categories"
    table = read_table(io.StringIO("\n".join(["zip,y", *(f"{code},1" for code in codes)])))
    assert table["zip"][1] == "00137"
    encoder = FeatureEncoder.fit(table.without("y"))
    numbers = columns_of({"zip": [137]})  # as pandas reads the file
    assert encoder.transform(numbers).categories[0, 0] == encoder.transform(table).categories[1, 0]
    assert reading(["01", "02", "10"]).kind == reading(["001", "2", "10"]).kind == "number"
    assert read_table(io.StringIO("a,b\n001,1\n2,2\n"))["a"].tolist() == [1, 2]


def test_whole_numbers_that_are_days_are_dates() -> None:
    days = [20200101 + 100 * (i % 12) + i % 28 for i in range(60)]
    assert reading(days) == Reading("x", "date", "yearmonthday")
    assert reading([*days, None]) == Reading("x", "date", "yearmonthday, 1 missing")
    assert reading(list(map(str, days))).kind == "date"
    for other in (20201301, 20200231, 20200132, 21000101, 18991231, 20200101.5):
        assert reading([*days, other]).kind == "number"


def test_none_is_a_category_among_words() -> None:
    assert reading(["none", "mild", "severe", "none"]).reason == "3 categories"
    assert reading(["+", "-", "+", "-"]).reason == "2 categories"


@pytest.mark.parametrize(
    ("values", "signs"),
    [
        (["yes", "no", "yes"], [1, -1, 1]),
        (["T", "F", "F"], [1, -1, -1]),
        (["true", "FALSE", ""], [1, -1, 0]),
        (["Y", "N", None], [1, -1, 0]),
        ([True, False, True], [1, -1, 1]),
        ([True, None, False], [1, 0, -1]),
    ],
)
def test_booleans(values: list[Any], signs: list[int]) -> None:
    columns = columns_of({"x": values})
    encoder = FeatureEncoder.fit(columns)
    assert encoder.readings[0].kind == "boolean"
    assert encoder.transform(columns).numbers[:, 0].tolist() == signs


def test_booleans_among_numbers_are_numbers() -> None:
    assert inputs([True, 0, 1, 5.0]) == pytest.approx([1, 0, 1, 5], abs=1e-3)


def test_texts_of_many_values_are_words_or_left_out() -> None:
    texts = [f"{WORDS[i % 10]} {WORDS[i * 7 % 9]} {i}" for i in range(400)]
    read = reading(texts)
    assert (read.kind, read.hint) == ("text", "left out") and read.reason.startswith("400 different texts, ")
    keys = [f"{value:08x}" for value in RNG.integers(0, 2**32, 300).tolist()]
    keys[0] = "x"  # a column of keys, some of which consist of digits, is still no column of numbers
    assert reading(keys) == Reading("x", "left out", "a different text in every row", "text")


def test_constants_identifiers_and_row_numbers_are_left_out() -> None:
    assert reading([7] * 9) == Reading("x", "left out", "the same value in every row", "number")
    assert reading(["a"] * 9) == Reading("x", "left out", "the same value in every row", "category")
    assert reading([None] * 9) == Reading("x", "left out", "no values")
    assert reading([np.nan] * 9) == Reading("x", "left out", "no values")
    unique = "an identifier: every value occurs once"
    for name in ("id", "PassengerId", "customer_id", "ID", "row.id", "uuid"):
        assert reading(np.arange(9) * 5, name) == Reading(name, "left out", unique, "number")
        assert reading([f"k{i}" for i in range(9)], name) == Reading(name, "left out", unique, "text")
    for name in ("", "Unnamed: 0", "column 1", "index", "rownames", "row names", "#", "row", "S.No."):
        assert reading(np.arange(9) + 1, name) == Reading(name, "left out", "row numbers", "number")
    for name in ("paid", "covid", "width", "x"):
        assert reading(np.arange(9), name).kind == "number"
    assert reading(np.arange(9) // 2, "store_id").kind == "number"
    assert reading(np.arange(9) / 2, "index").kind == "number"


def test_a_constant_with_gaps_keeps_its_indicator() -> None:
    columns = columns_of({"x": ["4", "", "4", "4"]})
    features = FeatureEncoder.fit(columns).transform(columns)
    assert features.number_names == ["x is missing"] and features.numbers[:, 0].tolist() == [0, 1, 0, 0]


def test_a_few_stray_texts_do_not_turn_numbers_into_categories() -> None:
    values = [str(i * 3) for i in range(200)]
    values[17] = "see note"
    read = reading(values)
    assert (read.kind, read.hint) == ("number", "category")
    assert read.reason == '1 cell, "see note" count as missing'
    columns = columns_of({"x": values})
    features = FeatureEncoder.fit(columns).transform(columns)
    assert features.numbers[17].tolist() == [0, 1] and features.warning() is None


def test_kinds_overrule() -> None:
    codes = [1, 2, 3, 1] * 3
    assert reading(codes, kinds={"x": "category"}) == Reading("x", "category", "as asked, 3 categories")
    assert reading(codes, drop=["x"]) == Reading("x", "left out", "as asked")
    assert reading(codes, kinds={"x": "left out"}) == Reading("x", "left out", "as asked")
    assert (
        reading(["a", "1", "2", "3"], kinds={"x": "number"}).reason
        == 'as asked, 1 cell, "a" count as missing'
    )
    assert reading(np.arange(9), "id", kinds={"id": "number"}).kind == "number"
    assert reading([0, 1, 1], kinds={"x": "boolean"}).kind == "boolean"
    assert reading([f"{WORDS[i % 4]} {i}" for i in range(40)], kinds={"x": "text"}).kind == "text"


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (["a", "b"], "number", 'column "x": got no numbers, for example "a"; expected some'),
        (["a", "b"], "date", 'column "x": got "a"; expected dates of one style'),
        (["a", "no"], "boolean", 'column "x": got "a"; expected only true and false'),
        (["q", "w"], "text", 'column "x": got no words that repeat'),
    ],
)
def test_a_kind_that_does_not_fit_is_refused(values: list[Any], kind: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reading(values, kinds={"x": kind})
