"""deepseek.onnx: files that onnxruntime computes a model's predictions from."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek.activations import name_of
from deepseek.onnx import to_onnx
from programs import exchanged
from programs.exchanged import ACTIVATIONS, CELLS, HIDDEN_UNITS, LENGTHS, LOSSES, assert_close, real

pytestmark = pytest.mark.peers

if importlib.util.find_spec("onnx") is None:
    pytest.skip("without ONNX", allow_module_level=True)

LIMIT = 3e-6
LIMITS = {"float32": LIMIT, "float64": 1e-12}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a file may be written."""
    return tmp_path / "model.onnx"


def session(path: Path) -> Any:
    """What runs the file, silent about lengths, which can be overridden as they should."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def answer(path: Path, X: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
    given = {"X": X} | ({} if lengths is None else {"lengths": lengths.astype(np.int32)})
    (found,) = session(path).run(["y"], given)
    return np.asarray(found)


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_nets(path: Path, activation: Any, normalization: str | None, dtype: str) -> None:
    net = exchanged.net(activation=[activation, "tanh"], normalization=[normalization, None], dtype=dtype)
    X = exchanged.rows(dtype)
    net.to_onnx(path)
    limit = LIMITS[dtype]
    if dtype == "float64" and name_of(activation) == "gelu":
        limit = LIMIT  # onnxruntime has erf in float32 only,
    if dtype == "float64" and normalization == "layer":
        limit = 1e-7  # and ONNX the epsilon
    assert_close(answer(path, X), net.predict(X), max(limit, LIMITS[dtype]))


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("features", [1, None])
def test_input_layers(path: Path, features: int | None, dtype: str) -> None:
    embedding = ds.PeriodicEmbedding(0.3, frequencies=5, width=3, features=features)
    net = exchanged.net(numeric_embedding=embedding, input_scale_rate=6.0, dtype=dtype)
    net.fit(
        exchanged.rows(dtype), net.predict(exchanged.rows(dtype)) + 1, epochs=2, verbose=False
    )  # scales other than 1
    X = exchanged.rows(dtype)
    net.to_onnx(path)
    assert_close(answer(path, X), net.predict(X), LIMITS[dtype])


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("output", LOSSES)
def test_output_activations(path: Path, output: str, bias: bool, dtype: str) -> None:
    net = exchanged.net(bias=bias, normalization="batch", dtype=dtype, **LOSSES[output])
    X = exchanged.rows(dtype)
    to_onnx(net, str(path))
    assert_close(answer(path, X), net.predict(X), LIMITS[dtype])
    assert_close(answer(path, X[:1]), net.predict(X[:1]), LIMITS[dtype])


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("hidden", HIDDEN_UNITS, ids=str)
@pytest.mark.parametrize(("output", "bidirectional"), exchanged.DIRECTIONS)
@pytest.mark.parametrize("cell", [*CELLS, "sigmoid"])
def test_recs(path: Path, cell: str, output: str, bidirectional: bool, hidden: list[int], dtype: str) -> None:
    """Recurrent layers are computed in float32 for models of either type; inputs and outputs keep it."""
    options = CELLS.get(cell, {"cell": "rnn", "cell_activation": cell})
    rec = exchanged.rec(output, bidirectional=bidirectional, hidden=hidden, dtype=dtype, head=[6], **options)
    X = exchanged.sequences(dtype)
    rec.to_onnx(path)
    for lengths in (None, LENGTHS):
        want = real(rec.predict(X, lengths=lengths), lengths, rec._config.stepwise)
        got = real(answer(path, X, lengths), lengths, rec._config.stepwise)
        assert_close(got, want, LIMIT * (10 if cell == "relu" else 1))


@pytest.mark.parametrize("output", ["last", "mean", "max", "sequence"])
def test_what_lies_beyond_a_length_does_not_matter(path: Path, output: str) -> None:
    rec = exchanged.rec(output, bidirectional=True)
    X = exchanged.sequences()
    rec.to_onnx(path)
    y = real(answer(path, X, LENGTHS), LENGTHS, rec._config.stepwise)
    for row, n in zip(X, LENGTHS, strict=True):
        row[n:] = 1e3
    np.testing.assert_array_equal(real(answer(path, X, LENGTHS), LENGTHS, rec._config.stepwise), y)
    alone = [answer(path, row[None, :n])[0] for row, n in zip(X, LENGTHS, strict=True)]
    np.testing.assert_allclose(y, np.concatenate(alone) if output == "sequence" else alone, atol=1e-6)


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("embedding", [None, 4])
@pytest.mark.parametrize("output", ["mean", "next"])
def test_tokens(path: Path, output: str, embedding: int | None, bias: bool, dtype: str) -> None:
    options = {"input_size": None, "vocabulary": 6, "embedding_size": embedding, "bias": bias}
    rec = exchanged.rec(output, **options, dtype=dtype)
    X = exchanged.tokens()
    rec.to_onnx(path)
    assert_close(answer(path, X), np.asarray(rec.predict(X)), LIMIT)


@pytest.mark.parametrize("dtype", LIMITS)
def test_what_a_file_says_of_itself(path: Path, dtype: str) -> None:
    kind = {"float32": "tensor(float)", "float64": "tensor(double)"}[dtype]
    exchanged.net(dtype=dtype).to_onnx(path)
    ran = session(path)
    said = [(v.name, v.type, v.shape) for v in (*ran.get_inputs(), *ran.get_outputs())]
    assert said == [("X", kind, ["batch", 5]), ("y", kind, ["batch", 3])]
    exchanged.rec("sequence", dtype=dtype).to_onnx(path)
    ran = session(path)
    said = [(v.name, v.type, v.shape) for v in (*ran.get_inputs(), *ran.get_outputs())]
    assert said == [("X", kind, ["batch", "steps", 3]), ("y", kind, ["batch", "steps", 4])]
    (lengths,) = ran.get_overridable_initializers()
    assert (lengths.name, lengths.type) == ("lengths", "tensor(int32)")


def test_operators_are_the_field_s_own(path: Path) -> None:
    import onnx

    for cell in ("rnn", "gru", "lstm"):
        exchanged.rec(cell=cell, hidden=[4, 3]).to_onnx(path)
        made = onnx.load(path)
        assert [n.op_type for n in made.graph.node].count(cell.upper()) == 2
        assert (made.producer_name, made.producer_version) == ("deepseek", ds.__version__)
    exchanged.net(normalization="batch").to_onnx(path)
    assert [n.op_type for n in onnx.load(path).graph.node] == [
        "Gemm", "Relu", "Gemm", "Relu", "Gemm", "Identity"
    ]  # fmt: skip


def test_equal_models_give_equal_files_and_failures_leave_the_old_one(path: Path) -> None:
    net = exchanged.net()
    net.to_onnx(path)
    first = path.read_bytes()
    net.to_onnx(path)
    assert path.read_bytes() == first
    with pytest.raises(ValueError, match="layer_norm: got a model with layer_norm=True; expected False,"):
        exchanged.rec(layer_norm=True).to_onnx(path)
    assert path.read_bytes() == first and list(path.parent.iterdir()) == [path]
    with pytest.raises(OSError, match="No such file"):
        net.to_onnx(path.parent / "none" / "x")
    with pytest.raises(
        ValueError, match=r"cannot write the model file .*: got a folder; expected a regular file"
    ):
        net.to_onnx(path.parent)


def test_what_cannot_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TypeError, match="to_onnx: got a Gen; expected a Net or a Rec"):
        to_onnx(ds.Gen(data_size=2), path)  # type: ignore[arg-type]
    from deepseek._interop import onnx_writer

    monkeypatch.setattr(onnx_writer, "MAX_BYTES", 100)
    with pytest.raises(
        ValueError, match=r"to_onnx: got a model with 4\.14e-07 GiB of parameters; expected less"
    ):
        exchanged.net().to_onnx(path)
    assert not path.exists()


def test_pytorch_is_not_needed(path: Path) -> None:
    code = f"import sys; sys.modules['torch'] = None; import deepseek as ds; ds.Net([2, 1]).to_onnx({str(path)!r})"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert path.stat().st_size
