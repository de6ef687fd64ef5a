"""The column to predict: a class or a number, by its content."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest

from deepseek.tables import TargetEncoder, columns_of, read_table


def column(values: Any) -> Any:
    return columns_of({"y": values})["y"]


def fitted(values: Any, task: str | None = None, **options: Any) -> TargetEncoder:
    return TargetEncoder.fit(column(values), task, **options)


@pytest.mark.parametrize(
    ("values", "classes", "line"),
    [
        (["b", "a", "b"], ["a", "b"], "2 classes (2 different texts)"),
        ([1, 0, 1, 0], [0, 1], "2 classes (only 2 different whole numbers)"),
        ([1.0, 0.0, 1.0, 0.0], [0, 1], "2 classes (only 2 different whole numbers)"),
        (["1.0", "0", "1", "0.0"], ["0", "1"], "2 classes (only 2 different whole numbers)"),
        ([True, False, True], [False, True], "2 classes (true and false)"),
        ([True, False, None], [False, True], "2 classes (2 different texts)"),
        (["+", "-", "+"], ["+", "-"], "2 classes (2 different texts)"),
        (["none", "mild", "none"], ["mild", "none"], "2 classes (2 different texts)"),
        (["1", "-", "2", "1", "2"], ["1", "2"], "2 classes (only 2 different whole numbers)"),
        ([3, 1, 2] * 9, [1, 2, 3], "3 classes (only 3 different whole numbers)"),
    ],
)
def test_classes(values: list[Any], classes: list[Any], line: str) -> None:
    encoder = fitted(values)
    assert encoder.task == "classification" and encoder.classes is not None
    assert encoder.classes.tolist() == classes and encoder.line() == f"target: y, {line}"
    present = TargetEncoder.present(column(values))
    kept = column(values)[present]
    assert encoder.inverse(encoder.transform(kept)).tolist() == [classes[c] for c in encoder.transform(kept)]


@pytest.mark.parametrize(
    ("values", "numbers", "reason"),
    [
        ([1.5, 2, 3], [1.5, 2, 3], "numbers with decimals"),
        (list(range(40)), list(range(40)), "40 different whole numbers"),
        (
            ["1,234", "5,678", "9,012", "3"] * 8 + [str(i) for i in range(30)],
            None,
            "33 different whole numbers",
        ),
        (["$1.50", "$2", "$3.25"], [1.5, 2, 3.25], "numbers with decimals"),
        (["1,5", "2,25", "3"], [1.5, 2.25, 3], "numbers with decimals"),
    ],
)
def test_numbers(values: list[Any], numbers: list[float] | None, reason: str) -> None:
    encoder = fitted(values)
    assert (encoder.task, encoder.reason, encoder.classes) == ("regression", reason, None)
    result = encoder.transform(column(values))
    assert result.dtype == np.float64
    if numbers is not None:
        assert result.tolist() == numbers
    assert encoder.inverse(result) is result


def test_zero_and_one_of_a_file_are_two_classes() -> None:
    rows = [f"{i},{('1' if i % 2 else '1.0') if i >= 50 else ('0' if i % 3 else '0.0')}" for i in range(100)]
    encoder = TargetEncoder.fit(read_table(io.StringIO("\n".join(["a,y", *rows])))["y"])
    assert encoder.classes is not None and encoder.classes.tolist() == [0, 1]
    for same in (["1", "0.0"], [1.0, 0.0], [1, 0], [True, False]):
        assert encoder.transform(column(same)).tolist() == [1, 0]


def test_missing_targets() -> None:
    values = column(["a", None, "", "NA", "b"])
    assert TargetEncoder.present(values).tolist() == [True, False, False, False, True]
    assert TargetEncoder.present(column([1.0, np.nan])).tolist() == [True, False]
    assert TargetEncoder.present(column(["1", "-", "2"])).tolist() == [True, False, True]
    assert TargetEncoder.present(column(["+", "-"])).tolist() == [True, True]


def test_the_task_may_be_asked_for() -> None:
    assert fitted([1, 2, 3, 2], "regression").line() == "target: y, number (as asked)"
    assert fitted([1.5, 2.5, 1.5, 2.5], "classification").labels == ["1.5", "2.5"]
    assert fitted(["1,5", "2,5"], "regression", decimal=",").transform(column(["2,5"])).tolist() == [2.5]


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        ([None, ""], None, 'column "y": got no values; expected a target'),
        (["a", "a"], None, 'column "y": got the same value "a" in every row; expected at least two'),
        ([2, 2.0], None, 'column "y": got the same value "2" in every row'),
        (
            ["a", "b"],
            "regression",
            'column "y": got "a", "b"; expected numbers (task \'classification\' takes texts)',
        ),
        ([1.0, np.inf, 2.5], "regression", 'column "y": got an infinite number'),
        (
            [f"t{i}" for i in range(30)],
            None,
            "got 30 different values in 30 rows; expected numbers, or at most 15 classes",
        ),
        (
            [f"2020-01-{i + 1:02d}" for i in range(30)],
            None,
            'got 30 different values in 30 rows, which are dates such as "2020-01-01"; expected numbers',
        ),
        (
            [*map(str, range(30)), "bad"],
            None,
            'got 31 different values in 31 rows, mostly numbers, but also "bad"; expected numbers',
        ),
        ([1, 2], "guess", "task: got 'guess'; expected one of auto, classification, regression"),
    ],
)
def test_what_cannot_be_predicted_is_named(values: list[Any], task: str | None, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the message is compared below)
        fitted(values, task)
    assert message in str(caught.value)


def test_unknown_targets_are_named_by_row() -> None:
    with pytest.raises(
        ValueError, match='column "y": got "c" in row 1; expected a class of the training rows: "a", "b"'
    ):
        fitted(["a", "b"]).transform(column(["a", "c"]))
    with pytest.raises(ValueError, match='column "y": got "x" in row 0; expected a finite number'):
        fitted([1.5, 2.5]).transform(column(["x"]))
    with pytest.raises(ValueError, match="got a missing value in row 1; expected a finite number"):
        fitted([1.5, 2.5]).transform(column([1.0, np.nan]))


@pytest.mark.parametrize(
    "values", [["b", "a"], [1, 0], [True, False], [1.5, 2.5], ["1,5", "2"], [0.5, 1.5, 0.5, 1.5]]
)
def test_plain_values_restore_the_encoder(values: list[Any]) -> None:
    encoder = fitted(values)
    again = TargetEncoder.from_config(json.loads(json.dumps(encoder.to_config())))
    assert again.line() == encoder.line() and again.labels == encoder.labels
    result = again.transform(column(values))
    assert result.tolist() == encoder.transform(column(values)).tolist()
    assert again.inverse(result).dtype == encoder.inverse(result).dtype


@pytest.mark.parametrize(
    "change",
    [
        {"task": "x"},
        {"classes": None},
        {"classes": ["a"]},
        {"dtype": "M8[D]"},
        {"decimal": "x"},
        {"classes": [1, 2]},
    ],
)
def test_other_plain_values_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="target: got a malformed description"):
        TargetEncoder.from_config(fitted(["a", "b"]).to_config() | change)


def test_names_are_escaped() -> None:
    encoder = fitted(["a", "b"], name="\033[2Jy")
    assert encoder.line().startswith("target: \\x1b[2Jy, ")


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["007", "012", "123"], ["007", "012", "123"]),
        (["1.10", "1.1", "1.2"], ["1.1", "1.10", "1.2"]),
        (["10%", "20%", "5%"], ["5%", "10%", "20%"]),
        (["1,000", "2,000"], ["1,000", "2,000"]),
        (["1", "01", "2"], ["01", "1", "2"]),
        (["1.0", "0.0"], ["0.0", "1.0"]),
        (["1,0", "0", "1", "0,5"], ["0", "0,5", "1"]),
        (["$5", "$10"], ["$5", "$10"]),
        (["10", "9", "1e1"], ["9", "10", "1e1"]),
    ],
)
def test_labels_are_the_texts_of_the_column(texts: list[str], labels: list[str]) -> None:
    encoder = fitted(texts * 4, "classification")
    assert encoder.classes is not None and encoder.classes.tolist() == encoder.labels == labels
    again = TargetEncoder.from_config(json.loads(json.dumps(encoder.to_config())))
    for text in texts:
        expected = text if text in labels else text.removesuffix(",0")
        assert again.inverse(again.transform(column([text]))).tolist() == [expected]


def test_codes_of_a_file_are_classes() -> None:
    rows = [f"{i},{['007', '012'][i % 2]}" for i in range(20)]
    encoder = TargetEncoder.fit(read_table(io.StringIO("\n".join(["a,y", *rows])))["y"])
    assert encoder.labels == ["007", "012"] and encoder.reason == "2 different texts"
    assert fitted(["007", "012", "113"], "regression").transform(column(["012"])).tolist() == [12.0]


def test_labels_are_found_by_their_numbers() -> None:
    encoder = fitted(["1.10", "2.50"] * 3, "classification")
    assert encoder.transform(column([2.5, 1.1])).tolist() == [1, 0]
    assert fitted(["1", "01", "2"] * 3).transform(column([1.0, 2.0])).tolist() == [1, 2]


def test_numbers_of_python_are_labels_as_they_are() -> None:
    assert fitted([1, 2, None] * 3).classes.tolist() == [1, 2]  # type: ignore[union-attr]
    assert fitted([1, 2, None] * 3).classes.dtype == np.int64  # type: ignore[union-attr]
    assert fitted([True, False, None]).classes.dtype == bool  # type: ignore[union-attr]
    assert fitted([1, "1", 2] * 3).classes.tolist() == ["1", "2"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "ids", [[10**18, 10**18 + 1], [str(10**18), str(10**18 + 1)], [10**18, 10**18 + 1, None]]
)
def test_whole_numbers_beyond_float64_are_different_classes(ids: list[Any]) -> None:
    encoder = fitted(ids * 3)
    assert encoder.classes is not None and encoder.classes.tolist() == ids[:2]
    assert encoder.transform(column(ids[:2])).tolist() == [0, 1]
    with pytest.raises(ValueError, match='got "1000000000000000002" in row 0; expected a class'):
        encoder.transform(column([10**18 + 2]))


def test_a_target_of_numbers_beside_texts_has_its_values() -> None:
    encoder = fitted(["1,125", 2.125, "3,5", None], decimal=",")
    assert encoder.transform(column(["1,125", 2.125, "3,5"])).tolist() == [1.125, 2.125, 3.5]
    encoder = fitted(["1.5", "2.25", "3"])
    assert encoder.transform(column(["53,456", "53,45"])).tolist() == [53.456, 53.45]
    assert encoder.transform(column(["53,456", "54,125"]), ",").tolist() == [53.456, 54.125]
