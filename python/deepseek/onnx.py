"""Models to ONNX: `to_onnx` writes a file that onnxruntime and many others can run.

The package ``onnx`` is imported by the first call, never by this package on its own.
"""

from __future__ import annotations

import os

from .net import Net
from .rec import Rec

__all__ = ["to_onnx"]


def to_onnx(model: Net | Rec, path: str | os.PathLike[str]) -> None:
    """Write an ONNX file that computes a model's `predict`, output activation included.

    It has opset 17, is checked by ``onnx.checker`` before anything is written, and replaces an older file only when
    it is complete. Results agree with `predict` to rounding, not to the bit.

    Parameters
    ----------
    model : Net or Rec
    path : str or path-like
        The file.

    Notes
    -----
    Input of a Net: ``X`` (batch, inputs). Inputs of a Rec: ``X`` (batch, steps, features), or int64 tokens (batch,
    steps); and ``lengths`` (batch,), int32, the real steps of each sequence, at least 1. ``lengths`` may be left
    out, then all steps are real (onnxruntime remarks that it is an initializer that can be overridden, which is
    what is meant). Output: ``y`` (batch, outputs), or (batch, steps, outputs) where each step has its own; what
    stands beyond a sequence's length means nothing.

    ``X`` and ``y`` are of the model's dtype. onnxruntime has recurrent layers and the error function of gelu in
    float32 only, so of a float64 model these are computed in float32; and ONNX has the 1e-5 of layer normalisation
    in float32 only.

    Raises
    ------
    TypeError
        For anything but a Net or a Rec.
    ValueError
        For ``layer_norm=True``, which ONNX's recurrent operators lack, and for models of 2 GiB and more.
    OSError
        If writing fails; the old file is as it was.
    ImportError
        Without the extra ``[onnx]``.

    Examples
    --------
    >>> to_onnx(net, "net.onnx")  # doctest: +SKIP
    >>> session = onnxruntime.InferenceSession("net.onnx")  # doctest: +SKIP
    >>> (y,) = session.run(None, {"X": X})  # doctest: +SKIP
    """
    try:
        import onnx  # noqa: F401
    except ModuleNotFoundError:
        raise ImportError("to_onnx needs onnx: pip install 'deepseek-nn[onnx]'", name="onnx") from None
    from ._exchange.dense import check_model
    from ._exchange.onnx_writer import onnx_bytes
    from ._files.atomic import replace_file

    check_model("to_onnx", model)
    replace_file(os.fspath(path), onnx_bytes(model))
