"""Export to ONNX: `to_onnx` writes a file for onnxruntime and other runtimes.

The package ``onnx`` is imported by the first call.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .net import Net
from .rec import Rec

if TYPE_CHECKING:
    from .tabular import TabularNet

__all__ = ["to_onnx"]


def to_onnx(model: Net | Rec | TabularNet, path: str | os.PathLike[str]) -> None:
    """Write an ONNX file that computes the model's `predict`, including the output activation.

    The file has opset 17 and is validated by ``onnx.checker`` before it is written. Its results agree with
    `predict` up to rounding.

    Parameters
    ----------
    model : Net, Rec or TabularNet
        Model to export. `TabularNet.to_onnx` describes its inputs and outputs.
    path : str or path-like
        File to write; an existing file is replaced when the new one is complete.

    Raises
    ------
    TypeError
        If the model is of another class.
    ValueError
        For ``layer_norm=True``, which ONNX's recurrent operators lack, and for models of 2 GiB or more.
    OSError
        If writing fails; the old file is unchanged.
    ImportError
        If the extra ``[onnx]`` is not installed.

    Notes
    -----
    The input of a Net is ``X`` (batch, inputs). The inputs of a Rec are ``X`` (batch, steps, features), or
    int64 tokens (batch, steps), and ``lengths`` (batch,), int32, the numbers of valid steps, at least 1.
    ``lengths`` may be left out if all steps are valid; onnxruntime then warns about an overridable
    initializer. The output is ``y`` (batch, outputs), or (batch, steps, outputs) for outputs per step;
    outputs beyond the length of a sequence are unspecified.

    ``X`` and ``y`` have the model's dtype. onnxruntime supports recurrent layers and the error function of
    gelu in float32 only, so these parts of a float64 model are computed in float32. The epsilon of ONNX's
    layer normalisation is a float32 number.

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
    from ._interop.dense import check_model
    from ._interop.onnx_writer import onnx_bytes
    from ._io.atomic import replace_file
    from .tabular import TabularNet

    if isinstance(model, TabularNet):
        from ._tabular.onnx_writer import onnx_bytes as tabular_bytes

        replace_file(os.fspath(path), tabular_bytes(model._fitted("to_onnx")))
        return
    check_model("to_onnx", model)
    replace_file(os.fspath(path), onnx_bytes(model))
