"""Dense layers on their way out of a model or into one: their arrays beside what is done with them.

The common ground of the writers and the reader; knows nothing of other libraries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from ..activations import Activation
from ..net import Net
from ..rec import Rec

Array = NDArray[Any]

EPS = 1e-5
"""Of every normalisation."""


@dataclass(kw_only=True)
class Dense:
    """activation(norm(x·weightᵀ + bias)), then dropout.

    Attributes
    ----------
    weight : ndarray (outputs, inputs)
    bias : ndarray (outputs,) or None
    norm : {"none", "batch", "layer"}
    statistics : dict of str to ndarray (outputs,)
        Of the norm: weight, bias and, of "batch", running_mean and running_var.
    activation : str or Activation
    dropout : float
        Share of the outputs that training drops.
    """

    weight: Array
    bias: Array | None = None
    norm: str = "none"
    statistics: dict[str, Array] = field(default_factory=dict)
    activation: str | Activation = "identity"
    dropout: float = 0.0


def check_model(what: str, model: Any) -> None:
    """Refuse what is neither a Net nor a Rec."""
    if not isinstance(model, (Net, Rec)):
        raise TypeError(f"{what} takes a Net or a Rec, got {type(model).__name__}")


def dense_layers(model: Net | Rec, state: dict[str, Array]) -> Iterator[Dense]:
    """All layers of a Net, or those of a Rec's head, the output layer last; `state` is its `state_dict`."""
    config = model._config
    if isinstance(model, Rec):
        prefix, pieces = "head.", [(act, rate, "none") for _, act, rate in model._config.dense]
    else:
        net = model._config
        hidden = zip(net.activation, net.dropout, net.normalization, strict=True)
        prefix, pieces = "", [*hidden, (config.output_activation, 0.0, "none")]
    for i, (activation, rate, norm) in enumerate(pieces):
        start = f"{prefix}{i}."
        yield Dense(
            weight=state[f"{start}weight"],
            bias=state.get(f"{start}bias"),
            norm=norm,
            statistics={n.split(".")[-1]: a for n, a in state.items() if n.startswith(f"{start}norm.")},
            activation=activation,
            dropout=rate,
        )


def state_of(layers: Sequence[Dense], prefix: str, bias: bool) -> dict[str, Array]:
    """The layers' entries of a `state_dict`; with `bias` all have one, zeros where there was none."""
    found: dict[str, Array] = {}
    for i, layer in enumerate(layers):
        found[f"{prefix}{i}.weight"] = layer.weight
        if bias:
            found[f"{prefix}{i}.bias"] = layer.weight[:, 0] * 0 if layer.bias is None else layer.bias
        found |= {f"{prefix}{i}.norm.{part}": array for part, array in layer.statistics.items()}
    return found
