"""Frames of pandas and polars through the transformer: the very same frame comes back, of the same dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek._io.canonical_json import canonical, parse
from deepseek._tables.labels import LabelColumn
from deepseek._tables.transformer import TableTransformer

pytestmark = pytest.mark.peers

Array = NDArray[Any]
ROWS = 300
RNG = np.random.default_rng(0)
GONE = RNG.random(ROWS) < 0.1
AGES, KIDS = RNG.integers(17, 90, ROWS), RNG.integers(0, 4, ROWS)
PRICES = np.round(RNG.uniform(5, 60, ROWS), 2)
TOWNS = RNG.choice(np.array(["Ulm", "Bonn", "Köln"], object), ROWS)
FLAGS = RNG.random(ROWS) < 0.3
DAYS = np.datetime64("2020-01-01", "D") + RNG.integers(0, 900, ROWS).astype("m8[D]")


def holes(values: Array) -> list[Any]:
    return [None if gone else value for value, gone in zip(values.tolist(), GONE, strict=True)]


def pandas_frame(pd: Any) -> Any:
    when = pd.Series(DAYS.astype("M8[us]"))
    return pd.DataFrame(
        {
            "age": AGES,
            "kids": KIDS.astype(np.uint8),
            "price": PRICES,
            "single": PRICES.astype(np.float32),
            "town": pd.Series(TOWNS.tolist()),
            "flag": FLAGS,
            "always": 7,
            "never": np.nan,
            "when": when,
            "there": when.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
            "or when": when.where(~GONE),
            "took": pd.Series(AGES).astype("timedelta64[s]"),
            "or float": np.where(GONE, np.nan, AGES),
            "or Int64": pd.Series(holes(AGES), dtype="Int64"),
            "or Float64": pd.Series(holes(PRICES), dtype="Float64"),
            "or boolean": pd.Series(holes(FLAGS), dtype="boolean"),
            "or string": pd.Series(holes(TOWNS), dtype="string"),
            "or object": pd.Series(holes(TOWNS), dtype=object),
            "or number": pd.Series(holes(AGES), dtype=object),
            "or category": pd.Categorical(holes(TOWNS), ["Ulm", "Trier", "Bonn", "Köln"], ordered=True),
            "number": pd.Categorical(KIDS),
        }
    )


def polars_frame(pl: Any) -> Any:
    return pl.DataFrame(
        {
            "age": AGES,
            "kids": KIDS.astype(np.uint8),
            "price": PRICES,
            "single": PRICES.astype(np.float32),
            "town": TOWNS.tolist(),
            "flag": FLAGS,
            "day": DAYS,
            "when": pl.Series(DAYS.astype("M8[ms]")).dt.replace_time_zone("Asia/Tokyo"),
            "took": AGES.astype("m8[us]"),
            "null": [None] * ROWS,
            "nan": np.where(GONE, np.nan, PRICES),
            "or float": holes(PRICES),
            "or int": pl.Series(holes(AGES), dtype=pl.Int16),
            "or flag": holes(FLAGS),
            "or town": holes(TOWNS),
            "or category": pl.Series(holes(TOWNS), dtype=pl.Categorical),
            "or enum": pl.Series(holes(TOWNS), dtype=pl.Enum(["Ulm", "Trier", "Bonn", "Köln"])),
            "or day": pl.Series(holes(DAYS), dtype=pl.Date),
        }
    )


def made(library: str) -> tuple[Any, Any]:
    """(a frame of the library, its own test of equality)."""
    module = pytest.importorskip(library)
    build = {"pandas": pandas_frame, "polars": polars_frame}[library]
    return build(module), pytest.importorskip(f"{library}.testing").assert_frame_equal


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_the_frame_comes_back(library: str) -> None:
    frame, assert_equal = made(library)
    transformer = TableTransformer().fit(frame)
    rows = transformer.transform(frame)
    assert_equal(transformer.inverse(rows), frame, check_exact=True)
    text = canonical(transformer.to_config())
    again = TableTransformer.from_config(parse(text))
    assert canonical(again.to_config()) == text
    assert_equal(again.inverse(again.transform(frame)), frame, check_exact=True)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_labels_of_a_frame(library: str) -> None:
    frame, assert_equal = made(library)
    for name in ("town", "flag", "kids"):
        transformer = TableTransformer().fit(frame, name)
        rows, codes = transformer.transform(frame), transformer.codes(frame)
        assert_equal(transformer.inverse(rows, codes), frame, check_exact=True)
        assert name not in transformer.inverse(rows).columns
    labels = LabelColumn().fit(frame["town"])
    back = labels.inverse(labels.transform(frame["town"]))
    assert type(back) is type(frame["town"])
    assert back.dtype == frame["town"].dtype
    assert back.to_list() == TOWNS.tolist()


def test_declared_categories_keep_their_order() -> None:
    frame, _ = made("pandas")
    codes = LabelColumn().fit(frame["or category"].dropna())
    assert codes.classes == ["Ulm", "Bonn", "Köln"]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_fit_on_one_library_reads_another(library: str) -> None:
    frame, _ = made(library)
    plain = {"age": AGES, "price": PRICES, "town": TOWNS}
    part = frame[list(plain)]
    transformer = TableTransformer().fit(plain)
    assert np.array_equal(transformer.transform(part), transformer.transform(plain))
    assert list(transformer.inverse(transformer.transform(part))) == list(plain)


def test_what_a_frame_must_not_hold() -> None:
    pd = pytest.importorskip("pandas")
    for column, error, message in (
        (
            pd.period_range("2020", periods=3, freq="M"),
            TypeError,
            r"column 'a': got dtype period\[M\]; expected numbers,",
        ),
        (
            pd.Series([1, [2], 3], dtype=object),
            TypeError,
            r"column 'a': got \[2\] \(list\) in row 1; expected numbers,",
        ),
        (
            pd.interval_range(0, 3),
            TypeError,
            r"column 'a': got dtype interval\[int64, right\]; expected numbers,",
        ),
    ):
        with pytest.raises(error, match=message):
            TableTransformer().fit(pd.DataFrame({"a": column, "b": [1, 2, 3]}))
    with pytest.raises(ValueError, match="X: got 2 columns named 'a'; expected different names"):
        TableTransformer().fit(pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]))
    with pytest.raises(TypeError, match=r"X: got the column name \('a', 1\); expected text or whole numbers"):
        TableTransformer().fit(pd.DataFrame({("a", 1): [1, 2]}))
    pl = pytest.importorskip("polars")
    with pytest.raises(TypeError, match="column 'a': got dtype List"):
        TableTransformer().fit(pl.DataFrame({"a": [[1], [2]]}))


def test_other_libraries_are_named() -> None:
    class Frame:
        columns = ("a",)

    with pytest.raises(TypeError, match=r"Frame; expected an array, a dictionary .* to_pandas\(\)"):
        TableTransformer().fit(Frame())
