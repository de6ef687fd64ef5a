"""Columns as inputs: what prediction may bring, what is said, and the plain values that travel in a file."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from deepseek._tables.feature_rows import Unknown
from deepseek.tables import FeatureEncoder, Reading, columns_of, read_table


def fitted(**columns: Any) -> FeatureEncoder:
    return FeatureEncoder.fit(columns_of(columns))


def test_numbers_are_scaled_robustly_and_clipped_smoothly() -> None:
    values = np.array([1.0, 2, 3, 4, 5, 1000, np.inf])
    features = fitted(x=values).transform({"x": values})
    z = (values[:6] - 3.5) / 2.5  # median and quartiles of the finite values
    expected = [*(z / np.sqrt(1 + (z / 3) ** 2)), 3]
    np.testing.assert_allclose(features.numbers[:, 0], expected, rtol=1e-6)
    assert features.numbers.dtype == np.float32


def test_a_numeric_code_is_one_category_however_it_is_written() -> None:
    columns = columns_of({"g": [1, 2, 3, 1, 2, 3]})
    encoder = FeatureEncoder.fit(columns, kinds={"g": "category"})
    for values in (["1.0", "2", "3.00"], [1.0, 2.0, 3.0], [1, 2, 3], np.array([1, 2, 3], np.uint8)):
        features = encoder.transform(columns_of({"g": values}))
        assert features.categories[:, 0].tolist() == [1, 2, 3] and features.warning() is None
    texts = columns_of({"g": ["1", "1.0", "2", "2.0", "10"]})
    encoder = FeatureEncoder.fit(texts, kinds={"g": "category"})
    assert encoder.transform(texts).categories[:, 0].tolist() == [1, 1, 2, 2, 3]


def test_new_values_are_answered_and_counted_once() -> None:
    encoder = fitted(k=["a", "b", "c"] * 9, n=np.arange(27), f=[True, False, True] * 9)
    rows = columns_of(
        {
            "f": ["perhaps", "yes", "no", None],
            "n": ["1", "many", "", "4"],
            "k": ["a", "d", "e", None],
        }
    )
    features = encoder.transform(rows)
    assert features.categories[:, 0].tolist() == [1, 0, 0, 0]
    assert features.matrix()[1].tolist() == [0, 1, 0, 0, 0]
    assert features.numbers[:, 1].tolist() == [0, 1, -1, 0] and features.numbers[1:3, 0].tolist() == [0, 0]
    assert features.warning() == (
        'got 2 rows with 2 new values such as "d", "e" in column "k"; 1 row with a missing value in column "k"; '
        '1 row with the new value "many" in column "n"; 1 row with a missing value in column "n"; '
        '1 row with the new value "perhaps" in column "f"; 1 row with a missing value in column "f", '
        "of 4 rows; training saw none, so they count as unknown"
    )
    assert {name: found.new_rows for name, found in features.unknown.items()} == {"k": 2, "n": 1, "f": 1}


def test_rare_categories_share_a_code_and_are_nothing_new() -> None:
    values = [f"c{i // 10:02d}" for i in range(600)] + ["once", "twice", "twice"]
    encoder = fitted(x=values)
    assert encoder.readings[0].reason == "62 categories, 1 rare ones as one"
    features = encoder.transform({"x": np.array(["once", "never seen", "c00"], object)})
    assert features.categories[:, 0].tolist() == [0, 0, 1] and features.warning() is None


def test_columns_are_found_by_name() -> None:
    encoder = fitted(a=[1, 2, 3], b=["x", "y", "x"], c=[5, 5, 5])
    assert encoder.names == ["a", "b"]
    features = encoder.transform(columns_of({"extra": [0], "b": ["y"], "a": [2]}))
    assert features.matrix().tolist() == [[0, 0, 1]]
    with pytest.raises(
        ValueError, match=r'X: got no column "a", "b"; expected the columns of fit \(did you mean "B"'
    ):
        encoder.transform(columns_of({"B": ["y"]}))


def test_all_problems_at_once() -> None:
    columns = columns_of({"age": [1, 2, 3], "town": ["a", "b", "a"]})
    with pytest.raises(ValueError, match="kinds") as caught:
        FeatureEncoder.fit(
            columns, kinds={"agee": "number", "town": "number", "age": "colour"}, drop=["twon"]
        )
    assert str(caught.value).splitlines() == [
        'kinds: got the unknown column "agee"; expected one of "age", "town" (did you mean "age" for "agee"?)',
        'drop: got the unknown column "twon"; expected one of "age", "town" (did you mean "town" for "twon"?)',
        (
            'kinds: got "colour"; expected one of number, category, boolean, date, text, left out, '
            "day/month/year, month/day/year"
        ),
        'column "town": got no numbers, for example "a"; expected some',
    ]
    with pytest.raises(
        ValueError, match=r'columns: got none to learn from \("x": the same value in every row\)'
    ):
        fitted(x=[1, 1])


def test_lines_say_how_each_column_was_read() -> None:
    text = "\n".join(
        [
            ",age,town,member,joined,fee,note,site",
            *(
                f"{i},{'NA' if i == 3 else 20 + i},{['Ulm', 'Bonn', ''][i % 3]},{'ny'[i % 2]},2020-01-{1 + i % 28:02d},"
                f'"${i + 1},000",word{i % 4} word{i % 7} {i},Berlin'
                for i in range(90)
            ),
        ]
    )
    columns = read_table(io.StringIO(text))
    encoder = FeatureEncoder.fit(columns)
    assert encoder.lines() == [
        '2 numbers: age (1 missing), fee (written with "$")',
        "1 category: town (2 categories, 30 missing)",
        "1 boolean: member",
        "1 date: joined (year-month-day)",
        "1 text: note (90 different texts, 7 frequent words)",
        "left out: column 1 (row numbers)",
        "left out: site (the same value in every row)",
    ]
    many = fitted(**{f"v{i:03d}": np.arange(4) * (i + 1) for i in range(300)}, c1=[1] * 4, c2=[2] * 4)
    assert many.lines()[0].startswith("300 numbers: v000, v001, ") and many.lines()[0].endswith(", …, v299")
    assert len(many.lines()[0]) < 150
    assert many.lines()[1] == "left out: c1, c2 (the same value in every row)"


def test_control_characters_are_escaped() -> None:
    columns = columns_of({"\033[2Ja": ["\033[31mowned", "x", "y", "x"] * 20, "n": range(80)})
    encoder = FeatureEncoder.fit(columns)
    features = encoder.transform(columns_of({"\033[2Ja": ["\033[31mnew"], "n": [1]}))
    assert features.warning() is not None
    shown = [*encoder.lines(), str(features.warning())]
    with pytest.raises(ValueError, match="no column") as caught:
        encoder.transform(columns_of({"n": [1]}))
    assert all("\033" not in line for line in [*shown, str(caught.value)])
    assert any("\\x1b[31mnew" in line for line in shown)


def mixed() -> Any:
    return columns_of(
        {
            "n": [1.5, None, 3, 4] * 9,
            "money": ["1,5 €", "2 €", "3,25 €", "4 €"] * 9,
            "k": ["a", "b", None, "a"] * 9,
            "f": ["yes", "no", "no", "yes"] * 9,
            "d": [f"2020-01-{i + 1:02d} 1{i % 10}:00" for i in range(28)] * 1 + [None] * 8,
            "t": [f"word {i} of {i % 5}" for i in range(36)],
            "id": range(36),
        }
    )


def test_plain_values_restore_the_encoder() -> None:
    columns = mixed()
    encoder = FeatureEncoder.fit(columns)
    assert [r.kind for r in encoder.readings] == [
        "number",
        "number",
        "category",
        "boolean",
        "date",
        "text",
        "left out",
    ]
    again = FeatureEncoder.from_config(json.loads(json.dumps(encoder.to_config())))
    assert (
        again.lines() == encoder.lines()
        and again.transform(columns).sizes == encoder.transform(columns).sizes
    )
    np.testing.assert_array_equal(again.transform(columns).matrix(), encoder.transform(columns).matrix())


CHANGES: list[tuple[str, Any]] = [
    ("kind", "colour"), ("name", 3), ("centre", "0"), ("centre", float("nan")), ("factor", None), ("optional", 1),
    ("decimal", "x"), ("affix", 5), ("more", 1),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), CHANGES)
def test_other_plain_values_are_refused(key: str, value: Any) -> None:
    config = FeatureEncoder.fit(mixed()).to_config()
    config["columns"][0][key] = value
    with pytest.raises(ValueError, match="got a malformed description"):
        FeatureEncoder.from_config(config)


@pytest.mark.parametrize(
    "config", [None, {}, {"readings": [], "columns": [3]}, {"readings": [{}], "columns": []}]
)
def test_what_is_no_description_is_refused(config: Any) -> None:
    with pytest.raises(ValueError, match="got a malformed description"):
        FeatureEncoder.from_config(config)


def test_texts_hashed_dates_of_unknown_style_and_codes_are_checked() -> None:
    config = FeatureEncoder.fit(mixed()).to_config()
    changes = ((2, "categories", [1]), (4, "style", "x"), (4, "parts", ["era"]), (5, "buckets", [99999]))
    for column, key, value in changes:
        changed = json.loads(json.dumps(config))
        changed["columns"][column][key] = value
        with pytest.raises(ValueError, match="got a malformed description"):
            FeatureEncoder.from_config(changed)


def test_texts_are_their_frequent_words_and_a_mark_of_missing_ones() -> None:
    texts = [f"{'Red' if i % 2 else 'blue'} item {i}" for i in range(60)]
    encoder = fitted(t=[*texts, None], n=range(61))
    rows = columns_of({"t": [None, "a RED one", "item", "new"], "n": [0] * 4})
    numbers = encoder.transform(rows).numbers[:, :-1]
    assert encoder.number_names[-2:] == ["t is missing", "n"]
    assert numbers[:, -1].tolist() == [1, 0, 0, 0]
    assert not numbers[0, :-1].any() and not numbers[3].any()
    assert numbers[1].any() and not (numbers[1] * numbers[2]).any()
    complete = fitted(t=texts, n=range(60)).transform(rows)
    assert not complete.numbers[0, :-1].any()
    assert complete.unknown["t"].gaps == 1


def test_texts_without_any_value_are_refused() -> None:
    with pytest.raises(ValueError, match='column "t": got no words that repeat'):
        FeatureEncoder.fit(columns_of({"t": [None, None], "n": [1, 2]}), kinds={"t": "text"})


FEES = ["50,25", "61,5", "72,125", "48,75"] * 5


def numbers_of(encoder: FeatureEncoder, table: Any) -> list[float]:
    """The first scaled number of each row, unscaled: the values that the encoder read."""
    column, scaled = encoder.columns[0], encoder.transform(table).numbers[:, 0].astype(float)
    bounded = scaled / np.sqrt(1 - (scaled / 3) ** 2)
    return np.round(bounded / column.factor + column.centre, 3).tolist()  # type: ignore[union-attr]


def in_file(*lines: str, **options: Any) -> Any:
    return read_table(io.StringIO("\n".join(lines)), **options)


@pytest.mark.parametrize("number", [53.456, np.float32(53.5), np.float64(53.456), Decimal("53.456"), 53])
def test_a_number_has_its_value_beside_texts_of_any_mark(number: Any) -> None:
    encoder = FeatureEncoder.fit(in_file("fee;z", *(f"{fee};{i}" for i, fee in enumerate(FEES))))
    expected = round(float(number), 3)
    for beside in ("53,456", None, 53.456):
        table = columns_of([{"fee": number, "z": 1}, {"fee": beside, "z": 1}])
        assert numbers_of(encoder, table)[0] == pytest.approx(expected, abs=0.002)
        if isinstance(beside, str):
            assert numbers_of(encoder, table)[1] == pytest.approx(53.456, abs=0.002)
    assert encoder.transform(columns_of([{"fee": "53.456", "z": 1}] * 2)).numbers[0, 0] > 2.9  # 53456


def test_numbers_beside_texts_of_decimal_commas_are_fitted_as_they_are() -> None:
    fees: list[Any] = [fee if i % 3 else float(fee.replace(",", ".")) for i, fee in enumerate(FEES)]
    table = columns_of({"fee": fees, "z": np.arange(20)})
    encoder = FeatureEncoder.fit(table)
    assert encoder.readings[0] == Reading("fee", "number", "decimal comma")
    assert numbers_of(encoder, table)[:4] == pytest.approx([50.25, 61.5, 72.125, 48.75], abs=0.002)
    percent = columns_of({"fee": ["5%", 5.0, "6%", "7%"] * 4})
    assert FeatureEncoder.fit(percent).readings[0].kind == "category"


def test_one_decimal_mark_reads_a_whole_column() -> None:
    points = FeatureEncoder.fit(
        in_file("fee,z", *(f"{fee.replace(',', '.')},{i}" for i, fee in enumerate(FEES)))
    )
    for texts in (["53,456", "53,45"], ["53,45", "53,456", "soon"]):
        table = in_file("fee;z", *(f"{text};1" for text in texts))
        assert numbers_of(points, table)[:2] == pytest.approx(
            [float(t.replace(",", ".")) for t in texts[:2]], abs=0.002
        )
        assert (
            numbers_of(points, columns_of({"fee": texts, "z": [1] * len(texts)}))[:2]
            == numbers_of(points, table)[:2]
        )
    table = in_file("fee;z", "53,456;1", "54,125;1", decimal=",")
    assert numbers_of(points, table) == pytest.approx([53.456, 54.125], abs=0.002)
    commas = FeatureEncoder.fit(in_file("fee;z", *(f"{fee};{i}" for i, fee in enumerate(FEES))))
    table = in_file("fee;z", "53.456 €;1", "54.125 €;1", decimal=".")
    assert numbers_of(commas, table) == pytest.approx([53.456, 54.125], abs=0.002)
    table = in_file("fee;z", "53.456 €;1", "54.5 €;1")
    assert numbers_of(commas, table) == pytest.approx([53.456, 54.5], abs=0.002)
    mixed = columns_of({"fee": ["53.45", "53,45"], "z": [1, 1]})
    assert numbers_of(points, mixed) == numbers_of(commas, mixed) == pytest.approx([53.45, 53.45], abs=0.002)


def test_the_mark_of_a_file_reads_a_column_of_mostly_numbers() -> None:
    cells = [f"{50 + i},{125 + i}" for i in range(99)] + ["broken"]
    table = in_file("fee;z", *(f"{cell};{i}" for i, cell in enumerate(cells)), "1,5;2")
    encoder = FeatureEncoder.fit(table)
    assert encoder.readings[0].kind == "number" and "decimal comma" in encoder.readings[0].reason
    assert encoder.columns[0].centre == pytest.approx(98.173, abs=2)  # type: ignore[union-attr]


def test_json_takes_the_mark_of_the_option() -> None:
    rows = [{"fee": "1,234", "z": i} if i % 2 else {"fee": 1.5, "z": i} for i in range(20)]
    table = read_table(io.StringIO(json.dumps(rows)), decimal=",")
    assert numbers_of(FeatureEncoder.fit(table), table)[:2] == pytest.approx([1.5, 1.234], abs=0.002)


IDS = [10**18 + i for i in range(20)]


@pytest.mark.parametrize("form", ["int64", "uint64", "texts", "objects", "file", "gaps"])
def test_whole_numbers_beyond_float64_are_different_categories(form: str) -> None:
    ids = IDS * 3
    table = {
        "int64": lambda: columns_of({"key": np.array(ids)}),
        "uint64": lambda: columns_of({"key": np.array(ids, np.uint64)}),
        "texts": lambda: columns_of({"key": list(map(str, ids))}),
        "objects": lambda: columns_of({"key": [*ids, None]}),
        "file": lambda: in_file("key,z", *(f"{key},{i}" for i, key in enumerate(ids))).without("z"),
        "gaps": lambda: in_file("key,z", *(f"{key},{i}" for i, key in enumerate(ids)), ",1").without("z"),
    }[form]()
    encoder = FeatureEncoder.fit(table, kinds={"key": "category"})
    assert encoder.readings[0].reason.startswith("as asked, 20 categories")
    assert encoder.transform(table).categories[:20, 0].tolist() == list(range(1, 21))
    assert encoder.transform(columns_of({"key": np.array(IDS)})).categories[:, 0].tolist() == list(
        range(1, 21)
    )
    assert FeatureEncoder.fit(table).readings[0].kind == "category"


def test_long_whole_numbers_of_a_file_are_exact() -> None:
    table = in_file("key,z", *(f"{key},{i}" for i, key in enumerate(IDS)))
    assert table["key"].dtype == np.int64 and table["key"].tolist() == IDS
    assert in_file("key,z", f"{2**64},1", "3,2")["key"].tolist() == [str(2**64), "3"]
    assert in_file("key,z", f"{10**18},1", "1.5,2")["key"].tolist() == [1e18, 1.5]
    reading = FeatureEncoder.fit(columns_of({"id": np.array(IDS), "x": np.arange(20.0)})).readings[0]
    assert reading == Reading("id", "left out", "an identifier: every value occurs once", "text")


def test_categories_of_long_floats_are_found_again_as_whole_numbers() -> None:
    encoder = FeatureEncoder.fit(columns_of({"key": np.array([1e17, 2e17] * 5)}), kinds={"key": "category"})
    found = encoder.transform(columns_of({"key": np.array([10**17, 2 * 10**17, 10**17 + 1])})).categories[
        :, 0
    ]
    assert found.tolist() == [1, 2, 1]  # float64 does not tell 10**17 + 1 from 10**17


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, np.nan]])
def test_an_infinite_number_is_missing_if_fit_saw_none(values: list[float]) -> None:
    encoder = fitted(x=np.array(values * 5))
    for infinite in (np.inf, -np.inf, "inf"):
        features = encoder.transform(columns_of({"x": [2.0, infinite]}))
        assert features.unknown["x"] == Unknown(0, [], 0, 1) and features.numbers[1, 0] == 0.0
        assert features.warning() == (
            'got 1 row with an infinite number in column "x", of 2 rows; training saw none, so they count as unknown'
        )
    seen = fitted(x=np.array([*values, np.inf] * 5))
    features = seen.transform(columns_of({"x": [2.0, np.inf]}))
    assert features.warning() is None and features.numbers[1, 0] == 3.0
    old = encoder.to_config()
    del old["columns"][0]["infinite"]  # as in files of version 2 that were written before
    features = FeatureEncoder.from_config(old).transform(columns_of({"x": [2.0, np.inf]}))
    assert features.warning() is None and features.numbers[1, 0] == 3.0
