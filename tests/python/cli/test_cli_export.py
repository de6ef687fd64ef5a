"""``deepseek export``: a file for other programs, and one line for what cannot be."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import deepseek as ds
from deepseek.cli import main
from programs import exchanged
from programs.commands import refused
from programs.messy_csv import QUICK, rows, write


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.peers
def test_what_goes_in_and_out_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx")
    models = {
        ("float32 X (batch, 5)", "y (batch, 3)"): exchanged.net(),
        ("float64 X (batch, steps, 3), and optionally int32 lengths (batch,)", "y (batch, 4)"): exchanged.rec(
            dtype="float64"
        ),
        (
            "int64 X (batch, steps), tokens below 6, and optionally int32 lengths (batch,)",
            "y (batch, steps, 6)",
        ): (exchanged.rec("next", input_size=None, vocabulary=6)),
    }
    for (inputs, outputs), model in models.items():
        model.save("model.ds")
        assert main(["export", "model.ds", "--onnx", "out.onnx"]) == 0
        assert capsys.readouterr().out == f"out.onnx\n  inputs:  {inputs}\n  outputs: {outputs}\n"
        Path("out.onnx").unlink()


@pytest.mark.peers
def test_a_table_goes_over(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `train` wrote predicts the same in ONNX, from the columns of the file."""
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    body = [row[2:4] + row[5:6] + row[7:] for row in rows(60)]
    write("t.csv", body, ["size", "colour", "day", "kind", "amount"])
    assert main(["train", "t.csv", "--target", "kind", "--drop", "amount", *QUICK]) == 0
    capsys.readouterr()
    assert main(["export", "t.ds", "--onnx", "t.onnx"]) == 0
    assert capsys.readouterr().out == (
        "t.onnx\n  inputs:  (batch, 1) each: float32 size, string colour, int64 milliseconds day\n"
        "  outputs: label (batch,), probabilities (batch, 2)\n"
    )
    session = runtime.InferenceSession("t.onnx", providers=["CPUExecutionProvider"])
    cells = [[row[i] for row in body] for i in range(3)]
    feeds = {
        "size": np.array([[float(cell or "nan")] for cell in cells[0]], np.float32),
        "colour": np.array([[cell] for cell in cells[1]], object),
        "day": np.array([[cell] for cell in cells[2]], "datetime64[ms]").astype(np.int64),
    }
    label, probabilities = session.run(None, feeds)
    np.testing.assert_allclose(probabilities, ds.load("t.ds").predict_proba("t.csv"), atol=1e-5)
    assert label.tolist() == ds.load("t.ds").predict("t.csv").tolist()


@pytest.mark.peers
def test_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "required: --onnx" in refused(capsys, "export", "model.ds")
    assert "no.ds: No such file" in refused(capsys, "export", "no.ds", "--onnx", "out.onnx")
    ds.Gen(data_size=2).save("gen.ds")
    assert "got a Gen; expected a Net, a Rec or a TabularNet" in refused(
        capsys, "export", "gen.ds", "--onnx", "out.onnx"
    )
    pytest.importorskip("onnx")
    exchanged.rec(layer_norm=True).save("rec.ds")
    assert "layer_norm=True" in refused(capsys, "export", "rec.ds", "--onnx", "out.onnx")
    exchanged.net().save("net.ds")
    assert "no folder none" in refused(capsys, "export", "net.ds", "--onnx", "none/x")
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
