"""Models to PyTorch and back: `to_torch` and `from_torch`.

PyTorch is imported by the first call, never by the package. A module and its model share no memory.
"""

from __future__ import annotations

from typing import Any

from .net import Net
from .rec import Rec

__all__ = ["from_torch", "to_torch"]


def to_torch(model: Net | Rec) -> Any:
    """A module of PyTorch with the same outputs as the model's `predict`.

    Parameters
    ----------
    model : Net or Rec

    Returns
    -------
    torch.nn.Module
        In evaluation mode, of the model's dtype, on the CPU; the output activation is part of it. Of a Net a
        ``Sequential`` of ``Linear``, ``BatchNorm1d`` or ``LayerNorm``, an activation and ``Dropout``. Of a Rec a
        module with ``forward(x, lengths=None)`` over ``nn.RNN``, ``GRU`` or ``LSTM``: x is (sequences, steps,
        features), or tokens (sequences, steps), and lengths are the real steps of each, at least 1.
        `recurrent_dropout` and `bptt_steps`, which only training knows, stay behind.

    Raises
    ------
    TypeError
        For anything but a Net or a Rec.
    ValueError
        For ``layer_norm=True`` and ``cell_activation="sigmoid"``, which PyTorch's recurrent layers lack.
    ImportError
        Without PyTorch.

    Examples
    --------
    >>> module = to_torch(net)  # doctest: +SKIP
    >>> module(torch.from_numpy(X))  # doctest: +SKIP
    """
    _need_torch("to_torch")
    from ._exchange.dense import check_model
    from ._exchange.torch_writer import module_from

    check_model("to_torch", model)
    return module_from(model)


def from_torch(module: Any, *, head: Any = None, embedding: Any = None, **arguments: Any) -> Net | Rec:
    """A model with the outputs of a PyTorch module in evaluation mode.

    Parameters
    ----------
    module : torch.nn.Module
        For a Net a ``Linear``, or a ``Sequential`` (of Sequentials, too) of ``Linear``, each followed by
        ``BatchNorm1d`` or ``LayerNorm``, an activation and ``Dropout``, or some of these in this order. For a Rec
        an ``nn.RNN``, ``GRU`` or ``LSTM``, or a list of them where widths differ. Or what `to_torch` returned.
    head : torch.nn.Linear or Sequential, optional
        For a Rec: the dense layers behind the recurrent ones.
    embedding : torch.nn.Embedding, optional
        For a Rec: what tokens go through first. Tokens without one: give ``vocabulary=``.
    **arguments
        To the constructor of `Net` or `Rec`: loss, optimizer, seed, …, and of a Rec output (default "last").
        Default loss: that of the output activation: cross_entropy for Softmax, binary_cross_entropy for Sigmoid,
        poisson for exp, else squared_error. A module that ends in logits keeps them as its outputs unless the
        loss brings its own activation: with ``loss="cross_entropy"`` (which outputs "ctc" and "next" of tokens
        imply) the model predicts probabilities, and learns as the module would with ``nn.CrossEntropyLoss``.

    Returns
    -------
    Net or Rec
        Of the parameters' dtype.

    Raises
    ------
    TypeError
        For a layer that is not known or out of place, naming it; for parameters of other types than float32 and
        float64; for an argument that the module has already decided.
    ValueError
        For a choice that this package does not have: proj_size, another eps than 1e-5, several dropouts in a Rec.
    ImportError
        Without PyTorch.

    Examples
    --------
    >>> net = from_torch(torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Softmax(1)))  # doctest: +SKIP
    >>> rec = from_torch(torch.nn.GRU(8, 64), head=torch.nn.Linear(64, 1), output="last")  # doctest: +SKIP
    """
    _need_torch("from_torch")
    from ._exchange.torch_reader import net_from
    from ._exchange.torch_recurrent import gathered, rec_from

    recurrent = gathered(module, head, embedding, arguments)
    if recurrent is not None:
        return rec_from(recurrent, arguments)
    if head is not None or embedding is not None:
        raise TypeError(
            f"head and embedding go with an nn.RNN, GRU or LSTM, not with {type(module).__name__}"
        )
    return net_from(module, arguments)


def _need_torch(what: str) -> None:
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        raise ImportError(f"{what} needs PyTorch: pip install torch", name="torch") from None
