"""Files of a TabularNet that have the right digest and a wrong value: each is refused with a reason."""

from __future__ import annotations

import copy
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._io.format import ModelFileError
from deepseek._io.reader import read_model
from deepseek._io.writer import write_model
from programs.harness import deadline
from programs.tabular import model, table, without

Saved = tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    path = tmp_path_factory.mktemp("classes") / "m"
    model(epochs=1, hidden=(2,)).fit(without(table(60), "price"), "kind").save(path)
    return read_model(path)


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    path = tmp_path_factory.mktemp("numbers") / "m"
    model(epochs=1, hidden=(2,)).fit(without(table(60), "kind"), "price").save(path)
    return read_model(path)


def refused(path: Path, config: dict[str, Any], tensors: dict[str, Any], message: str) -> None:
    write_model(path, config, tensors)
    tracemalloc.start()
    try:
        with deadline(10), pytest.raises(ModelFileError, match=message) as caught:
            ds.load(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value)
    assert peak < 1 << 24


WRONG: dict[str, tuple[str, Any, str]] = {
    "another kind": ("kind", "Net", "entries"),
    "no kind": ("kind", None, "kind: got"),
    "metadata is a list": ("metadata", [], r"metadata: got \[\]; expected a dictionary"),
    "an option that is none": ("options.memebrs", 3, "has no 'memebrs'"),
    "members is negative": ("options.members", -1, "members: got -1"),
    "members is huge": ("options.members", 2**62, "members: got"),
    "class weight is 0": ("options.class_weight", {"good": 0}, "class_weight.*above 0"),
    "class weight is a list": ("options.class_weight", [1], "class_weight: got"),
    "kinds is unknown": ("options.kinds", {"size": "x"}, "kinds"),
    "dropout is NaN": ("options.dropout", float("nan"), "dropout: got nan"),
    "fitted is a list": ("fitted", [], "fitted: got the entries list"),
    "fitted has more": ("fitted.code", "x", "fitted: got the entries"),
    "rows is negative": ("fitted.rows", -1, "rows: got -1"),
    "rows is huge": ("fitted.rows", 2**63, "rows: got"),
    "rows is true": ("fitted.rows", True, "rows: got True"),
    "left out is a text": ("fitted.left_out_rows", "0", "left_out_rows: got '0'"),
    "weight 0 is negative": ("fitted.zero_weight_rows", -1, "zero_weight_rows: got -1"),
    "scale is 0": ("fitted.scale", 0.0, "scale: got 0"),
    "mean is infinite": ("fitted.mean", float("inf"), "mean: got inf"),
    "blend is one": ("fitted.blend", [0.5], "missing 1 required"),
    "blend is three": ("fitted.blend", [0.5, 0.5, 0.5], "takes 3 positional"),
    "blend is huge": ("fitted.blend", [1e9, 0.5], "blend: got"),
    "blend is NaN": ("fitted.blend", [float("nan"), 0.5], "blend: got nan"),
    "shares are too many": ("fitted.shares", [0.1] * 3, "shares: got 3"),
    "a share above 1": ("fitted.shares", [0.5, 1.5], "shares: got 1.5"),
    "no members": ("fitted.members", [], "members: got none"),
    "spreads of classes": ("fitted.spreads", [{}], "spreads: got nets for classes"),
    "spreads is a number": ("fitted.spreads", 3, "members: got none"),
    "members is a number": ("fitted.members", 3, "members: got none"),
    "more members": ("fitted.members", [{}] * 3, "linear: got 2 models; expected 3"),
    "a member is a Gen": (
        "fitted.members.0.kind",
        "Gen",
        r"members\.0: got a model of kind 'Gen'; expected a Net",
    ),
    "a member is a TabularNet": ("fitted.members.0.kind", "TabularNet", r"members\.0: got a model of kind"),
    "a member of huge layers": (
        "fitted.members.0.config.layers",
        [7, 2**31 - 1, 2],
        "layers .* have 3.* parameters|expected float32",
    ),
    "a member of negative layers": ("fitted.members.0.config.layers", [7, -2, 2], "layers"),
    "a member of other inputs": ("fitted.members.0.config.layers", [3, 2, 2], r"0\.weight: got"),
    "task is unknown": ("fitted.target.task", "sorting", "target: got a malformed"),
    "classes are none": ("fitted.target.classes", None, "target: got a malformed"),
    "one class": ("fitted.target.classes", ["good"], "target: got a malformed"),
    "classes are numbers": ("fitted.target.classes", [1, 2], "target: got a malformed"),
    "dtype of code": ("fitted.target.dtype", "V8", "target: got a malformed"),
    "no readings": ("fitted.inputs.features.readings", None, "features: got a malformed"),
    "a reading is a list": ("fitted.inputs.features.readings.0", [[1], [2**63]], "features: got a malformed"),
    "no columns": ("fitted.inputs.features.columns", [], "bins: got .* 0 columns"),
    "a column is unknown": ("fitted.inputs.features.columns.0.kind", "x", "columns: got a malformed"),
    "bins are too many": ("fitted.inputs.bins", [[0, 1, 2]] * 50, "bins: got"),
    "bins fall": ("fitted.inputs.bins.0", [2.0, 1.0, 0.0], "bins: got edges that are not increasing"),
    "bins overflow": ("fitted.inputs.bins.0", [0.0, 1.0, 1e300], "bins: got edges that are not increasing"),
    "bins are nested": ("fitted.inputs.bins.0", [[0.0, 1.0, 2.0]], "bins: got edges"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_refused(tmp_path: Path, classes: Saved, name: str) -> None:
    config, tensors = copy.deepcopy(classes[0]), classes[1]
    key, value, message = WRONG[name]
    *way, last = key.split(".")
    node: Any = config
    for step in way:
        node = node[int(step)] if isinstance(node, list) else node[step]
    node[int(last) if isinstance(node, list) else last] = value
    refused(tmp_path / "m", config, tensors, message)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("residuals", lambda a: a.astype("f4"), "residuals: expected finite numbers of float64"),
        ("residuals", lambda a: a * np.nan, "residuals: expected finite"),
        ("residuals", lambda a: a[None], "residuals: expected finite numbers of float64 in one dimension"),
        ("residuals", lambda a: a[:-1], "residual_members: expected one int64 per residual"),
        ("residuals", None, "tensors: got 'residual_members'"),
        ("residual_members", lambda a: a + 99, "residual_members: expected numbers from 0 to 1"),
        ("residual_members", lambda a: a - 99, "residual_members: expected numbers from 0 to 1"),
        ("residual_members", None, "residual_members: expected one int64 per residual"),
        ("members.0.0.weight", lambda a: a * np.nan, "finite"),
        ("members.0.0.weight", lambda a: a[:-1], "expected"),
        ("members.0.0.weight", None, "weight"),
        ("linear.1.0.bias", lambda a: a.astype("f8"), "expected float32"),
        ("extra", lambda a: np.zeros(3), "tensors: got 'extra'"),
        ("members.2.0.weight", lambda a: np.zeros(3), "tensors: got 'members.2.0.weight'"),
    ],
)
def test_a_wrong_tensor_is_refused(
    tmp_path: Path, numbers: Saved, name: str, change: Any, message: str
) -> None:
    config, tensors = numbers[0], dict(numbers[1])
    if change is None:
        del tensors[name]
    else:
        tensors[name] = change(tensors.get(name))
    refused(tmp_path / "m", config, tensors, message)


def test_residuals_belong_to_numbers(tmp_path: Path, classes: Saved, numbers: Saved) -> None:
    own = {name: numbers[1][name] for name in ("residuals", "residual_members")}
    expected = "residuals: expected residuals for numbers, and none for classes"
    refused(tmp_path / "m", classes[0], {**classes[1], **own}, expected)
    bare = {name: array for name, array in numbers[1].items() if name not in own}
    refused(tmp_path / "m", numbers[0], bare, expected)


def test_a_member_of_classes_has_a_loss_of_classes(tmp_path: Path, classes: Saved) -> None:
    config = copy.deepcopy(classes[0])
    config["fitted"]["members"][0]["config"] |= {"loss": "squared_error", "output_activation": "identity"}
    refused(
        tmp_path / "m", config, classes[1], r"members\.0: got the loss 'squared_error'; expected one of class"
    )
