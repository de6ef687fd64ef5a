"""``deepseek export``: a file for other programs, and one line for what cannot be."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import deepseek as ds
from deepseek.cli import main
from programs import exchanged
from test_cli import refused


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_goes_in_and_out_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx")
    models = {
        "float32 X (batch, 5) gives y (batch, 3)": exchanged.net(),
        "float64 X (batch, steps, 3), int32 lengths (batch,) or none gives y (batch, 4)": exchanged.rec(
            dtype="float64"
        ),
        "int64 tokens below 6 X (batch, steps), int32 lengths (batch,) or none gives y (batch, steps, 6)": (
            exchanged.rec("next", input_size=None, vocabulary=6)
        ),
    }
    for said, model in models.items():
        model.save("model.ds")
        assert main(["export", "model.ds", "--onnx", "out.onnx"]) == 0
        assert capsys.readouterr().out == f"out.onnx: {said}\n"
        Path("out.onnx").unlink()


def test_a_trained_model_goes_over(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    lines = [f"{a},{b},{'yes' if a > b else 'no'}" for a, b in np.random.default_rng(0).normal(size=(60, 2))]
    Path("data.csv").write_text("\n".join(["a,b,more", *lines]) + "\n")
    assert main(["train", "data.csv", "--target", "more", "-o", "model.ds", "--epochs", "3"]) == 0
    capsys.readouterr()
    assert main(["export", "model.ds", "--onnx", "out.onnx"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "out.onnx: float32 X (batch, 2) gives y (batch, 2)"
    assert "as `deepseek train` encodes them" in second
    X = np.array([[1.0, -1.0], [0.5, 2.0]], np.float32)
    ran = runtime.InferenceSession("out.onnx", providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(ran.run(None, {"X": X})[0], ds.load("model.ds").predict(X), atol=1e-6)


def test_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "required: --onnx" in refused(capsys, "export", "model.ds")
    assert "no.ds: No such file" in refused(capsys, "export", "no.ds", "--onnx", "out.onnx")
    ds.Gen(data_size=2).save("gen.ds")
    assert "this is a Gen; export takes a Net or a Rec" in refused(
        capsys, "export", "gen.ds", "--onnx", "out.onnx"
    )
    pytest.importorskip("onnx")
    exchanged.rec(layer_norm=True).save("rec.ds")
    assert "layer_norm=True" in refused(capsys, "export", "rec.ds", "--onnx", "out.onnx")
    exchanged.net().save("net.ds")
    assert "none/x: No such file" in refused(capsys, "export", "net.ds", "--onnx", "none/x")
    assert not Path("out.onnx").exists()


def test_without_onnx(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    exchanged.net().save("net.ds")
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert "pip install 'deepseek-nn[onnx]'" in refused(capsys, "export", "net.ds", "--onnx", "out.onnx")


def test_info_names_the_extra(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.split()[:1] == ["onnx"]]
    assert "(to_onnx, export)" in line
