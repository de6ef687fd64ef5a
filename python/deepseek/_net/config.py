"""A Net's configuration, checked: one form for what the constructor was told, and its way to the engine.

Nothing here touches the engine, and sizes are judged before anything is allocated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import _checks, activations, losses
from .._settings import INITIALIZATIONS, Supervised, as_output_activation, common, layer_spec, read_settings

NORMALIZATIONS = ("none", "batch", "layer")


@dataclass(frozen=True, kw_only=True)
class NetConfig(Supervised):
    """One value a layer where the constructor allows one for all. Layers of weights count from 0, the output last."""

    layers: tuple[int, ...]
    activation: tuple[activations.Activation | str, ...]
    dropout: tuple[float, ...]
    normalization: tuple[str, ...]
    initialization: tuple[str, ...]

    activated: ClassVar[tuple[str, ...]] = ("activation", "output_activation")

    @property
    def inputs(self) -> int:
        return self.layers[0]

    @property
    def outputs(self) -> int:
        return self.layers[-1]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter's name and shape in PyTorch's layout, such as "0.weight": (out, in)."""
        found: dict[str, tuple[int, ...]] = {}
        for i, (inputs, units) in enumerate(zip(self.layers, self.layers[1:], strict=False)):
            found[f"{i}.weight"] = (units, inputs)
            if self.bias:
                found[f"{i}.bias"] = (units,)
            norm = self.normalization[i] if i < len(self.normalization) else "none"
            for part in _NORM_PARTS[norm]:
                found[f"{i}.norm.{part}"] = (units,)
        return found

    def spec(self) -> dict[str, Any]:
        """What the engine's constructor reads."""
        hidden = zip(self.activation, self.dropout, self.normalization, strict=True)
        pieces = [*hidden, (self.output_activation, 0.0, "none")]
        layers = [
            layer_spec(units, act, self.bias, dropout, norm, init)
            for units, init, (act, dropout, norm) in zip(
                self.layers[1:], self.initialization, pieces, strict=True
            )
        ]
        return {**super().spec(), "layers": layers}


_NORM_PARTS = {
    "none": (),
    "batch": ("weight", "bias", "running_mean", "running_var"),
    "layer": ("weight", "bias"),
}


def make_config(
    layers: Any,
    *,
    activation: Any = "relu",
    output_activation: Any = None,
    loss: Any = None,
    optimizer: Any = None,
    bias: Any = True,
    dropout: Any = 0.0,
    input_dropout: Any = 0.0,
    normalization: Any = None,
    initialization: Any = "auto",
    dtype: Any = "float32",
    device: Any = "cpu",
    threads: Any = None,
    seed: Any = 0,
) -> NetConfig:
    """The constructor's arguments, checked; ValueError or TypeError naming the first that cannot be."""
    sizes = _sizes(layers)
    hidden = len(sizes) - 2
    chosen_loss = losses.as_loss(loss)
    acts = _checks.per_layer("activation", activation, hidden, "hidden layer")
    drops = _checks.per_layer("dropout", dropout, hidden, "hidden layer")
    norms = _checks.per_layer("normalization", normalization, hidden, "hidden layer")
    inits = _checks.per_layer("initialization", initialization, hidden + 1, "layer of weights")
    config = NetConfig(
        layers=sizes,
        activation=tuple(activations.as_activation("activation", a) for a in acts),
        output_activation=as_output_activation(output_activation, chosen_loss, sizes[-1]),
        loss=chosen_loss,
        dropout=tuple(_checks.real("dropout", d, 0.0, 1.0, below=True) for d in drops),
        normalization=tuple(
            _checks.choice("normalization", "none" if n is None else n, NORMALIZATIONS) for n in norms
        ),
        initialization=tuple(_checks.choice("initialization", i, INITIALIZATIONS) for i in inits),
        input_dropout=_checks.real("input_dropout", input_dropout, 0.0, 1.0, below=True),
        **common(optimizer, bias, dtype, device, threads, seed),
    )
    config.check_memory(f"layers {list(sizes)}")
    return config


def read_config(config: Any, *, device: Any = "cpu", threads: Any = None) -> NetConfig:
    """The configuration that `NetConfig.to_config` wrote, checked again from scratch."""
    return read_settings(NetConfig, make_config, config, device, threads)


def _sizes(layers: Any) -> tuple[int, ...]:
    if isinstance(layers, (str, bytes)) or not isinstance(layers, Iterable):
        raise TypeError(f"layers must be a list of sizes such as [64, 128, 10], got {layers!r}")
    sizes = tuple(_checks.integer(f"layers[{i}]", size) for i, size in enumerate(layers))
    if len(sizes) < 2:
        raise ValueError(f"layers must name at least inputs and outputs, as in [64, 10]; got {list(sizes)}")
    return sizes
