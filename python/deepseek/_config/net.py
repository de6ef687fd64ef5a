"""Configuration of a Net. All sizes are validated before the engine allocates memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from .. import activations, embeddings
from . import checks
from .base import REQUIRED, nested, number, option, per_layer
from .model import SupervisedConfig, activation_kinds, initialization, layer_spec, share

NORMALIZATIONS = ("none", "batch", "layer")
_NORM_PARTS = {
    "none": (),
    "batch": ("weight", "bias", "running_mean", "running_var"),
    "layer": ("weight", "bias"),
}


def as_normalization(name: str, value: Any) -> str:
    """Validate the name of a normalisation; None is "none"."""
    return checks.choice(name, "none" if value is None else value, NORMALIZATIONS)


def _as_layers(name: str, value: Any, _: Any) -> tuple[int, ...]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"{name}: got {value!r}; expected a list of sizes such as [64, 128, 10]")
    sizes = tuple(checks.integer(f"{name}[{i}]", size) for i, size in enumerate(value))
    if len(sizes) < 2:
        raise ValueError(f"{name}: got {list(sizes)}; expected inputs and outputs at least, as in [64, 10]")
    return sizes


def _hidden(config: NetConfig) -> int:
    return len(config.layers) - 2


@dataclass(frozen=True, kw_only=True, repr=False)
class NetConfig(SupervisedConfig):
    """Options of a Net; some have a value per layer. Layers of weights are numbered from 0 to the output layer."""

    kind: ClassVar[str] = "Net"
    translated: ClassVar[frozenset[str]] = SupervisedConfig.translated | {
        "layers", "activation", "dropout", "normalization", "initialization",
    }  # fmt: skip
    layers: tuple[int, ...] = option(REQUIRED, _as_layers)
    activation: tuple[activations.Activation | str, ...] = per_layer(
        "relu", activations.as_activation, _hidden, kinds=activation_kinds
    )
    dropout: tuple[float, ...] = per_layer(0.0, share, _hidden)
    normalization: tuple[str, ...] = per_layer(None, as_normalization, _hidden)
    initialization: tuple[str, ...] = per_layer(
        "auto", initialization, lambda config: _hidden(config) + 1, what="layer of weights"
    )

    numeric_embedding: embeddings.PeriodicEmbedding | None = nested(
        embeddings.PeriodicEmbedding, lambda: embeddings.KINDS
    )
    input_scale_rate: float = number(0.0)

    @property
    def inputs(self) -> int:
        return self.layers[0]

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers of inputs of the layers of weights, and of the outputs."""
        embedding = self.numeric_embedding
        extra = (embedding.features or 0) * (embedding.width - 1) if embedding else 0
        return (self.inputs + extra, *self.layers[1:])

    @property
    def outputs(self) -> int:
        return self.layers[-1]

    def _complete(self) -> None:
        super()._complete()
        embedding = self.numeric_embedding
        if embedding is not None and embedding.features is None:
            self._set("numeric_embedding", replace(embedding, features=self.inputs))
        elif embedding is not None and (embedding.features or 0) > self.inputs:
            raise ValueError(
                f"numeric_embedding: got {embedding.features} features; expected at most {self.inputs}, the inputs"
            )
        self.check_memory(f"layers {list(self.layers)}")

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return names and shapes of the parameters, as in PyTorch: "0.weight" (outputs, inputs)."""
        found: dict[str, tuple[int, ...]] = {}
        if (embedding := self.numeric_embedding) is not None and embedding.features:
            found["embedding.frequency"] = (embedding.frequencies, embedding.features)
            found["embedding.phase"] = (embedding.frequencies * embedding.features,)
            found["embedding.weight"] = (
                (embedding.width - 1) * embedding.frequencies,
                embedding.features,
            )
        if self.input_scale_rate:
            found["scale.weight"] = (self.widths[0],)
        for i, (inputs, units) in enumerate(zip(self.widths, self.widths[1:], strict=False)):
            found[f"{i}.weight"] = (units, inputs)
            if self.bias:
                found[f"{i}.bias"] = (units,)
            norm = self.normalization[i] if i < len(self.normalization) else "none"
            for part in _NORM_PARTS[norm]:
                found[f"{i}.norm.{part}"] = (units,)
        return found

    def spec(self) -> dict[str, Any]:
        hidden = zip(self.activation, self.dropout, self.normalization, strict=True)
        pieces = [*hidden, (self.output_activation, 0.0, "none")]
        layers = [
            layer_spec(units, act, self.bias, dropout, norm, init)
            for units, init, (act, dropout, norm) in zip(
                self.layers[1:], self.initialization, pieces, strict=True
            )
        ]
        return {**super().spec(), "input_size": self.inputs, "layers": layers}
