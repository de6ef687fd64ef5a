"""Rows of the layer table that `print(gen)` shows: the generator's layers, then the discriminator's."""

from __future__ import annotations

from collections.abc import Iterator

from .._config.gen import GenConfig
from .._config.gen_sequences import SequenceGenConfig
from .._net.table import Row, dense, parameters

_SHORT = {"generator": "G", "discriminator": "D"}


def gen_rows(config: GenConfig) -> list[Row]:
    """Return one row per layer with weights; none while the width of the data is unknown."""
    return [*_generator(config), *_discriminator(config)] if config.known else []


def summary(config: GenConfig) -> list[str]:
    """Return the entries of the headline after loss and optimizer, from sequences to augmentation."""
    found = []
    if isinstance(config, SequenceGenConfig):
        what = f"texts of {config.vocabulary} tokens" if config.texts else "series"
        found.append(f"{what}, at most {config.steps} steps")
    if config.discriminator_optimizer != config.optimizer:
        found.append(f"discriminator {config.discriminator_optimizer!r}")
    if config.penalty:
        found.append(repr(config.penalty))
    if config.ema_decay:
        found.append(f"ema_decay {config.ema_decay:g}")
    if config.generator_steps > 1 or config.discriminator_steps > 1:
        found.append(f"steps {config.generator_steps}:{config.discriminator_steps}")
    if config.instance_noise:
        found.append(repr(config.instance_noise))
    if config.augmentation:
        found.append(repr(config.augmentation))
    return found if config.known else [*found, "the first fit determines the width of the data"]


def _generator(config: GenConfig) -> Iterator[Row]:
    if isinstance(config, SequenceGenConfig) and config.vocabulary:
        yield _tokens(config, "generator")
    if config.classes:
        shape = f"{config.classes} → {config.embedding}"
        yield "G", "embedding", shape, parameters(config, "generator.embedding.*")
    yield from _recurrent(config, "generator")
    layers = list(config.generator_layers())
    for name, inputs, units, activation, dropout, norm in layers:
        what = dense(config.bias, activation, dropout, norm)
        if config.blocks and name == layers[-1][0]:
            what = what.replace("identity", _blocks(config))
        yield _number(name), what, f"{inputs} → {units}", parameters(config, f"{name}.*")


def _discriminator(config: GenConfig) -> Iterator[Row]:
    if isinstance(config, SequenceGenConfig) and config.vocabulary:
        yield _tokens(config, "discriminator")
    yield from _recurrent(config, "discriminator")
    layers = list(config.discriminator_layers())
    for name, inputs, units, activation, dropout, norm in layers:
        what = dense(config.bias, activation, dropout, norm)
        if name == layers[0][0] and isinstance(config, SequenceGenConfig):
            what = f"{config.players.pooling} of the steps, {what}"
        elif name == layers[0][0]:
            first = config.discriminator_input_dropout
            what = (f"dropout {first:g}, " if first else "") + what
            what = (f"{config.pac} rows side by side, " if config.pac > 1 else "") + what
        if name == layers[-1][0] and config.minibatch_std:
            what = f"deviation of {config.minibatch_std} rows, " + what
        if config.spectral_norm:
            what = what.replace("dense", "spectral dense")
        yield _number(name), what, f"{inputs} → {units}", parameters(config, f"{name}.*")
    if config.classes:
        rows, features = config.pac * config.classes, layers[-1][1]
        yield (
            "D",
            "projection of the label",
            f"{rows} → {features}",
            parameters(config, "discriminator.embedding.*"),
        )


def _tokens(config: SequenceGenConfig, player: str) -> Row:
    name = f"{player}.tokens.weight"
    rows, width = config.shapes()[name]
    return _SHORT[player], "tokens", f"{rows} → {width}", parameters(config, name)


def _recurrent(config: GenConfig, player: str) -> Iterator[Row]:
    if not isinstance(config, SequenceGenConfig):
        return
    short, stack = _SHORT[player], config.stacks[player]
    for k, inputs in enumerate(stack.widths[:-1]):
        names = (f"{player}.rnn.*_l{k}", f"{player}.rnn.*_l{k}_reverse")
        count = sum(parameters(config, name) for name in names)
        what = ("spectral " if config.spectral_norm and short == "D" else "") + stack.describe(k)
        yield f"{short}.l{k}", what, f"{inputs} → {stack.widths[k + 1]}", count


def _blocks(config: GenConfig) -> str:
    kinds: dict[str, int] = {}
    for block in config.blocks:
        kinds[block.activation] = kinds.get(block.activation, 0) + 1
    return " and ".join(f"{count} × {kind}" for kind, count in kinds.items())


def _number(name: str) -> str:
    player, at = name.split(".")
    return f"{_SHORT[player]}.{at}"
