"""Conversion to and from PyTorch: `to_torch` and `from_torch`.

PyTorch is imported by the first call. A module and its model share no memory.
"""

from __future__ import annotations

from typing import Any

from .net import Net
from .rec import Rec

__all__ = ["from_torch", "to_torch"]


def to_torch(model: Net | Rec) -> Any:
    """Convert a model to a PyTorch module with the outputs of the model's `predict`.

    Parameters
    ----------
    model : Net or Rec
        Model to convert.

    Returns
    -------
    torch.nn.Module
        Module in evaluation mode on the CPU, with the model's dtype and its output activation. A Net becomes
        a ``Sequential`` of ``Linear``, ``BatchNorm1d`` or ``LayerNorm``, an activation and ``Dropout``. A Rec
        becomes a module with ``forward(x, lengths=None)`` over ``nn.RNN``, ``GRU`` or ``LSTM``, where x has
        shape (sequences, steps, features), or (sequences, steps) for tokens, and lengths are the numbers of
        valid steps, at least 1. `recurrent_dropout` and `bptt_steps`, which only affect training, are not
        converted.

    Raises
    ------
    TypeError
        If the model is not a Net or a Rec.
    ValueError
        For ``layer_norm=True`` and ``cell_activation="sigmoid"``, which PyTorch's recurrent layers lack.
    ImportError
        If PyTorch is not installed.

    Examples
    --------
    >>> module = to_torch(net)  # doctest: +SKIP
    >>> module(torch.from_numpy(X))  # doctest: +SKIP
    """
    _need_torch("to_torch")
    from ._interop.dense import check_model
    from ._interop.torch_writer import module_from

    check_model("to_torch", model)
    return module_from(model)


def from_torch(module: Any, *, head: Any = None, embedding: Any = None, **arguments: Any) -> Net | Rec:
    """Convert a PyTorch module to a model with the outputs of the module in evaluation mode.

    Parameters
    ----------
    module : torch.nn.Module
        Module to convert. A Net is read from a ``Linear``, or from a ``Sequential``, possibly nested, of
        ``Linear``, each followed by some of ``BatchNorm1d`` or ``LayerNorm``, an activation and ``Dropout``,
        in this order. A Rec is read from an ``nn.RNN``, ``GRU`` or ``LSTM``, or from a list of them where
        widths differ. A module returned by `to_torch` is accepted as well.
    head : torch.nn.Linear or Sequential, optional
        Dense layers after the recurrent ones; required for a Rec.
    embedding : torch.nn.Embedding, optional
        Embedding of the tokens of a Rec; default: none. For tokens without an embedding pass ``vocabulary=``.
    **arguments
        Further arguments of the constructor of `Net` or `Rec`: loss, optimizer, seed, …; for a Rec also
        output (default "last"). The default loss follows the output activation: cross_entropy for Softmax,
        binary_cross_entropy for Sigmoid, poisson for exp, otherwise squared_error. If a module ends in
        logits, its outputs stay logits unless the loss has its own activation. With ``loss="cross_entropy"``,
        which outputs "ctc" and "next" of tokens imply, the model predicts probabilities and trains like
        ``nn.CrossEntropyLoss``.

    Returns
    -------
    Net or Rec
        Model with the dtype of the parameters.

    Raises
    ------
    TypeError
        For a layer that is unknown or in an unsupported position; for parameters other than float32 and
        float64; for an argument that the module determines.
    ValueError
        For options that this package lacks: proj_size, an eps other than 1e-5, several dropouts in a Rec.
    ImportError
        If PyTorch is not installed.

    Examples
    --------
    >>> net = from_torch(torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Softmax(1)))  # doctest: +SKIP
    >>> rec = from_torch(torch.nn.GRU(8, 64), head=torch.nn.Linear(64, 1), output="last")  # doctest: +SKIP
    """
    _need_torch("from_torch")
    from ._interop.torch_reader import net_from
    from ._interop.torch_recurrent import as_recurrent, rec_from

    recurrent = as_recurrent(module, head, embedding, arguments)
    if recurrent is not None:
        return rec_from(recurrent, arguments)
    if head is not None or embedding is not None:
        raise TypeError(
            f"head, embedding: got a value with a {type(module).__name__}; expected None (both belong to an nn.RNN, "
            "GRU or LSTM)"
        )
    return net_from(module, arguments)


def _need_torch(function: str) -> None:
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        raise ImportError(f"{function} needs PyTorch: pip install torch", name="torch") from None
