"""Tables of NumPy alone through the transformer: the encoding of each column, its inverse, and refused input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek._io.canonical_json import canonical, parse
from deepseek._sampling import uniform
from deepseek._tables.labels import LabelColumn
from deepseek._tables.raw import from_numpy
from deepseek._tables.transformer import TableTransformer
from deepseek.reference import philox
from programs.tables import ROWS, fitted, table

Array = NDArray[Any]


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
    rows = rng.uniform(-1, 1, (5000, transformer.width))  # anything that a generator may make
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


def test_draws_are_those_of_the_reference_generator() -> None:
    words = philox.words(7, 10, np.arange(50), stream=3).astype(np.float64)
    expected = (np.floor(words[:, 0] / 2**5) * 2.0**26 + np.floor(words[:, 1] / 2**6)) * 2.0**-53
    assert np.array_equal(uniform(7, 0, 50, purpose=10, stream=3), expected)
    values = np.random.default_rng(0).normal(size=(50, 4)) + np.arange(50)[:, None] % 2 * 3
    transformer = TableTransformer().fit(np.tile(values, (10, 1)))
    column = transformer._columns[3]
    raw = from_numpy(values[:, 3], 3)
    coded = transformer.transform(values, 7)
    assert np.array_equal(
        coded[:, -len(column.encode(raw, lambda: expected).T) :], column.encode(raw, lambda: expected)
    )


def test_it_prints() -> None:
    assert repr(TableTransformer()) == "TableTransformer(not fitted)"
    assert repr(fitted()) == f"TableTransformer(18 columns as {fitted().width} numbers)"


def test_columns_are_found_by_name() -> None:
    data = table()
    transformer = fitted()
    reordered = dict(reversed(list(data.items())))
    assert np.array_equal(transformer.transform(reordered), transformer.transform(data))


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
    for bad, message in (
        (["c"], "column 'income': got 'c' in row 0; expected a value seen at fit: 'a', 'b'"),
    ):
        with pytest.raises(ValueError, match=message):
            column.transform(bad)
    for bad in ([2], [-1], [0.5], [[0]]):
        with pytest.raises(ValueError, match="whole numbers from 0 to 1"):
            column.inverse(bad)
    with pytest.raises(ValueError, match="y: got a missing label in row 1; expected a label in every row"):
        LabelColumn().fit(["a", None])
    with pytest.raises(ValueError, match="no labels"):
        LabelColumn().fit([])
