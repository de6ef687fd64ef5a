"""Export methods of Net and Rec: to a PyTorch module and to an ONNX file. A Gen has neither."""

from __future__ import annotations

import os
from typing import Any, cast

from .._training.base import Model


class ExportableModel(Model):
    """Base class of `Net` and `Rec` with the export methods; not instantiated itself."""

    def to_torch(self) -> Any:
        """Return a ``torch.nn.Module`` with the outputs of `predict`; see `deepseek.torch.to_torch`.

        Returns
        -------
        torch.nn.Module
            Module in evaluation mode, with the model's dtype.

        Raises
        ------
        ValueError
            For ``layer_norm=True`` and ``cell_activation="sigmoid"``, which PyTorch's recurrent layers lack.
        ImportError
            If PyTorch is not installed.
        """
        from ..torch import to_torch

        return to_torch(cast(Any, self))

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write an ONNX file that computes `predict`; see `deepseek.onnx.to_onnx`.

        Parameters
        ----------
        path : str or path-like
            File to write; an existing file is replaced when the new one is complete.

        Raises
        ------
        ValueError
            For ``layer_norm=True``, which ONNX's recurrent operators lack, and for models of 2 GiB or more.
        OSError
            If writing fails; the old file is unchanged.
        ImportError
            If the extra ``[onnx]`` is not installed.
        """
        from ..onnx import to_onnx

        to_onnx(cast(Any, self), path)
