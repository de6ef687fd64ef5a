"""PyTorch modules for exp, the periodic embedding and a whole Rec, and the mapping of activations.

Unpickling these modules needs this package; the module of a Net usually consists of PyTorch's own classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ..activations import ELU, Activation, LeakyReLU, name_of, parameter_of

SOFTPLUS_THRESHOLD = 40.0
"""Argument above which softplus(x) equals x in float64. PyTorch's default is 20."""


class Exp(nn.Module):  # type: ignore[misc]
    """Elementwise exponential."""

    def forward(self, x: Any) -> Any:
        """Return exp(x)."""
        return torch.exp(x)


class PeriodicEmbedding(nn.Module):  # type: ignore[misc]
    """Periodic embedding of the first features of a row: the module of `deepseek.PeriodicEmbedding`.

    Parameters
    ----------
    frequency : ndarray of shape (frequencies, features)
        Frequencies, in cycles per unit of the feature.
    phase : ndarray of shape (frequencies·features,)
        Phases, in turns.
    weight : ndarray of shape ((width - 1)·frequencies, features)
        Weights of the waves.
    """

    def __init__(self, frequency: Any, phase: Any, weight: Any) -> None:
        super().__init__()
        for name, array in (("frequency", frequency), ("phase", phase), ("weight", weight)):
            self.register_parameter(name, nn.Parameter(torch.from_numpy(array)))

    def forward(self, x: Any) -> Any:
        """Return x and the combinations of the waves, (rows, inputs + features·(width - 1))."""
        frequencies, features = self.frequency.shape
        turns = x[:, None, :features] * self.frequency + self.phase.view(frequencies, features)
        weight = self.weight.view(-1, frequencies, features)
        combined = torch.einsum("bfj,kfj->bkj", torch.cos(2.0 * torch.pi * turns), weight)
        return torch.cat([x, combined.flatten(1)], dim=1)


_MODULES = {
    "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU, "selu": nn.SELU, "gelu": nn.GELU,
    "silu": nn.SiLU, "mish": nn.Mish, "hard_sigmoid": nn.Hardsigmoid, "hard_swish": nn.Hardswish, "exp": Exp,
}  # fmt: skip
_WITH_ARGUMENTS: dict[str, Callable[[float], Any]] = {
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "softplus": lambda _: nn.Softplus(threshold=SOFTPLUS_THRESHOLD),
    "softmax": lambda _: nn.Softmax(dim=-1),
}
KNOWN = sorted(kind.__name__ for kind in [*_MODULES.values(), nn.LeakyReLU, nn.ELU, nn.Softplus, nn.Softmax])


def module_of(activation: Activation | str) -> Any:
    """Return PyTorch's module for an activation other than the identity."""
    name = name_of(activation)
    return _MODULES[name]() if name in _MODULES else _WITH_ARGUMENTS[name](parameter_of(activation))


def activation_of(module: Any, axes: Sequence[int]) -> Activation | str | None:
    """Return the activation that a module computes, or None; `axes` are the numbers of the outputs' last dimension."""
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
    return next((name for name, known in _MODULES.items() if kind is known), None)


class Recurrent(nn.Module):  # type: ignore[misc]
    """Recurrent layers, the pooling of their steps, and the head: the module of a Rec.

    Parameters
    ----------
    rnn : nn.RNN, nn.GRU or nn.LSTM, or list of these
        Recurrent layers with ``batch_first=True``; a list where they differ in width.
    head : nn.Sequential
        Dense layers after the recurrent ones.
    output : str
        The option `output` of `Rec`.
    embedding : nn.Embedding, optional
        Embedding of tokens; default: none.
    vocabulary : int, optional
        Number of tokens without an embedding; default: inputs are real numbers.
    dropout : float, default=0.0
        Dropout probability between the items of a list.
    input_dropout : float, default=0.0
        Dropout probability of the inputs.
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
        """Return the outputs of `Rec.predict`, after the output activation.

        Parameters
        ----------
        x : Tensor of shape (sequences, steps, features), or tokens (sequences, steps)
            Inputs.
        lengths : Tensor of int, shape (sequences,), optional
            Number of valid steps of each sequence, at least 1; default: all.

        Returns
        -------
        Tensor of shape (sequences, outputs) or (sequences, steps, outputs)
            Outputs per sequence or per step, according to `output`. Outputs beyond the length of a sequence
            are unspecified.
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
    """Return outputs, with zeros beyond the lengths, and the final state."""
    if lengths is None:
        result: tuple[Any, Any] = rnn(x)
        return result
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    y, end = rnn(packed)
    return pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])[0], end


def _pool(name: str, y: Any, lengths: Any) -> Any:
    """Return the mean or maximum over the valid steps."""
    if lengths is None:
        return y.mean(dim=1) if name == "mean" else y.amax(dim=1)
    real = lengths.to(y.device)[:, None]
    if name == "mean":
        return y.sum(dim=1) / real
    beyond = torch.arange(y.shape[1], device=y.device) >= real
    return y.masked_fill(beyond[:, :, None], -torch.inf).amax(dim=1)
