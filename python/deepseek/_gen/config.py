"""A Gen's configuration: one form for what the constructor was told, and its way to the engine.

What only the data can tell (`data_size`, the output blocks of a table, `classes` of a column) may be missing
until the first fit; `GenConfig.known` says whether it is. The arguments are checked in `arguments`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from .. import activations, optimizers
from .._settings import Settings, layer_spec, training_spec
from ..augmentation import Augmentation
from .blocks import Block, width

WIDEST_EMBEDDING = 16  # by default
_OFF: dict[str, Any] = {"target": 0.0}  # augmentation, to the engine

Layer = tuple[str, int, int, activations.Activation | str, float, str]
"""A layer's name, inputs, units, activation, dropout of its outputs, normalisation."""


@dataclass(frozen=True, kw_only=True)
class GenConfig(Settings):
    """Two chains of dense layers. Per-layer choices have one value a hidden layer."""

    data_size: int | None
    latent_size: int
    generator: tuple[int, ...]
    discriminator: tuple[int, ...]
    classes: int | None
    embedding_size: int | None
    activation: tuple[activations.Activation | str, ...]
    output_activation: activations.Activation | str | tuple[Block, ...]
    discriminator_activation: tuple[activations.Activation | str, ...]
    discriminator_output_activation: str
    penalty: str | None
    penalty_weight: float | None
    penalty_every: int
    spectral_norm: bool
    average: float
    discriminator_optimizer: optimizers.Optimizer
    generator_steps: int
    discriminator_steps: int
    normalization: tuple[str, ...]
    discriminator_normalization: tuple[str, ...]
    dropout: tuple[float, ...]
    discriminator_dropout: tuple[float, ...]
    discriminator_input_dropout: float
    minibatch_std: int
    pack: int
    instance_noise: float
    instance_noise_epochs: int
    augmentation: Augmentation | None
    initialization: str

    activated: ClassVar[tuple[str, ...]] = ("activation", "discriminator_activation")
    sequences: ClassVar[bool] = False

    @property
    def known(self) -> bool:
        """Whether the width of the data is."""
        return self.data_size is not None

    @property
    def inputs(self) -> int:
        return self.data_size or 0

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Of the generator's columns, if it has any."""
        return self.output_activation if isinstance(self.output_activation, tuple) else ()

    @property
    def embedding(self) -> int:
        """Width of the labels' embedding; 0 without labels."""
        if not self.classes:
            return 0
        return self.embedding_size or min(self.classes, WIDEST_EMBEDDING)

    @property
    def together(self) -> int:
        """Rows that only make sense together: a batch has a multiple of them."""
        return self.pack * max(self.minibatch_std, 1)

    def for_data(self, size: int, blocks: tuple[Block, ...] | None, classes: int | None) -> GenConfig:
        """What the first fit told, filled in."""
        found = replace(self, data_size=size, classes=classes)
        if blocks is not None:
            found = replace(found, output_activation=blocks)
        found.check_sizes()
        return found

    def check_sizes(self) -> None:
        """Refuse blocks that do not cover the data, and what this machine cannot hold."""
        if self.blocks and width(self.blocks) != self.inputs:
            raise ValueError(
                f"output_activation's blocks cover {width(self.blocks)} columns, the data have {self.inputs}"
            )
        self.check_memory(f"generator {list(self.generator)} and discriminator {list(self.discriminator)}")

    def generator_layers(self) -> Iterator[Layer]:
        """From the latents to the rows."""
        return self._making(self.latent_size + self.embedding, self.generator, self.dropout)

    def discriminator_layers(self) -> Iterator[Layer]:
        """From the rows, or packs of them, to the score."""
        return self._scoring(self.pack * self.inputs, self.discriminator, self.discriminator_dropout)

    def _making(self, inputs: int, units: Iterable[int], dropout: Iterable[float]) -> Iterator[Layer]:
        """The generator's dense layers."""
        last = "identity" if isinstance(self.output_activation, tuple) else self.output_activation
        hidden = zip(units, self.activation, dropout, self.normalization, strict=True)
        return _chain("generator", inputs, [*hidden, (self.inputs, last, 0.0, "none")])

    def _scoring(self, inputs: int, units: Iterable[int], dropout: Iterable[float]) -> Iterator[Layer]:
        """The discriminator's; the last sees the groups' deviation besides."""
        hidden = zip(
            units, self.discriminator_activation, dropout, self.discriminator_normalization, strict=True
        )
        score = (1, self.discriminator_output_activation, 0.0, "none")
        *body, (name, features, *rest) = _chain("discriminator", inputs, [*hidden, score])
        yield from body
        yield (name, features + bool(self.minibatch_std), *rest)  # type: ignore[misc]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter's name and shape in PyTorch's layout, such as "generator.0.weight": (out, in)."""
        if not self.known:
            return {}
        labels = self.classes or 0, self.embedding
        found = self._below("generator") | self._shapes_of(self.generator_layers(), "generator", labels)
        average = {name.replace("generator.", "average."): shape for name, shape in found.items()}
        scorer = list(self.discriminator_layers())
        features = scorer[-1][1]
        labels = self.pack * (self.classes or 0), features
        theirs = self._below("discriminator") | self._shapes_of(scorer, "discriminator", labels)
        if self.spectral_norm:
            matrices = {name: shape for name, shape in theirs.items() if len(shape) == 2}
            for name, (rows, columns) in matrices.items():
                theirs |= {f"{name}_u": (rows,), f"{name}_v": (columns,)}
        return {**found, **theirs, **(average if self.average else {})}

    def _below(self, player: str) -> dict[str, tuple[int, ...]]:
        """Parameters below a player's dense layers."""
        return {}

    def _shapes_of(
        self, layers: Iterable[Layer], player: str, table: tuple[int, int]
    ) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {f"{player}.embedding.weight": table} if self.classes else {}
        for name, inputs, units, _, _, norm in layers:
            found[f"{name}.weight"] = (units, inputs)
            parts = ["bias"] if self.bias else []
            parts += ["norm.weight", "norm.bias"] if norm != "none" else []
            parts += ["norm.running_mean", "norm.running_var"] if norm == "batch" else []
            found |= {f"{name}.{part}": (units,) for part in parts}
        return found

    def spec(self) -> dict[str, Any]:
        """What the engine's constructor reads."""
        penalty = {
            "name": self.penalty or "none",
            "weight": self.penalty_weight or 1.0,
            "every": self.penalty_every,
        }
        augment = self.augmentation or Augmentation()
        return {
            **super().spec(), "data": self.inputs, "latent": self.latent_size, "classes": self.classes or 0,
            "embedding": self.embedding, "outputs": [block.spec() for block in self.blocks],
            "loss": {"name": self.loss}, "penalty": penalty, "average": self.average,
            "noise": {"deviation": self.instance_noise, "epochs": self.instance_noise_epochs},
            "augment": {**vars(augment), **({} if self.augmentation else _OFF)},
            "generator": {
                **self._player(self.generator_layers(), self.optimizer, self.generator_steps), "input_dropout": 0.0,
            },
            "discriminator": {
                **self._player(self.discriminator_layers(), self.discriminator_optimizer, self.discriminator_steps),
                "input_dropout": self.discriminator_input_dropout, "spectral": self.spectral_norm,
                "group": self.minibatch_std, "pack": self.pack,
            },
        }  # fmt: skip

    def _player(self, layers: Iterable[Layer], optimizer: optimizers.Optimizer, steps: int) -> dict[str, Any]:
        specs = [
            layer_spec(units, activation, self.bias, dropout, norm, self.initialization)
            for _, _, units, activation, dropout, norm in layers
        ]
        return {"layers": specs, **training_spec(optimizer), "steps": steps}


def _chain(player: str, inputs: int, layers: Iterable[Any]) -> Iterator[Layer]:
    for i, (units, activation, dropout, norm) in enumerate(layers):
        yield f"{player}.{i}", inputs, units, activation, dropout, norm
        inputs = units
