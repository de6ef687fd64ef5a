"""What the table transformer refuses: columns it cannot learn, values it did not see, damaged configurations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepseek._io.canonical_json import canonical
from deepseek._tables.transformer import TableTransformer
from programs.tables import ROWS, fitted, table

REFUSED = [
    ({"X": np.zeros((5, 2))}, ValueError, "X: got only constant columns; expected at least one that varies"),
    ({"X": np.zeros(5)}, ValueError, r"X: got shape \(5,\); expected 2-D \(rows, columns\), a dictionary"),
    ({"X": np.zeros((0, 2))}, ValueError, "rows"),
    (
        {"X": {"a": [1, 2], "b": [1, 2, 3]}},
        ValueError,
        r"X: got columns of lengths \{'a': 2, 'b': 3\}; expected equal lengths",
    ),
    ({"X": {"a": [[1], [2]]}}, ValueError, r"X\['a'\]: got shape \(2, 1\); expected one dimension"),
    ({"X": {None: [1, 2]}}, TypeError, "X: got the column name None; expected text or whole numbers"),
    ({"X": {}}, ValueError, "0 columns"),
    ({"X": "text"}, ValueError, r"X: got shape \(\); expected 2-D \(rows, columns\), a dictionary or a"),
    ({"X": {"a": [1.0, np.inf]}}, ValueError, "column 'a': got inf in row 1; expected finite numbers, or"),
    ({"X": {"a": [1j, 2j]}}, TypeError, "column 'a': got dtype complex128; expected numbers, text,"),
    ({"X": {"a": np.array([b"x", b"y"])}}, TypeError, "column 'a' has dtype |S1"),
    (
        {"X": {"a": np.array([1, [2]], object)}},
        TypeError,
        r"column 'a': got \[2\] \(list\) in row 1; expected numbers,",
    ),
    (
        {"X": {"a": np.array([2**70, 1], object)}},
        ValueError,
        r"column 'a': got a whole number of 2\*\*63 or more; expected smaller ones",
    ),
    (
        {"X": {"a": np.array([2**63, 1], np.uint64)}},
        ValueError,
        "column 'a': got 9223372036854775808; expected whole",
    ),
    (
        {"X": {"a": [-(2**62), 5, 2**62]}},
        ValueError,
        "column 'a': got a range of -4611686018427387904 to .*at most 2",
    ),
    (
        {"X": {"a": [str(i) for i in range(1001)]}},
        ValueError,
        "column 'a': got 1001 .* at most 1000 .*astype",
    ),
    ({"X": {"a": [f"x{i}" for i in range(1001)]}}, ValueError, "column 'a': got 1001 .* of identifiers"),
    ({"X": {"a": [1, 2]}, "y": "b"}, ValueError, "y: got 'b'; expected a column of X: 'a'"),
    ({"X": {"a": [1, 2]}, "categorical": ["b"]}, ValueError, "categorical: got 'b'; expected a column of"),
    ({"X": {"a": [1, 2]}, "integer": ["b"]}, ValueError, "integer: got 'b'; expected a column of X: 'a'"),
    ({"X": {"a": [1, 2]}, "integer": "a"}, TypeError, "integer: got 'a'; expected a list of column names"),
    ({"X": {"a": [1, 2]}, "integer": [1.5]}, TypeError, r"integer: got 1\.5; expected column names"),
    (
        {"X": {"a": [1, 2]}, "integer": ["a"], "categorical": ["a"]},
        ValueError,
        "categorical, integer: got 'a' in both; expected it in one of them",
    ),
    (
        {"X": {"a": [1, 2.5, 3]}, "integer": ["a"]},
        ValueError,
        r"column 'a': got 2\.5 in row 1; expected whole",
    ),
    (
        {"X": {"a": ["x", "y"]}, "integer": ["a"]},
        TypeError,
        r"column 'a': got text or booleans; expected whole numbers \(integer names the column\)",
    ),
    (
        {"X": {"a": [1, 2], "b": [1.0, np.nan]}, "y": "b"},
        ValueError,
        "column 'b': got a missing label in row 1; expected a",
    ),
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
        "column 'town': got 'Rom' in row 0; expected a value seen at fit: 'Bonn', 'Köln', 'Ulm'",
    ),
    ({"rooms": np.full(ROWS, 9)}, ValueError, "column 'rooms': got 9 in row 0; expected a value seen at"),
    ({"always": np.full(ROWS, 8)}, ValueError, "column 'always': got 8 in row 0; .* at fit: 7"),
    ({"never": np.full(ROWS, 8.0)}, ValueError, r"column 'never': got 8\.0 in row 0; .* none"),
    (
        {"price": np.full(ROWS, np.nan)},
        ValueError,
        "column 'price': got a missing value in row 0; expected a value, as fit saw none missing",
    ),
    ({"town": np.full(ROWS, None)}, ValueError, "column 'town': got a missing value in row 0; expected a"),
    ({"price": np.full(ROWS, "cheap")}, TypeError, "column 'price': got 'cheap' in row 0; expected numbers,"),
    ({"price": np.full(ROWS, np.inf)}, ValueError, "column 'price': got inf in row 0; expected finite"),
    ({"more": np.zeros(ROWS)}, ValueError, "X: got the unknown column 'more'; expected the columns of"),
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
    with pytest.raises(ValueError, match="X: got no column 'age'; expected the columns of fit: 'age',"):
        transformer.transform({key: column for key, column in data.items() if key != "age"})
    with pytest.raises(ValueError, match="X: got an array; expected named columns, as at fit"):
        transformer.transform(np.zeros((2, len(data))))
    with pytest.raises(
        ValueError, match=rf"rows: got shape \(2, 3\); expected \(rows, {transformer.width}\)"
    ):
        transformer.inverse(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="rows: got nan in row 0, column 0; expected finite numbers"):
        transformer.inverse(np.full((2, transformer.width), np.nan))
    with pytest.raises(
        ValueError, match="codes: got a transformer fitted without labels; expected one fitted with y="
    ):
        transformer.codes(data)
    with pytest.raises(ValueError, match="codes: got values, but fit had no column of labels; expected None"):
        transformer.inverse(np.zeros((1, transformer.width)), [0])
    array = TableTransformer().fit(np.arange(20.0).reshape(10, 2))
    with pytest.raises(ValueError, match="X: got 3 columns; expected 2, as at fit"):
        array.transform(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="X: got named columns; expected an array, as at fit"):
        array.transform({"a": [1.0]})
    with pytest.raises(ValueError, match="TableTransformer: got X before fit; expected a fitted"):
        TableTransformer().transform(data)


def test_a_failed_fit_changes_nothing() -> None:
    data = table()
    transformer = TableTransformer().fit(data)
    before = canonical(transformer.to_config())
    with pytest.raises(ValueError, match="column 'price': got inf in row 0; expected finite numbers, or"):
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
