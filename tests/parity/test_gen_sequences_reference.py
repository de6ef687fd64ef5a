"""Both players' updates on sequences against central differences in float64, second derivatives included.

Draws in which a maximum over the steps is nearly another, or a relu of a cell nearly bends, are drawn again. Where
sums with hardly any standard deviation are normalised, differences are taken over shorter steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepseek.reference import SequenceGen, gan_losses
from deepseek.reference.penalty import NAMES as PENALTIES
from parity.differences import STEP, compare
from parity.gen_cases import has_small_stddev
from parity.gen_sequence_cases import (
    CELLS,
    DISCRIMINATORS,
    LENGTHS,
    PLACE,
    SHORT,
    SHORT_LENGTHS,
    STACKS,
    Spec,
    batch,
    scattered,
    spec_of,
)
from parity.rec_cases import least_sum

pytestmark = pytest.mark.slow

AFTER = (PLACE[0], PLACE[1] + 1)  # where the generator is updated


def near_kink(gen: SequenceGen, tape: Any, margin: float = 1e-2) -> bool:
    if has_small_stddev(tape, margin):
        return True
    if gen.spec["discriminator"]["pooling"] != "max":
        return False
    longer = [np.sort(top, axis=0) for top in tape.encoder.tops if len(top) > 1]
    return any((top[-1] - top[-2]).min() < 1e-3 for top in longer)


def near_bend(gen: SequenceGen, made: Any, passes: list[Any]) -> bool:
    """Whether a step of a relu cell, of either player, came near 0."""
    stacks = {
        "generator": [piece.stack for piece in made.pieces],
        "discriminator": [tape.encoder.stack for tape in passes],
    }
    kinked = [name for name in stacks if gen.spec[name]["cell_activation"] == "relu"]
    return any(least_sum(stack) < 1e-3 for name in kinked for stack in stacks[name])


def updates(spec: Spec, lengths_of_rows: tuple[int, ...] = LENGTHS) -> tuple[Any, ...]:
    """(gen, rows, lengths of both, labels, generated) away from kinks."""
    for draw in range(200):
        rng = np.random.default_rng(draw)
        gen = scattered(spec, rng)
        gen.adaptive_augment.probability = 0.5
        x, lengths, labels = batch(gen, rng, lengths_of_rows)
        made = gen.generator.generate(len(x), labels, PLACE, lengths=lengths)
        both = np.concatenate([lengths, made.lengths])
        shown, _ = gen._discriminator_input(x, made.output, PLACE)
        packed = None if labels is None else np.tile(labels, (2, 1))
        tape, again = (gen.discriminator.forward(shown, packed, at, both) for at in (PLACE, AFTER))
        if near_bend(gen, made, [tape, again]):
            continue
        hinge = spec["loss"] == "hinge" and np.abs(np.abs(tape.score) - 1.0).min() < 1e-2
        if not hinge and not near_kink(gen, tape):
            return gen, x, both, labels, made
    raise AssertionError("no draw away from the kinks")


def check_updates(spec: Spec, whole: bool = False) -> None:
    """Whole gradients of what is SHORT, else their slopes along a direction."""
    steep = any(spec[player].get("layer_norm") for player in ("generator", "discriminator"))
    step = STEP / 4 if steep else STEP
    gen, x, both, labels, made = updates(spec, SHORT_LENGTHS if whole else LENGTHS)

    def discriminator_value() -> float:
        now = gen.discriminator_gradients(x, labels, made.output, PLACE, lengths=both)[0]
        return now.loss + now.penalty

    losses, grads = gen.discriminator_gradients(x, labels, made.output, PLACE, lengths=both)
    assert (losses.penalty > 0) == (spec["penalty"]["kind"] != "none")
    compare(discriminator_value, grads, gen.discriminator.params, whole, step)

    def generator_value() -> float:
        now = gen.generator.generate(len(x), labels, PLACE, lengths=both[: len(x)])
        return gen.generator_gradients(x, labels, now, AFTER, both)[0]

    value, grads = gen.generator_gradients(x, labels, made, AFTER, both)
    assert value == generator_value()
    compare(generator_value, grads, gen.generator.params, whole, step)


@pytest.mark.parametrize("text", [False, True], ids=["series", "text"])
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell(cell: str, text: bool) -> None:
    options = {} if text else SHORT
    check_updates(spec_of(cell, text, penalty="r1r2", conditional=True, **options), whole=not text)


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
@pytest.mark.parametrize("cell", CELLS)
def test_stacks(cell: str, stack: Spec) -> None:
    check_updates(spec_of(cell, penalty="r1r2", depth=2, conditional=True, stack=stack))


@pytest.mark.parametrize("options", ["plain", "everything"])
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_stacks_of_texts(cell: str, options: str) -> None:
    stack = {"cell_activation": "sigmoid", **STACKS[options]}
    check_updates(spec_of(cell, text=True, penalty="r1r2", depth=2, stack=stack))


@pytest.mark.parametrize("penalty", ["r1", "r2", "r1r2"])
@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_cells_of_relu(stack: Spec, penalty: str) -> None:
    """Not between sequences: nobody looks whether relu bends there."""
    stack = {"cell_activation": "relu", **stack}
    check_updates(spec_of("rnn", penalty=penalty, depth=2, conditional=True, stack=stack))


def test_cells_of_relu_of_texts() -> None:
    check_updates(spec_of("rnn", text=True, penalty="r1r2", stack={"cell_activation": "relu"}))


@pytest.mark.parametrize("options", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
@pytest.mark.parametrize("cell", CELLS)
def test_discriminators(cell: str, options: Spec) -> None:
    text = cell == "gru"
    check_updates(spec_of(cell, text, penalty="r1r2", conditional=True, discriminator=options))


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", gan_losses.NAMES)
def test_losses_and_penalties(loss: str, penalty: str) -> None:
    check_updates(spec_of("gru", False, loss, penalty))


@pytest.mark.parametrize("penalty", PENALTIES[:-1])
def test_penalties_of_texts(penalty: str) -> None:
    """All but the one between sequences, which may differ in length and are no texts there."""
    check_updates(spec_of("gru", True, "relativistic", penalty))


@pytest.mark.parametrize("penalty", PENALTIES)
def test_input_noise_and_output_blocks(penalty: str) -> None:
    blocks = [{"activation": "tanh", "units": 1}, {"activation": "gumbel", "units": 2, "temperature": 0.7}]
    options = {"instance_noise": {"std": 0.3}, "augmentation": {"target": 0.6}, "output_blocks": blocks}
    generator = {"bidirectional": True}
    check_updates(spec_of("lstm", penalty=penalty, conditional=True, generator=generator, **options))
