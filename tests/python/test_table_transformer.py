"""Tables of NumPy alone through the transformer: what a column becomes, the way back, and what is refused."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek._files.config import canonical, parse
from deepseek._table_labels import LabelColumn
from deepseek._table_transformer import TableTransformer

Array = NDArray[Any]
ROWS = 400


def table() -> dict[str, Array]:
    """A column of every kind; None and NaN where a value is missing."""
    rng = np.random.default_rng(0)
    gone = rng.random(ROWS) < 0.1
    ages = rng.integers(17, 90, ROWS)
    towns = rng.choice(np.array(["Ulm", "Bonn", "Köln"], object), ROWS)
    return {
        "age": ages,
        "even": (2 * ages).astype(np.uint8),
        "rooms": rng.integers(1, 6, ROWS).astype(np.int16),
        "price": np.round(rng.uniform(5, 60, ROWS), 2),
        "height": rng.normal(size=ROWS).clip(-2, 2),
        "single": rng.normal(size=ROWS).clip(-2, 2).astype(np.float32),
        "income": np.where(gone, np.nan, 100.0 * rng.integers(10, 80, ROWS)),
        "town": towns.astype("U4"),
        "or town": np.where(gone, None, towns),
        "or nan": np.where(gone, np.nan, towns),
        "or age": np.where(gone, None, ages.astype(object)),
        "yes": rng.random(ROWS) < 0.3,
        "always": np.full(ROWS, 7),
        "seldom": np.where(gone, np.nan, 7.0),
        "never": np.full(ROWS, np.nan),
        "day": np.datetime64("2020-02-01", "D") + rng.integers(0, 900, ROWS),
        "when": np.where(
            gone, np.datetime64("NaT"), np.datetime64("2020-02-01T10", "s") + 3600 * rng.integers(0, 99, ROWS)
        ),
        "took": rng.integers(0, 10**6, ROWS).astype("m8[ms]"),
    }


@functools.cache
def fitted() -> TableTransformer:
    """Fitted on the table; for tests that do not fit it again."""
    return TableTransformer().fit(table())


ROUNDED = ("height", "single")  # not on a grid: the last bits may differ


def same(one: Array, other: Array, exact: bool = True) -> None:
    assert one.dtype == other.dtype
    assert one.shape == other.shape
    if not exact:
        assert np.allclose(one, other, rtol=1e-6 if one.dtype == np.float32 else 1e-12, atol=1e-12)
    elif one.dtype.kind == "O":
        assert list(map(repr, one)) == list(map(repr, other))
    else:
        assert np.array_equal(one, other, equal_nan=one.dtype.kind in "fMm")


def through_text(transformer: TableTransformer) -> TableTransformer:
    text = canonical(transformer.to_config())
    made = TableTransformer.from_config(parse(text))
    assert canonical(made.to_config()) == text
    return made


@pytest.mark.parametrize("seed", [0, 1])
def test_the_way_back(seed: int) -> None:
    data = table()
    transformer = fitted()
    rows = transformer.transform(data, seed)
    assert rows.shape == (ROWS, transformer.width)
    assert rows.dtype == np.float64
    back = transformer.inverse(rows)
    assert list(back) == list(data)
    for name, column in data.items():
        same(back[name], column, exact=name not in ROUNDED)


def test_single_precision_is_enough_for_numbers_on_a_grid() -> None:
    data = table()
    transformer = fitted()
    back = transformer.inverse(transformer.transform(data).astype(np.float32))
    for name, column in data.items():
        if name not in ROUNDED:
            same(back[name], column)


def test_a_configuration_is_the_transformer() -> None:
    data = table()
    transformer = TableTransformer(categorical=["age"], integer=["income"]).fit(data, "yes")
    again = through_text(transformer)
    rows = transformer.transform(data, 5)
    assert again.transform(data, 5).tobytes() == rows.tobytes()
    assert again.blocks == transformer.blocks
    assert again.names == transformer.names
    codes = again.codes(data)
    one, other = again.inverse(rows, codes), transformer.inverse(rows, codes)
    for name, column in one.items():
        same(column, other[name])
    assert (again.categorical, again.integer) == (["age"], ["income"])


def test_rows_are_what_blocks_say() -> None:
    data = table()
    transformer = fitted()
    rows = transformer.transform(data)
    start = 0
    for block in transformer.blocks:
        assert set(block) == {"activation", "units", "alpha", "temperature", "hard"}
        part = rows[:, start : start + block["units"]]
        start += block["units"]
        if block["activation"] == "tanh":
            assert block["units"] == 1
            assert np.abs(part).max() <= 0.99
        else:
            assert block["activation"] == "gumbel"
            assert block["units"] > 1
            assert (np.sort(part, axis=1)[:, :-1] == 0).all()
            assert (part.max(axis=1) == 1).all()
    assert start == transformer.width == rows.shape[1]


def blocks_of(column: Array, **arguments: Any) -> list[tuple[str, int]]:
    data = {"c": column, "other": np.arange(len(column)) * 1.1}
    named = {key: ["c"] if value else [] for key, value in arguments.items()}
    transformer = TableTransformer(**named).fit(data)
    other = TableTransformer().fit({"other": data["other"]})
    blocks = [(block["activation"], block["units"]) for block in transformer.blocks]
    return blocks[: len(blocks) - len(other.blocks)]


def test_what_a_column_becomes() -> None:
    rng = np.random.default_rng(0)
    normal = rng.normal(size=ROWS)
    gone = np.arange(ROWS) % 9 == 0
    assert blocks_of(normal) == [("tanh", 1)]
    assert blocks_of(np.where(gone, np.nan, normal)) == [("tanh", 1), ("gumbel", 2)]
    assert blocks_of(np.where(rng.random(ROWS) < 0.5, normal, normal + 9)) == [("tanh", 1), ("gumbel", 2)]
    assert blocks_of(np.where(gone, 100.0, normal)) == [("tanh", 1), ("gumbel", 2)]  # an atom and a Gaussian
    assert blocks_of(np.full(ROWS, 3)) == []
    assert blocks_of(np.full(ROWS, np.nan)) == []
    assert blocks_of(np.where(gone, np.nan, 3.0)) == [("gumbel", 2)]
    assert blocks_of(rng.choice(["a", "b", "c"], ROWS)) == [("gumbel", 3)]
    assert blocks_of(rng.choice(np.array(["a", "b", None], object), ROWS)) == [("gumbel", 3)]


def test_few_different_numbers_are_categories() -> None:
    rng = np.random.default_rng(0)
    ten, eleven = rng.permutation(np.arange(ROWS) % 10), rng.permutation(np.arange(ROWS) % 11)
    assert blocks_of(ten) == [("gumbel", 10)]
    assert blocks_of(ten / 4) == [("gumbel", 10)]
    assert blocks_of(eleven)[0] == ("tanh", 1)
    assert blocks_of(ten[:49])[0] == ("tanh", 1)  # fewer than five times each
    assert blocks_of(ten, integer=True)[0] == ("tanh", 1)
    assert blocks_of(ten, categorical=False)[0] == ("tanh", 1)
    assert blocks_of(eleven, categorical=True) == [("gumbel", 11)]


def test_numbers_keep_grid_range_and_decimals() -> None:
    data = table()
    transformer = fitted()
    rng = np.random.default_rng(3)
    rows = rng.uniform(-1, 1, (5000, transformer.width))  # whatever a generator may make
    made = transformer.inverse(rows)
    for name in ("age", "even", "price", "height", "single", "day", "took"):
        assert made[name].dtype == data[name].dtype
        assert made[name].min() >= data[name].min()
        assert made[name].max() <= data[name].max()
        assert len(np.unique(made[name])) > 20
    assert (made["even"] % 2 == 0).all()
    assert np.array_equal(made["price"], np.round(made["price"], 2))
    present = made["income"][~np.isnan(made["income"])]
    assert 0 < len(present) < 5000
    assert (present % 100 == 0).all()
    assert set(made["rooms"].tolist()) == {1, 2, 3, 4, 5}
    assert set(made["or town"].tolist()) == {"Ulm", "Bonn", "Köln", None}
    assert (made["always"] == 7).all()
    assert np.isnan(made["never"]).all()
    moments = made["when"][~np.isnat(made["when"])].astype(np.int64)
    assert (moments % 3600 == 0).all()


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "u1", ">f8", "?"])
def test_arrays_come_back_as_arrays(dtype: str) -> None:
    X = np.random.default_rng(0).integers(0, 2 if dtype == "?" else 40, (200, 3)).astype(dtype)
    transformer = TableTransformer().fit(X)
    back = transformer.inverse(transformer.transform(X))
    same(back, X)
    assert transformer.names == [0, 1, 2]
    same(through_text(transformer).inverse(transformer.transform(X)), X)


def test_lists_and_objects() -> None:
    rows = [[20 + i % 60, "ab"[i % 2], None if i % 7 == 0 else i / 8] for i in range(200)]
    transformer = TableTransformer().fit(rows)
    back = transformer.inverse(transformer.transform(rows))
    assert back.dtype == object
    assert back.tolist() == rows
    assert type(back[0, 0]) is int
    mixed = np.array([1, "1", 2.5, True, "x"] * 20, object)
    data = {"m": mixed, "n": np.arange(100)}
    transformer = TableTransformer().fit(data)
    assert transformer.inverse(transformer.transform(data))["m"].tolist() == [1, "1", 2.5, 1, "x"] * 20


def test_structured_arrays() -> None:
    records = np.array([(20 + i % 60, "ab"[i % 2], i / 8) for i in range(200)], "i4,U1,f8")
    transformer = TableTransformer().fit(records)
    back = transformer.inverse(transformer.transform(records))
    assert back.dtype == records.dtype
    assert back.tolist() == records.tolist()


def test_masked_arrays() -> None:
    X = np.ma.masked_less(np.random.default_rng(0).normal(size=(200, 2)).round(3).clip(-2, 2), -1.0)
    transformer = TableTransformer().fit(X)
    assert transformer.inverse(transformer.transform(X)).tolist() == X.tolist()
    assert X.data.min() < -1.0  # what was handed in is as it was


def test_draws_are_a_function_of_seed_column_and_row() -> None:
    values = np.random.default_rng(0).normal(size=(300, 2)) + np.arange(300)[:, None] % 2 * 3
    transformer = TableTransformer().fit(values)
    rows = transformer.transform(values, 7)
    assert np.array_equal(transformer.transform(values, 7), rows)
    assert np.array_equal(transformer.transform(values[:100], 7), rows[:100])
    assert not np.array_equal(transformer.transform(values, 8), rows)
    equal = TableTransformer().fit(values[:, [0, 0]]).transform(values[:, [0, 0]])
    assert not np.array_equal(equal[:, : equal.shape[1] // 2], equal[:, equal.shape[1] // 2 :])


def test_columns_are_found_by_name() -> None:
    data = table()
    transformer = fitted()
    turned = dict(reversed(list(data.items())))
    assert np.array_equal(transformer.transform(turned), transformer.transform(data))


def test_a_column_of_labels_is_left_out_and_put_back() -> None:
    data = table()
    for name in ("town", "rooms", "yes"):
        transformer = TableTransformer().fit(data, name)
        rest = {key: column for key, column in data.items() if key != name}
        assert transformer.names == list(rest)
        rows = transformer.transform(data)
        assert np.array_equal(transformer.transform(rest), rows)
        codes = transformer.codes(data)
        assert codes.dtype == np.int64
        assert set(codes.tolist()) == set(range(len(np.unique(data[name]))))
        back = transformer.inverse(rows, codes)
        assert list(back) == list(data)
        same(back[name], data[name])
        assert list(transformer.inverse(rows)) == list(rest)
    X = np.column_stack([np.arange(50) % 3, np.arange(50.0)])
    transformer = TableTransformer().fit(X, 0)
    same(transformer.inverse(transformer.transform(X[:, 1:]), transformer.codes(X)), X)


def test_labels() -> None:
    for labels, classes in (
        (["no", "yes", "no"], ["no", "yes"]),
        (np.array([3, 5, 3], np.uint8), [3, 5]),
        (np.array([0.5, -1.5, 0.5], np.float32), [-1.5, 0.5]),
        (np.array([True, False]), [False, True]),
        ([0, 1, 2, 1], [0, 1, 2]),
    ):
        column = LabelColumn().fit(labels)
        assert column.classes == classes
        codes = column.transform(labels)
        assert [classes[code] for code in codes] == list(labels)
        again = LabelColumn.from_config(parse(canonical(column.to_config())))
        back = again.inverse(codes)
        assert back.tolist() == list(labels)
        if isinstance(labels, np.ndarray):
            assert back.dtype == labels.dtype
        assert again.transform(labels[0]).tolist() == [codes[0]]
    column = LabelColumn("income").fit(["a", "b"])
    for bad, message in ((["c"], r"column 'income' has 'c' in row 0; the values at fit were 'a', 'b'"),):
        with pytest.raises(ValueError, match=message):
            column.transform(bad)
    for bad in ([2], [-1], [0.5], [[0]]):
        with pytest.raises(ValueError, match="whole numbers from 0 to 1"):
            column.inverse(bad)
    with pytest.raises(ValueError, match="y has no label in row 1"):
        LabelColumn().fit(["a", None])
    with pytest.raises(ValueError, match="no labels"):
        LabelColumn().fit([])


REFUSED = [
    ({"X": np.zeros((5, 2))}, ValueError, "every column of X is constant"),
    ({"X": np.zeros(5)}, ValueError, r"must be 2-D.*\(5,\)"),
    ({"X": np.zeros((0, 2))}, ValueError, "rows"),
    ({"X": {"a": [1, 2], "b": [1, 2, 3]}}, ValueError, "equally long.*'a': 2, 'b': 3"),
    ({"X": {"a": [[1], [2]]}}, ValueError, r"X\['a'\] must be one-dimensional"),
    ({"X": {None: [1, 2]}}, TypeError, "column names must be text or whole numbers, got None"),
    ({"X": {}}, ValueError, "0 columns"),
    ({"X": "text"}, ValueError, "must be 2-D"),
    ({"X": {"a": [1.0, np.inf]}}, ValueError, "column 'a' has inf in row 1"),
    ({"X": {"a": [1j, 2j]}}, TypeError, "column 'a' has dtype complex128"),
    ({"X": {"a": np.array([b"x", b"y"])}}, TypeError, "column 'a' has dtype |S1"),
    ({"X": {"a": np.array([1, [2]], object)}}, TypeError, r"column 'a' holds \[2\] \(list\) in row 1"),
    ({"X": {"a": np.array([2**70, 1], object)}}, ValueError, "column 'a' has whole numbers beyond"),
    ({"X": {"a": np.array([2**63, 1], np.uint64)}}, ValueError, "column 'a' has 9223372036854775808"),
    ({"X": {"a": [-(2**62), 5, 2**62]}}, ValueError, "column 'a' spans"),
    ({"X": {"a": [str(i) for i in range(1001)]}}, ValueError, "column 'a' has 1001 different.*astype"),
    ({"X": {"a": [f"x{i}" for i in range(1001)]}}, ValueError, "identifier, which should be left out$"),
    ({"X": {"a": [1, 2]}, "y": "b"}, ValueError, "y names column 'b', which X has not; its columns are 'a'"),
    ({"X": {"a": [1, 2]}, "categorical": ["b"]}, ValueError, "categorical names column 'b'"),
    ({"X": {"a": [1, 2]}, "integer": ["b"]}, ValueError, "integer names column 'b'"),
    ({"X": {"a": [1, 2]}, "integer": "a"}, TypeError, "integer must be a list"),
    ({"X": {"a": [1, 2]}, "integer": [1.5]}, TypeError, "integer must hold column names, got 1.5"),
    (
        {"X": {"a": [1, 2]}, "integer": ["a"], "categorical": ["a"]},
        ValueError,
        "as categorical and as integer",
    ),
    ({"X": {"a": [1, 2.5, 3]}, "integer": ["a"]}, ValueError, "column 'a'.*integer, but has 2.5 in row 1"),
    (
        {"X": {"a": ["x", "y"]}, "integer": ["a"]},
        TypeError,
        "column 'a' is said to be integer, but holds text",
    ),
    ({"X": {"a": [1, 2], "b": [1.0, np.nan]}, "y": "b"}, ValueError, "column 'b' has no label in row 1"),
]


@pytest.mark.parametrize(("case", "error", "message"), REFUSED)
def test_what_cannot_be_learned_is_named(case: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments = {key: value for key, value in case.items() if key in ("categorical", "integer")}
    with pytest.raises(error, match=message):
        TableTransformer(**arguments).fit(case["X"], case.get("y"))


CHANGED = [
    (
        {"town": np.full(ROWS, "Rom")},
        ValueError,
        "column 'town' has 'Rom' in row 0; .* 'Bonn', 'Köln', 'Ulm'",
    ),
    ({"rooms": np.full(ROWS, 9)}, ValueError, "column 'rooms' has 9 in row 0"),
    ({"always": np.full(ROWS, 8)}, ValueError, "column 'always' has 8 in row 0; the values at fit were 7"),
    ({"never": np.full(ROWS, 8.0)}, ValueError, "column 'never' has 8.0 .* were none"),
    (
        {"price": np.full(ROWS, np.nan)},
        ValueError,
        "column 'price' has no value in row 0, but was never missing",
    ),
    ({"town": np.full(ROWS, None)}, ValueError, "column 'town' has no value in row 0"),
    ({"price": np.full(ROWS, "cheap")}, TypeError, "column 'price' must hold numbers as at fit, got 'cheap'"),
    ({"price": np.full(ROWS, np.inf)}, ValueError, "column 'price' has inf"),
    ({"more": np.zeros(ROWS)}, ValueError, "X has 'more', unknown at fit"),
]


@pytest.mark.parametrize(("change", "error", "message"), CHANGED)
def test_what_was_not_there_at_fit_is_named(change: Any, error: type[Exception], message: str) -> None:
    data = table()
    transformer = fitted()
    with pytest.raises(error, match=message):
        transformer.transform({**data, **change})


def test_other_tables_are_refused() -> None:
    data = table()
    transformer = fitted()
    with pytest.raises(ValueError, match="X lacks 'age'"):
        transformer.transform({key: column for key, column in data.items() if key != "age"})
    with pytest.raises(ValueError, match="fitted on named columns, but X has an array"):
        transformer.transform(np.zeros((2, len(data))))
    with pytest.raises(ValueError, match=rf"rows must have the shape \(rows, {transformer.width}\)"):
        transformer.inverse(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="not finite"):
        transformer.inverse(np.full((2, transformer.width), np.nan))
    with pytest.raises(ValueError, match="without a column of labels"):
        transformer.codes(data)
    with pytest.raises(ValueError, match="without a column of labels"):
        transformer.inverse(np.zeros((1, transformer.width)), [0])
    array = TableTransformer().fit(np.arange(20.0).reshape(10, 2))
    with pytest.raises(ValueError, match="X must have 2 columns as at fit, got 3"):
        array.transform(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="fitted on an array, but X has named columns"):
        array.transform({"a": [1.0]})
    with pytest.raises(ValueError, match="has not been fitted"):
        TableTransformer().transform(data)


def test_a_failed_fit_changes_nothing() -> None:
    data = table()
    transformer = TableTransformer().fit(data)
    before = canonical(transformer.to_config())
    with pytest.raises(ValueError, match="column 'price' has inf"):
        transformer.fit({**data, "price": np.full(ROWS, np.inf)})
    assert canonical(transformer.to_config()) == before


def test_damaged_configurations_are_refused() -> None:
    config = TableTransformer().fit(table(), "yes").to_config()
    for key in config:
        for bad in (None, 3, "x", [], {}, [None], -1):
            if bad == config[key] or (bad in (None, []) and key in ("categorical", "integer")):
                continue
            if (key, bad) == ("label", 3):  # another column, as good as any
                continue
            with pytest.raises((ValueError, TypeError)):
                TableTransformer.from_config({**config, key: bad})
    for place, column in enumerate(config["columns"]):
        for key in column:
            for bad in (None, "x", -5, [None], {}, 1e400):
                columns = [*config["columns"]]
                columns[place] = {**column, key: bad}
                if bad is None and key == "decimals" and not column["whole"]:
                    continue
                if bad == -5 and key == "low":
                    continue
                with pytest.raises(ValueError):  # noqa: PT011
                    TableTransformer.from_config({**config, "columns": columns})
