"""What goes over to PyTorch and ONNX says what it needs, and imports nothing before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import deepseek as ds
from programs import exchanged


def test_without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for call in (exchanged.net().to_torch, exchanged.rec().to_torch, lambda: ds.from_torch(None)):
        with pytest.raises(ImportError, match=r"_torch needs PyTorch: pip install torch"):
            call()


def test_nothing_is_imported_unasked() -> None:
    code = (
        "import sys, deepseek as ds; ds.Net([2, 1]), ds.Rec(input_size=1), ds.from_torch; import deepseek.onnx;"
        "assert not {'torch', 'onnx'} & set(sys.modules);"
        "assert [m for m in sys.modules if m.startswith('deepseek._interop.')] == ['deepseek._interop.exportable']"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    for model in (exchanged.net(), exchanged.rec()):
        with pytest.raises(ImportError, match=r"needs onnx: pip install 'deepseek-nn\[onnx\]'"):
            model.to_onnx(tmp_path / "x")
    assert not list(tmp_path.iterdir())
