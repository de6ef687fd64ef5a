"""What a model that predicts can be made into: a module of PyTorch, a file of ONNX. A Gen cannot."""

from __future__ import annotations

import os
from typing import Any, cast

from .base import Model


class Exchangeable(Model):
    """Base of `Net` and `Rec`; not made by itself."""

    def to_torch(self) -> Any:
        """A ``torch.nn.Module`` with the outputs of `predict`; see `deepseek.torch.to_torch`.

        Returns
        -------
        torch.nn.Module
            In evaluation mode, of the model's dtype.

        Raises
        ------
        ValueError
            For what PyTorch's recurrent layers lack: ``layer_norm=True``, ``cell_activation="sigmoid"``.
        ImportError
            Without PyTorch.
        """
        from ..torch import to_torch

        return to_torch(cast(Any, self))

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write an ONNX file that computes `predict`; see `deepseek.onnx.to_onnx`.

        Parameters
        ----------
        path : str or path-like
            The file; replaced only when the new one is complete.

        Raises
        ------
        ValueError
            For what ONNX's recurrent operators lack: ``layer_norm=True``.
        OSError
            If writing fails; the old file is as it was.
        ImportError
            Without the extra ``[onnx]``.
        """
        from ..onnx import to_onnx

        to_onnx(cast(Any, self), path)
