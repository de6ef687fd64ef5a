"""What PyTorch lacks: modules for exp and for a whole Rec; and the activations' names there.

Only these need this package where a module is unpickled; what is made of a Net is PyTorch's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ..activations import ELU, Activation, LeakyReLU, name_of, parameter_of

STRAIGHT = 40.0
"""Where softplus may be its argument: the difference is below float64's rounding. By default PyTorch says 20."""


class Exp(nn.Module):  # type: ignore[misc]
    """exp, by element."""

    def forward(self, x: Any) -> Any:
        """exp(x)."""
        return torch.exp(x)


_PLAIN = {
    "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU, "selu": nn.SELU, "gelu": nn.GELU,
    "silu": nn.SiLU, "mish": nn.Mish, "hard_sigmoid": nn.Hardsigmoid, "hard_swish": nn.Hardswish, "exp": Exp,
}  # fmt: skip
_MADE: dict[str, Callable[[float], Any]] = {
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "softplus": lambda _: nn.Softplus(threshold=STRAIGHT),
    "softmax": lambda _: nn.Softmax(dim=-1),
}
KNOWN = sorted(kind.__name__ for kind in [*_PLAIN.values(), nn.LeakyReLU, nn.ELU, nn.Softplus, nn.Softmax])


def module_of(activation: Activation | str) -> Any:
    """PyTorch's module for an activation that is not the identity."""
    name = name_of(activation)
    return _PLAIN[name]() if name in _PLAIN else _MADE[name](parameter_of(activation))


def activation_of(module: Any, axes: Sequence[int]) -> Activation | str | None:
    """The activation that a module is; None: it is none of ours. `axes` are names of the outputs' dimension."""
    kind = type(module)
    if kind is nn.LeakyReLU:
        return LeakyReLU(module.negative_slope)
    if kind is nn.ELU:
        return ELU(module.alpha)
    if kind is nn.Softplus:
        return "softplus" if module.beta == 1 and module.threshold >= 20 else None
    if kind is nn.Softmax:
        return "softmax" if module.dim in axes else None
    if kind is nn.GELU and module.approximate != "none":
        return None
    return next((name for name, known in _PLAIN.items() if kind is known), None)


class Recurrent(nn.Module):  # type: ignore[misc]
    """Recurrent layers, what the head sees of them, and the head.

    Parameters
    ----------
    rnn : nn.RNN, nn.GRU or nn.LSTM, or list of these
        ``batch_first``; a list where layers differ in width.
    head : nn.Sequential
    output : str
        As `Rec`'s.
    embedding : nn.Embedding, optional
        Of tokens.
    vocabulary : int, optional
        Of tokens without an embedding.
    dropout, input_dropout : float, default=0.0
        Between the items of a list, and of the inputs.
    """

    def __init__(
        self,
        rnn: Any,
        head: Any,
        output: str,
        *,
        embedding: Any = None,
        vocabulary: int | None = None,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.rnn = nn.ModuleList(rnn) if isinstance(rnn, list) else rnn
        self.head = head
        self.output, self.vocabulary = output, vocabulary
        self.dropout, self.input_dropout = nn.Dropout(dropout), nn.Dropout(input_dropout)

    def forward(self, x: Any, lengths: Any = None) -> Any:
        """Outputs as `Rec.predict` has them, after the output activation.

        Parameters
        ----------
        x : Tensor (sequences, steps, features), or of tokens (sequences, steps)
        lengths : Tensor of int (sequences,), optional
            Real steps of each sequence, at least 1; default: all.

        Returns
        -------
        Tensor (sequences, outputs) or (sequences, steps, outputs)
            As `output` says; what stands beyond a sequence's length means nothing.
        """
        layers = list(self.rnn) if isinstance(self.rnn, nn.ModuleList) else [self.rnn]
        if self.embedding is not None:
            x = self.embedding(x)
        elif self.vocabulary:
            x = nn.functional.one_hot(x.long(), self.vocabulary).to(layers[0].weight_ih_l0.dtype)
        x = self.input_dropout(x)
        for k, rnn in enumerate(layers):
            x, end = _run(rnn, self.dropout(x) if k else x, lengths)
        if self.output == "last":
            h = end[0] if isinstance(end, tuple) else end
            x = torch.cat(list(h[-2:] if layers[-1].bidirectional else h[-1:]), dim=-1)
        elif self.output in ("mean", "max"):
            x = _pool(self.output, x, lengths)
        return self.head(x)


def _run(rnn: Any, x: Any, lengths: Any) -> tuple[Any, Any]:
    """(outputs, zeros beyond the lengths; final state)."""
    if lengths is None:
        found: tuple[Any, Any] = rnn(x)
        return found
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    y, end = rnn(packed)
    return pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])[0], end


def _pool(name: str, y: Any, lengths: Any) -> Any:
    """Mean or maximum over the real steps."""
    if lengths is None:
        return y.mean(dim=1) if name == "mean" else y.amax(dim=1)
    real = lengths.to(y.device)[:, None]
    if name == "mean":
        return y.sum(dim=1) / real
    beyond = torch.arange(y.shape[1], device=y.device) >= real
    return y.masked_fill(beyond[:, :, None], -torch.inf).amax(dim=1)
