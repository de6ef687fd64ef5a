"""ONNX files of a TabularNet: onnxruntime computes its predictions from the columns of a table."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepseek.onnx import to_onnx
from programs.tabular import model, table, without

pytestmark = pytest.mark.peers

if importlib.util.find_spec("onnx") is None:
    pytest.skip("without ONNX", allow_module_level=True)


def answers(path: Path, columns: dict[str, Any]) -> dict[str, np.ndarray]:
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    given = {item.name: tensor(columns[item.name], item.type) for item in session.get_inputs()}
    return dict(zip(names, session.run(names, given), strict=True))


def tensor(column: Any, kind: str) -> np.ndarray:
    """A column in the form that `TabularNet.to_onnx` describes."""
    array = np.array(column)
    if kind == "tensor(float)":
        array = np.array([np.nan if value is None else value for value in column], np.float32)
    elif kind == "tensor(string)":
        array = np.array(["" if value is None else str(value) for value in column], object)
    else:
        array = array.astype("datetime64[ms]").astype(np.int64)
    return array[:, None]


def odd(columns: dict[str, Any]) -> dict[str, Any]:
    """New categories and missing values in every column."""
    found = {name: np.array(column, object) for name, column in columns.items()}
    found["colour"][:3] = ["violet", None, "red"]
    found["fresh"][:4] = [None, "True", "No", "F"]
    found["size"][:2] = [None, 1e30]
    found["day"] = np.array(found["day"], "M8[s]")
    found["day"][:5] = ["NaT", "1899-12-31T23:59:59", "2000-02-29", "2024-12-31T12:00:00", "2100-03-01"]
    return found


@pytest.mark.filterwarnings("ignore:got .* rows? with")
def test_classes(tmp_path: Path) -> None:
    train = without(table(), "price", "id", "same") | {"label": np.arange(120) % 5, "code": ["7", "8.0"] * 60}
    train["code"] = [None, *train["code"][1:]]
    fitted = model(kinds={"label": "category", "code": "category"}).fit(train, "kind")
    fitted.to_onnx(tmp_path / "model.onnx")
    for columns in (train, odd(train)):
        found = answers(tmp_path / "model.onnx", columns)
        assert set(found) == {"label_", "probabilities"}
        expected = fitted.predict_proba(columns)
        np.testing.assert_allclose(found["probabilities"], expected, atol=2e-6)
        assert (found["label_"] == fitted.predict(columns)).all()


@pytest.mark.filterwarnings("ignore:got .* rows? with")
def test_numbers(tmp_path: Path) -> None:
    train = without(table(), "kind")
    train["size"] = np.array([np.nan if value is None else value for value in train["size"]]).astype(
        np.float32
    )
    train["day"] = np.array(train["day"], "M8[s]") + np.arange(120) * np.timedelta64(7000, "s")
    fitted = model().fit(train, "price")
    to_onnx(fitted, tmp_path / "model.onnx")
    for columns in (train, odd(train)):
        columns = {**columns, "size": np.array(columns["size"], np.float32)}
        found = answers(tmp_path / "model.onnx", columns)["prediction"]
        np.testing.assert_allclose(found, fitted.predict(columns), rtol=2e-5, atol=1e-4)


def test_labels_keep_their_type(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    for labels, kind in (([3, 5], np.int64), ([True, False], np.bool_), ([0.5, 1.5], np.float64)):
        y = np.array(labels)[(X[:, 0] > 0).astype(int)]
        fitted = model(epochs=3, members=1, task="classification").fit(X, y)
        fitted.to_onnx(tmp_path / "model.onnx")
        found = answers(tmp_path / "model.onnx", {"x0": X[:, 0], "x1": X[:, 1]})["label"]
        assert found.dtype == kind and (found == fitted.predict(X)).all()


def test_texts_are_refused(tmp_path: Path) -> None:
    words = ["a fine day", "a grey day", "rain and wind", "sun and wind"]
    rng = np.random.default_rng(0)
    texts = [f"{rng.choice(words)} {i}" for i in range(80)]
    columns = {"x": rng.normal(size=80), "note": texts}
    fitted = model(epochs=1, members=1).fit(columns, rng.integers(0, 2, 80))
    with pytest.raises(ValueError, match=r"""to_onnx: got the column of texts "note".*drop=\['note'\]"""):
        fitted.to_onnx(tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
