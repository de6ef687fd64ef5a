"""What the table transformer refuses: columns it cannot learn, values it did not see, damaged configurations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepseek._files.config import canonical
from deepseek._tables.transformer import TableTransformer
from programs.tables import ROWS, fitted, table

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
