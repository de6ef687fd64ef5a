"""The rows of the table that `print(gen)` shows: the generator's layers, then the discriminator's."""

from __future__ import annotations

from collections.abc import Iterator

from ._gen_config import GenConfig
from ._table import Row, dense, parameters

_SHORT = {"generator": "G", "discriminator": "D"}


def gen_rows(config: GenConfig) -> list[Row]:
    """One a layer of weights; none while the width of the data is not known."""
    return [*_generator(config), *_discriminator(config)] if config.known else []


def told(config: GenConfig) -> list[str]:
    """What the head says beside loss and optimizer."""
    found = []
    if config.discriminator_optimizer != config.optimizer:
        found.append(f"discriminator {config.discriminator_optimizer!r}")
    if config.penalty:
        lazy = f" every {config.penalty_every}" if config.penalty_every > 1 else ""
        found.append(f"penalty {config.penalty} {config.penalty_weight:g}{lazy}")
    if config.average:
        found.append(f"average {config.average:g}")
    if config.generator_steps > 1 or config.discriminator_steps > 1:
        found.append(f"steps {config.generator_steps}:{config.discriminator_steps}")
    if config.instance_noise:
        found.append(f"noise {config.instance_noise:g}")
    if config.augmentation:
        found.append(repr(config.augmentation))
    return found if config.known else [*found, "width of the data not known before the first fit"]


def _generator(config: GenConfig) -> Iterator[Row]:
    if config.classes:
        shape = f"{config.classes} → {config.embedding}"
        yield "G", "embedding", shape, parameters(config, "generator.embedding.*")
    for name, inputs, units, activation, dropout, norm in config.generator_layers():
        what = dense(config.bias, activation, dropout, norm)
        if units == config.inputs and isinstance(config.output_activation, tuple) and _is_last(config, name):
            what = what.replace("identity", _blocks(config))
        yield _number(name), what, f"{inputs} → {units}", parameters(config, f"{name}.*")


def _discriminator(config: GenConfig) -> Iterator[Row]:
    layers = list(config.discriminator_layers())
    for name, inputs, units, activation, dropout, norm in layers:
        what = dense(config.bias, activation, dropout, norm)
        if name == layers[0][0]:
            first = config.discriminator_input_dropout
            what = (f"dropout {first:g}, " if first else "") + what
            what = (f"{config.pack} rows side by side, " if config.pack > 1 else "") + what
        if name == layers[-1][0] and config.minibatch_std:
            what = f"deviation of {config.minibatch_std} rows, " + what
        if config.spectral_norm:
            what = what.replace("dense", "spectral dense")
        yield _number(name), what, f"{inputs} → {units}", parameters(config, f"{name}.*")
    if config.classes:
        rows, features = config.pack * config.classes, layers[-1][1]
        yield (
            "D",
            "projection of the label",
            f"{rows} → {features}",
            parameters(config, "discriminator.embedding.*"),
        )


def _is_last(config: GenConfig, name: str) -> bool:
    return name == f"generator.{len(config.generator)}"


def _blocks(config: GenConfig) -> str:
    blocks = config.output_activation
    assert isinstance(blocks, tuple)
    kinds: dict[str, int] = {}
    for block in blocks:
        kinds[block.activation] = kinds.get(block.activation, 0) + 1
    return " and ".join(f"{count} × {kind}" for kind, count in kinds.items())


def _number(name: str) -> str:
    player, at = name.split(".")
    return f"{_SHORT[player]}.{at}"
