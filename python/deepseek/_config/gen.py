"""Configuration of a Gen: options, and the layers and parameters of its players.

Options that depend on the data (`data_size`, the output blocks of a table, `classes` of a column) may be unknown until
the first fit; `GenConfig.known` tells. `gen_sequences` has the recurrent players.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from .. import _core, activations, gen_options, optimizers, schedules
from . import checks
from .base import ConfigBase, count, number, one_of, option, per_layer, switch
from .gen_blocks import Block, as_blocks, width
from .model import (
    INITIALIZATIONS,
    ModelConfig,
    activation_kinds,
    as_optimizer,
    layer_spec,
    optimizer_option,
    share,
    training_spec,
)
from .net import as_normalization

LOSSES = _core.gan_losses()
LEAKY = activations.LeakyReLU(0.2)
"""Default activation of the discriminator."""

MAX_EMBEDDING = 16  # largest default width of the embedding of labels

Layer = tuple[str, int, int, activations.Activation | str, float, str]
"""Name, inputs, units, activation, dropout of the outputs, and normalisation of a layer."""


def _groups() -> dict[str, type[ConfigBase]]:
    return gen_options.KINDS


def _outputs() -> dict[str, type[ConfigBase]]:
    return {**activations.KINDS, "Block": Block}


def _as_units(argument: str, value: Any, config: GenConfig) -> tuple[int, ...]:
    if value is None:
        return (64,) if config.sequences else (128, 128)
    return checks.units(argument, value, 1 if config.sequences else 0)


def _as_output_activation(
    argument: str, value: Any, _: Any
) -> activations.Activation | str | tuple[Block, ...]:
    if isinstance(value, (list, tuple)):
        return as_blocks(value) or "identity"
    return activations.as_activation(argument, value)


def _as_discriminator_normalization(argument: str, value: Any) -> str:
    chosen = as_normalization(argument, value)
    if chosen == "batch":
        raise ValueError(
            f'{argument}: got "batch"; expected "layer" or None, as a batch mixes real and generated rows'
        )
    return chosen


def _as_minibatch_std(argument: str, value: Any, _: Any) -> int:
    rows = checks.integer(argument, value, 0)
    if rows == 1:
        raise ValueError(f"{argument}: got 1; expected 0 (off) or groups of at least 2 rows")
    return rows


def _as_discriminator_optimizer(argument: str, value: Any, config: GenConfig) -> optimizers.Optimizer:
    return as_optimizer(argument, config.optimizer if value is None else value)


def _as_dropout(player: str) -> Any:
    """Return the check of a dropout rate per hidden layer; with sequences that of the recurrent layers comes first."""

    def check(argument: str, value: Any, config: GenConfig) -> tuple[float, ...]:
        what = "hidden layer"
        if config.sequences:
            what = "hidden dense layer after one for the recurrent layers"
        layers = len(config.dense_units(player)) + bool(config.sequences)
        return tuple(share(argument, one) for one in checks.per_layer(argument, value, layers, what))

    return check


def _layers(player: str) -> Any:
    return lambda config: len(config.dense_units(player))


@dataclass(frozen=True, kw_only=True, repr=False)
class GenConfig(ModelConfig):
    """Options of a Gen of rows, whose players are dense layers; options per layer have a value per hidden layer."""

    kind: ClassVar[str] = "Gen"
    translated: ClassVar[frozenset[str]] = frozenset({
        "optimizer", "bias", "device", "sequences", "generator", "discriminator", "activation", "output_activation",
        "discriminator_activation", "discriminator_output_activation", "discriminator_optimizer", "normalization",
        "discriminator_normalization", "dropout", "discriminator_dropout", "discriminator_input_dropout",
        "initialization",
    })  # fmt: skip
    loss: str = one_of("relativistic", tuple(LOSSES))
    optimizer: optimizers.Optimizer = optimizer_option(optimizers.Adam(1e-3, beta1=0.0, beta2=0.99))
    sequences: gen_options.SequencePlayers | None = option(None, gen_options.as_sequences, kinds=_groups)
    data_size: int | None = count(None)
    latent_size: int = count(None, 0)
    generator: tuple[int, ...] = option(None, _as_units)
    discriminator: tuple[int, ...] = option(None, _as_units)
    classes: int | None = count(None)
    embedding_size: int | None = count(None)
    activation: tuple[activations.Activation | str, ...] = per_layer(
        "relu", activations.as_activation, _layers("generator"), kinds=activation_kinds
    )
    output_activation: activations.Activation | str | tuple[Block, ...] = option(
        "identity", _as_output_activation, kinds=_outputs
    )
    discriminator_activation: tuple[activations.Activation | str, ...] = per_layer(
        LEAKY, activations.as_activation, _layers("discriminator"), kinds=activation_kinds
    )
    discriminator_output_activation: str = one_of("identity", ("identity", "sigmoid"))
    penalty: gen_options.Penalty | None = option("auto", gen_options.as_penalty, kinds=_groups)
    spectral_norm: bool = switch(False)
    ema_decay: float = number(0.999, 0.0, 1.0, below=True)
    discriminator_optimizer: optimizers.Optimizer = option(
        None, _as_discriminator_optimizer, kinds=lambda: optimizers.KINDS
    )
    generator_steps: int = count(1)
    discriminator_steps: int = count(1)
    normalization: tuple[str, ...] = per_layer(None, as_normalization, _layers("generator"))
    discriminator_normalization: tuple[str, ...] = per_layer(
        None, _as_discriminator_normalization, _layers("discriminator")
    )
    dropout: tuple[float, ...] = option(0.0, _as_dropout("generator"))
    discriminator_dropout: tuple[float, ...] = option(0.0, _as_dropout("discriminator"))
    discriminator_input_dropout: float = number(0.0, 0.0, 1.0, below=True)
    minibatch_std: int = option(0, _as_minibatch_std)
    pac: int = count(1)
    instance_noise: gen_options.InstanceNoise | None = option(
        0.0, gen_options.as_instance_noise, kinds=_groups
    )
    augmentation: gen_options.Augmentation | None = option(None, gen_options.as_augmentation, kinds=_groups)
    initialization: str = one_of("auto", INITIALIZATIONS)

    def _complete(self) -> None:
        given: Any = self.penalty
        if given == "auto":
            kind = LOSSES[self.loss]["penalty"]
            self._set("penalty", kind and gen_options.Penalty(self._penalty_kind(kind)))
        self._complete_sizes()
        self._check_combinations()
        if self.blocks and not self.known:
            self._set("data_size", width(self.blocks))
        self.check_sizes()

    def _penalty_kind(self, kind: str) -> str:
        """Return the kind of penalty="auto"; `kind` is the default of the loss."""
        return kind

    def _complete_sizes(self) -> None:
        given: Any = self.latent_size
        self._set("latent_size", 32 if given is None else given)
        checks.integer("latent_size", self.latent_size)

    def _check_combinations(self) -> None:
        for argument in ("optimizer", "discriminator_optimizer"):
            if isinstance(getattr(self, argument).schedule, schedules.Plateau):
                raise ValueError(
                    f"{argument}: got a Plateau schedule; expected another schedule, as the losses of a GAN need not "
                    "fall"
                )
        if self.embedding_size is not None and self.classes is None:
            raise ValueError(
                f"embedding_size: got {self.embedding_size} without classes; expected None, or classes= "
                "(only labels are embedded)"
            )
        if self.discriminator_output_activation == "sigmoid" and not LOSSES[self.loss]["any_output"]:
            raise ValueError(
                f"discriminator_output_activation: got 'sigmoid'; expected 'identity' for loss {self.loss!r}, which "
                "takes scores as logits"
            )

    def dense_units(self, player: str) -> tuple[int, ...]:
        """Return the units of the hidden dense layers of a player."""
        units: tuple[int, ...] = getattr(self, player)
        return units if self.sequences is None else getattr(self.sequences, f"{player}_head")

    @property
    def known(self) -> bool:
        """Whether the width of the data is known."""
        return self.data_size is not None

    @property
    def inputs(self) -> int:
        return self.data_size or 0

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Output blocks of the generator; empty without blocks."""
        return self.output_activation if isinstance(self.output_activation, tuple) else ()

    @property
    def embedding(self) -> int:
        """Width of the embedding of labels; 0 without labels."""
        if not self.classes:
            return 0
        return self.embedding_size or min(self.classes, MAX_EMBEDDING)

    @property
    def batch_multiple(self) -> int:
        """Number of rows that are scored together; the number of rows in a batch is a multiple of it."""
        return self.pac * max(self.minibatch_std, 1)

    def for_data(self, size: int, blocks: tuple[Block, ...] | None, classes: int | None) -> GenConfig:
        """Return the configuration with the sizes of the data of the first fit."""
        found: dict[str, Any] = {} if blocks is None else {"output_activation": blocks}
        return replace(self, data_size=size, classes=classes, **found)

    def check_sizes(self) -> None:
        """Raise ValueError for blocks that do not cover the data, and for models that exceed the memory."""
        if self.blocks and width(self.blocks) != self.inputs:
            raise ValueError(
                f"output_activation: got blocks of {width(self.blocks)} columns; expected {self.inputs}, the width of "
                "the data"
            )
        self.check_memory(f"generator {list(self.generator)} and discriminator {list(self.discriminator)}")

    def generator_layers(self) -> Iterator[Layer]:
        """Yield the dense layers from the latent variables to the rows."""
        return self._generator_dense(self.latent_size + self.embedding, self.dropout)

    def discriminator_layers(self) -> Iterator[Layer]:
        """Yield the dense layers from packs of `pac` rows to the score."""
        return self._discriminator_dense(self.pac * self.inputs, self.discriminator_dropout)

    def _generator_dense(self, inputs: int, dropout: Iterable[float]) -> Iterator[Layer]:
        units = self.dense_units("generator")
        last = "identity" if isinstance(self.output_activation, tuple) else self.output_activation
        hidden = zip(units, self.activation, dropout, self.normalization, strict=True)
        return _chain("generator", inputs, [*hidden, (self.inputs, last, 0.0, "none")])

    def _discriminator_dense(self, inputs: int, dropout: Iterable[float]) -> Iterator[Layer]:
        """Yield dense layers of the discriminator; the last one has the minibatch standard deviation as an input."""
        units = self.dense_units("discriminator")
        hidden = zip(
            units, self.discriminator_activation, dropout, self.discriminator_normalization, strict=True
        )
        score = (1, self.discriminator_output_activation, 0.0, "none")
        *body, (name, features, *rest) = _chain("discriminator", inputs, [*hidden, score])
        yield from body
        yield (name, features + bool(self.minibatch_std), *rest)  # type: ignore[misc]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return names and shapes of the parameters, as in PyTorch: "generator.0.weight" (outputs, inputs)."""
        if not self.known:
            return {}
        labels = self.classes or 0, self.embedding
        generator = self._encoder_shapes("generator") | self._shapes_of(
            self.generator_layers(), "generator", labels
        )
        average = {name.replace("generator.", "average."): shape for name, shape in generator.items()}
        layers = list(self.discriminator_layers())
        features = layers[-1][1]
        labels = self.pac * (self.classes or 0), features
        discriminator = self._encoder_shapes("discriminator") | self._shapes_of(
            layers, "discriminator", labels
        )
        if self.spectral_norm:
            matrices = {name: shape for name, shape in discriminator.items() if len(shape) == 2}
            for name, (rows, columns) in matrices.items():
                discriminator |= {f"{name}_u": (rows,), f"{name}_v": (columns,)}
        return {**generator, **discriminator, **(average if self.ema_decay else {})}

    def _encoder_shapes(self, player: str) -> dict[str, tuple[int, ...]]:
        """Return names and shapes of the parameters of a player's recurrent encoder; rows have none."""
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
        generator = self._player(self.generator_layers(), self.optimizer)
        layers = self._player(self.discriminator_layers(), self.discriminator_optimizer)
        return {
            **super().spec(),
            "embedding_size": self.embedding,
            "output_blocks": [block._spec() for block in self.blocks],
            "generator": generator,
            "discriminator": {**layers, "input_dropout": self.discriminator_input_dropout},
        }

    def _player(self, layers: Iterable[Layer], optimizer: optimizers.Optimizer) -> dict[str, Any]:
        specs = [
            layer_spec(units, activation, self.bias, dropout, norm, self.initialization)
            for _, _, units, activation, dropout, norm in layers
        ]
        return {"layers": specs, **training_spec(optimizer)}


def _chain(player: str, inputs: int, layers: Iterable[Any]) -> Iterator[Layer]:
    for i, (units, activation, dropout, norm) in enumerate(layers):
        yield f"{player}.{i}", inputs, units, activation, dropout, norm
        inputs = units
