"""Dense layers in an exchange format: their arrays and operations.

The writers and the reader share it; it does not depend on other libraries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..activations import Activation
from ..net import Net
from ..rec import Rec

Array = NDArray[Any]

EPS = 1e-5
"""Epsilon of every normalisation."""


@dataclass(kw_only=True)
class Dense:
    """activation(norm(x·weightᵀ + bias)), then dropout.

    Attributes
    ----------
    weight : ndarray of shape (outputs, inputs)
        Weight matrix.
    bias : ndarray of shape (outputs,) or None
        Bias vector, if the layer has one.
    norm : {"none", "batch", "layer"}
        Normalisation before the activation.
    statistics : dict of str to ndarray of shape (outputs,)
        Arrays of the normalisation: weight, bias and, for "batch", running_mean and running_var.
    activation : str or Activation
        Activation function.
    dropout : float
        Dropout probability of the outputs.
    """

    weight: Array
    bias: Array | None = None
    norm: str = "none"
    statistics: dict[str, Array] = field(default_factory=dict)
    activation: str | Activation = "identity"
    dropout: float = 0.0


def check_model(function: str, model: Any) -> None:
    """Raise TypeError unless the argument of an export function is a Net or a Rec."""
    if not isinstance(model, (Net, Rec)):
        raise TypeError(f"{function}: got a {type(model).__name__}; expected a Net or a Rec")


def dense_layers(model: Net | Rec, state: dict[str, Array]) -> Iterator[Dense]:
    """Yield the layers of a Net, or those of a Rec's head, the output layer last; `state` is its `state_dict`."""
    config = model._config
    scale = None  # of the inputs of the first layer, of which it becomes a part
    if isinstance(model, Rec):
        prefix, layers = "head.", [(act, dropout, "none") for _, act, dropout in model._config.dense]
    else:
        net = model._config
        hidden = zip(net.activation, net.dropout, net.normalization, strict=True)
        if net.input_scale_rate:
            scale = 1.0 + net.input_scale_rate * state["scale.weight"].astype(np.float64)
        prefix, layers = "", [*hidden, (config.output_activation, 0.0, "none")]
    for i, (activation, dropout, norm) in enumerate(layers):
        start = f"{prefix}{i}."
        weight = state[f"{start}weight"]
        yield Dense(
            weight=weight if scale is None or i else (weight * scale).astype(weight.dtype),
            bias=state.get(f"{start}bias"),
            norm=norm,
            statistics={n.split(".")[-1]: a for n, a in state.items() if n.startswith(f"{start}norm.")},
            activation=activation,
            dropout=dropout,
        )


def embedding_arrays(state: dict[str, Array]) -> dict[str, Array]:
    """Return frequency, phase and weight of a Net's periodic embedding by name; empty if it has none."""
    prefix = "embedding."
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}


def state_of(layers: Sequence[Dense], prefix: str, bias: bool) -> dict[str, Array]:
    """Return the entries of a `state_dict`; with `bias` every layer has a bias, zeros where it had none."""
    state: dict[str, Array] = {}
    for i, layer in enumerate(layers):
        state[f"{prefix}{i}.weight"] = layer.weight
        if bias:
            state[f"{prefix}{i}.bias"] = layer.weight[:, 0] * 0 if layer.bias is None else layer.bias
        state |= {f"{prefix}{i}.norm.{part}": array for part, array in layer.statistics.items()}
    return state
