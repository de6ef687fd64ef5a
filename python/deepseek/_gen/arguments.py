"""A Gen's arguments, checked, as its configuration; and that read back from a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .. import _checks, activations, optimizers, schedules
from .._described import from_config
from .._net.config import NORMALIZATIONS
from .._settings import INITIALIZATIONS, as_optimizer, common, read_settings
from ..augmentation import Augmentation, as_augmentation
from .blocks import Block, as_blocks, width
from .config import GenConfig
from .sequence_config import DEFAULTS, SequenceGenConfig, check_sequences, of_sequences, sequence_fields

LEAKY = activations.LeakyReLU(0.2)
"""The discriminator's usual activation."""

LOSSES = ("minimax", "non_saturating", "least_squares", "hinge", "wasserstein", "relativistic")
PENALTIES = ("r1", "r2", "r1r2", "interpolated")
_OWN_PENALTY = {"relativistic": "r1r2", "wasserstein": "interpolated"}


def make_gen_config(
    *,
    data_size: Any = None,
    latent_size: Any = None,
    generator: Any = None,
    discriminator: Any = None,
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
    **only: Any,
) -> GenConfig:
    """The constructor's arguments, checked; ValueError or TypeError naming the first that cannot be.

    `only` are those that only sequences have; see `sequence_config.DEFAULTS`.
    """
    only = {**DEFAULTS, **only}
    sequences = of_sequences(only)
    loss = _checks.choice("loss", loss, LOSSES)
    penalty, weight = _penalty(penalty, penalty_weight, loss, only["vocabulary"] is not None)
    usual = (64,) if sequences else (128, 128)
    units = {"generator": generator, "discriminator": discriminator}
    chosen: dict[str, Any] = {
        name: _sizes(name, usual if value is None else value) for name, value in units.items()
    }
    maker, scorer = chosen["generator"], chosen["discriminator"]
    kind: type[GenConfig] = SequenceGenConfig if sequences else GenConfig
    if sequences:
        chosen |= sequence_fields(only, data_size, latent_size)
        maker, scorer = (_sizes(name, only[name]) for name in ("generator_head", "discriminator_head"))
        chosen |= {"generator_head": maker, "discriminator_head": scorer}
    else:
        chosen["latent_size"] = _checks.integer("latent_size", 32 if latent_size is None else latent_size)
    first = optimizers.Adam(1e-3, beta1=0.0, beta2=0.99) if optimizer is None else optimizer
    settings = common(first, bias, dtype, device, threads, seed)
    second = discriminator_optimizer
    config = kind(
        data_size=None if data_size is None else _checks.integer("data_size", data_size),
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
        dropout=_shares("dropout", dropout, len(maker), sequences),
        discriminator_dropout=_shares("discriminator_dropout", discriminator_dropout, len(scorer), sequences),
        discriminator_input_dropout=_share("discriminator_input_dropout", discriminator_input_dropout),
        minibatch_std=_checks.integer("minibatch_std", minibatch_std, 0),
        pack=_checks.integer("pack", pack),
        instance_noise=_checks.real("instance_noise", instance_noise),
        instance_noise_epochs=_checks.integer("instance_noise_epochs", instance_noise_epochs, 0),
        augmentation=as_augmentation(augmentation),
        initialization=_checks.choice("initialization", initialization, INITIALIZATIONS),
        **settings,
        **chosen,
    )
    return _checked_together(config)


def read_gen_config(config: Any, *, device: Any = "cpu", threads: Any = None) -> GenConfig:
    """The configuration that `GenConfig.to_config` wrote, checked again from scratch."""
    if isinstance(config, dict):
        kinds: dict[str, Any] = {
            "augmentation": {"Augmentation": Augmentation},
            "discriminator_optimizer": optimizers.KINDS,
            "output_activation": activations.KINDS,
            "pretrain_optimizer": optimizers.KINDS,
        }
        config = {
            key: from_config(key, value, kinds[key]) if key in kinds and isinstance(value, dict) else value
            for key, value in config.items()
        }
    kind = SequenceGenConfig if isinstance(config, dict) and "steps" in config else GenConfig
    return read_settings(kind, make_gen_config, config, device, threads)


def _penalty(penalty: Any, weight: Any, loss: str, texts: bool) -> tuple[str | None, float | None]:
    if isinstance(penalty, str) and penalty == "auto":
        penalty = "r1r2" if texts and loss in _OWN_PENALTY else _OWN_PENALTY.get(loss)
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


def _shares(name: str, value: Any, count: int, sequences: bool) -> tuple[float, ...]:
    """One a hidden layer; of sequences the first is that of the recurrent ones."""
    what = "dense layer, and before them the recurrent layers'" if sequences else "hidden layer"
    each = _checks.per_layer(name, value, count + sequences, what)
    return tuple(_share(name, one) for one in each)


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
    if isinstance(config, SequenceGenConfig):
        check_sequences(config)
    if config.blocks and not config.known:
        config = replace(config, data_size=width(config.blocks))
    config.check_sizes()
    return config
