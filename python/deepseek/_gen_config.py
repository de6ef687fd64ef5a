"""A Gen's configuration, checked: one form for what the constructor was told, and its way to the engine.

What only the data can tell (`data_size`, the output blocks of a table, `classes` of a column) may be missing
until the first fit; `GenConfig.known` says whether it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from . import _checks, activations, optimizers, schedules
from ._config import NORMALIZATIONS
from ._described import from_config
from ._gen_blocks import Block, as_blocks, width
from ._settings import (
    INITIALIZATIONS,
    Settings,
    as_optimizer,
    common,
    layer_spec,
    read_settings,
    training_spec,
)
from .augmentation import Augmentation, as_augmentation

LEAKY = activations.LeakyReLU(0.2)
"""The discriminator's usual activation."""

LOSSES = ("minimax", "non_saturating", "least_squares", "hinge", "wasserstein", "relativistic")
PENALTIES = ("r1", "r2", "r1r2", "interpolated")
WIDEST_EMBEDDING = 16  # by default
_OWN_PENALTY = {"relativistic": "r1r2", "wasserstein": "interpolated"}
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

    @property
    def known(self) -> bool:
        """Whether the width of the data is."""
        return self.data_size is not None

    @property
    def inputs(self) -> int:
        return self.data_size or 0

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
        _check_width(found)
        found.check_memory(_players(found))
        return found

    def generator_layers(self) -> Iterator[Layer]:
        """From the latents to the rows."""
        whole = self.output_activation
        last = "identity" if isinstance(whole, tuple) else whole
        hidden = zip(self.generator, self.activation, self.dropout, self.normalization, strict=True)
        yield from _chain(
            "generator", self.latent_size + self.embedding, [*hidden, (self.inputs, last, 0.0, "none")]
        )

    def discriminator_layers(self) -> Iterator[Layer]:
        """From the rows, or packs of them, to the score; the last sees the groups' deviation besides."""
        hidden = zip(
            self.discriminator,
            self.discriminator_activation,
            self.discriminator_dropout,
            self.discriminator_normalization,
            strict=True,
        )
        last = (1, self.discriminator_output_activation, 0.0, "none")
        *body, (name, inputs, *rest) = _chain("discriminator", self.pack * self.inputs, [*hidden, last])
        yield from body
        yield (name, inputs + bool(self.minibatch_std), *rest)  # type: ignore[misc]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter's name and shape in PyTorch's layout, such as "generator.0.weight": (out, in)."""
        if not self.known:
            return {}
        found = self._shapes_of(self.generator_layers(), "generator", (self.classes or 0, self.embedding))
        average = {name.replace("generator.", "average."): shape for name, shape in found.items()}
        scorer = list(self.discriminator_layers())
        features = scorer[-1][1]
        theirs = self._shapes_of(scorer, "discriminator", (self.pack * (self.classes or 0), features))
        if self.spectral_norm:
            matrices = {name: shape for name, shape in theirs.items() if len(shape) == 2}
            for name, (rows, columns) in matrices.items():
                theirs |= {f"{name}_u": (rows,), f"{name}_v": (columns,)}
        return {**found, **theirs, **(average if self.average else {})}

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
        blocks = self.output_activation if isinstance(self.output_activation, tuple) else ()
        penalty = {
            "name": self.penalty or "none",
            "weight": self.penalty_weight or 0.0,
            "every": self.penalty_every,
        }
        augment = self.augmentation or Augmentation()
        return {
            **super().spec(), "data": self.inputs, "latent": self.latent_size, "classes": self.classes or 0,
            "embedding": self.embedding, "outputs": [block.spec() for block in blocks],
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


def make_gen_config(
    *,
    data_size: Any = None,
    latent_size: Any = 32,
    generator: Any = (128, 128),
    discriminator: Any = (128, 128),
    classes: Any = None,
    embedding_size: Any = None,
    activation: Any = "relu",
    output_activation: Any = "identity",
    discriminator_activation: Any = LEAKY,
    discriminator_output_activation: Any = "identity",
    loss: Any = "relativistic",
    penalty: Any = "auto",
    penalty_weight: Any = None,
    penalty_every: Any = 1,
    spectral_norm: Any = False,
    average: Any = 0.999,
    optimizer: Any = None,
    discriminator_optimizer: Any = None,
    generator_steps: Any = 1,
    discriminator_steps: Any = 1,
    normalization: Any = None,
    discriminator_normalization: Any = None,
    dropout: Any = 0.0,
    discriminator_dropout: Any = 0.0,
    discriminator_input_dropout: Any = 0.0,
    minibatch_std: Any = 0,
    pack: Any = 1,
    instance_noise: Any = 0.0,
    instance_noise_epochs: Any = 0,
    augmentation: Any = None,
    bias: Any = True,
    initialization: Any = "auto",
    dtype: Any = "float32",
    device: Any = "cpu",
    threads: Any = None,
    seed: Any = 0,
) -> GenConfig:
    """The constructor's arguments, checked; ValueError or TypeError naming the first that cannot be."""
    loss = _checks.choice("loss", loss, LOSSES)
    penalty, weight = _penalty(penalty, penalty_weight, loss)
    maker, scorer = _sizes("generator", generator), _sizes("discriminator", discriminator)
    first = optimizers.Adam(1e-3, beta1=0.0, beta2=0.99) if optimizer is None else optimizer
    settings = common(first, bias, dtype, device, threads, seed)
    second = discriminator_optimizer
    config = GenConfig(
        data_size=None if data_size is None else _checks.integer("data_size", data_size),
        latent_size=_checks.integer("latent_size", latent_size),
        generator=maker,
        discriminator=scorer,
        classes=None if classes is None else _checks.integer("classes", classes),
        embedding_size=None if embedding_size is None else _checks.integer("embedding_size", embedding_size),
        activation=_activations("activation", activation, len(maker)),
        output_activation=_output_activation(output_activation),
        discriminator_activation=_activations(
            "discriminator_activation", discriminator_activation, len(scorer)
        ),
        discriminator_output_activation=_score(discriminator_output_activation, loss),
        loss=loss,
        penalty=penalty,
        penalty_weight=weight,
        penalty_every=_checks.integer("penalty_every", penalty_every),
        spectral_norm=_checks.flag("spectral_norm", spectral_norm),
        average=_checks.real("average", average, 0.0, 1.0, below=True),
        discriminator_optimizer=(
            settings["optimizer"] if second is None else as_optimizer("discriminator_optimizer", second)
        ),
        generator_steps=_checks.integer("generator_steps", generator_steps),
        discriminator_steps=_checks.integer("discriminator_steps", discriminator_steps),
        normalization=_norms("normalization", normalization, len(maker)),
        discriminator_normalization=_norms(
            "discriminator_normalization", discriminator_normalization, len(scorer)
        ),
        dropout=_shares("dropout", dropout, len(maker)),
        discriminator_dropout=_shares("discriminator_dropout", discriminator_dropout, len(scorer)),
        discriminator_input_dropout=_share("discriminator_input_dropout", discriminator_input_dropout),
        minibatch_std=_checks.integer("minibatch_std", minibatch_std, 0),
        pack=_checks.integer("pack", pack),
        instance_noise=_checks.real("instance_noise", instance_noise),
        instance_noise_epochs=_checks.integer("instance_noise_epochs", instance_noise_epochs, 0),
        augmentation=as_augmentation(augmentation),
        initialization=_checks.choice("initialization", initialization, INITIALIZATIONS),
        **settings,
    )
    return _checked_together(config)


def read_gen_config(config: Any, *, device: Any = "cpu", threads: Any = None) -> GenConfig:
    """The configuration that `GenConfig.to_config` wrote, checked again from scratch."""
    if isinstance(config, dict):
        kinds: dict[str, Any] = {
            "augmentation": {"Augmentation": Augmentation},
            "discriminator_optimizer": optimizers.KINDS,
            "output_activation": activations.KINDS,
        }
        config = {
            key: from_config(key, value, kinds[key]) if key in kinds and isinstance(value, dict) else value
            for key, value in config.items()
        }
    return read_settings(GenConfig, make_gen_config, config, device, threads)


def _chain(player: str, inputs: int, layers: Iterable[Any]) -> Iterator[Layer]:
    for i, (units, activation, dropout, norm) in enumerate(layers):
        yield f"{player}.{i}", inputs, units, activation, dropout, norm
        inputs = units


def _penalty(penalty: Any, weight: Any, loss: str) -> tuple[str | None, float | None]:
    if penalty == "auto":
        penalty = _OWN_PENALTY.get(loss)
    chosen = None if penalty is None else _checks.choice("penalty", penalty, ("auto", *PENALTIES))
    if chosen is None:
        if weight is not None:
            raise ValueError(f"penalty_weight={weight!r} needs a penalty; loss {loss!r} has none by itself")
        return None, None
    usual = 10.0 if chosen == "interpolated" else 0.1
    return chosen, usual if weight is None else _checks.real("penalty_weight", weight, above=True)


def _sizes(name: str, value: Any) -> tuple[int, ...]:
    """Units of the hidden layers; none is fine."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of hidden units such as [128, 128], got {value!r}")
    return tuple(_checks.integer(f"{name}[{i}]", size) for i, size in enumerate(value))


def _activations(name: str, value: Any, count: int) -> tuple[activations.Activation | str, ...]:
    each = _checks.per_layer(name, value, count, "hidden layer")
    return tuple(activations.as_activation(name, one) for one in each)


def _norms(name: str, value: Any, count: int) -> tuple[str, ...]:
    each = _checks.per_layer(name, value, count, "hidden layer")
    chosen = tuple(_checks.choice(name, "none" if one is None else one, NORMALIZATIONS) for one in each)
    if name == "discriminator_normalization" and "batch" in chosen:
        raise ValueError(
            f'{name} must be "layer" or None, got "batch": it would mix real with generated rows'
        )
    return chosen


def _share(name: str, value: Any) -> float:
    return _checks.real(name, value, 0.0, 1.0, below=True)


def _shares(name: str, value: Any, count: int) -> tuple[float, ...]:
    return tuple(_share(name, one) for one in _checks.per_layer(name, value, count, "hidden layer"))


def _output_activation(value: Any) -> activations.Activation | str | tuple[Block, ...]:
    if isinstance(value, (list, tuple)):
        return as_blocks(value) or "identity"
    return activations.as_activation("output_activation", value)


def _score(activation: Any, loss: str) -> str:
    name = "discriminator_output_activation"
    chosen = _checks.choice(name, activation, ("identity", "sigmoid"))
    if chosen == "sigmoid" and loss != "least_squares":
        raise ValueError(
            f"{name}='sigmoid' goes with loss 'least_squares' only: {loss!r} takes scores as logits"
        )
    return chosen


def _checked_together(config: GenConfig) -> GenConfig:
    """What goes with what; the width, where the blocks tell it."""
    for name in ("optimizer", "discriminator_optimizer"):
        if isinstance(getattr(config, name).schedule, schedules.Plateau):
            raise ValueError(f"{name} must not have a Plateau schedule: adversarial losses do not sink")
    if config.minibatch_std == 1:
        raise ValueError("minibatch_std must be 0 (off) or a group of at least 2 rows, got 1")
    if config.embedding_size is not None and config.classes is None:
        raise ValueError(f"embedding_size={config.embedding_size} needs classes: only labels are embedded")
    blocks = config.output_activation
    if isinstance(blocks, tuple) and not config.known:
        config = replace(config, data_size=width(blocks))
    _check_width(config)
    config.check_memory(_players(config))
    return config


def _check_width(config: GenConfig) -> None:
    blocks = config.output_activation
    if isinstance(blocks, tuple) and width(blocks) != config.inputs:
        raise ValueError(
            f"output_activation's blocks cover {width(blocks)} columns, the data have {config.inputs}"
        )


def _players(config: GenConfig) -> str:
    return f"generator {list(config.generator)} and discriminator {list(config.discriminator)}"
