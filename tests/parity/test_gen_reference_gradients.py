"""Gradients of both players in the reference against central differences, in float64: second derivatives included.

First the discriminator alone: Σ d·s + Σ e·ṡ of its scores s and of their tangent ṡ, whose gradients are all that a
penalty needs. Then every loss, penalty and option of whole updates. Draws near a kink are drawn again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepseek.reference import Gen, gan_losses
from deepseek.reference.discriminator import Tape
from deepseek.reference.penalty import NAMES as PENALTIES
from parity.differences import compare, slope
from parity.gen_cases import HIDDEN, OPTIONS, PLACE, Array, Spec, near_kink, rows, scattered, spec_of
from parity.tolerances import DIFFERENCES

pytestmark = pytest.mark.slow


def check_tangent(spec: Spec, whole: bool = False) -> None:
    for draw in range(100):
        rng = np.random.default_rng(draw)
        gen = scattered(spec, rng)
        player = gen.discriminator
        x, labels = rows(gen, rng)
        x, labels = gen._pack(x), None if labels is None else gen._pack(labels)
        if not near_kink(gen, player.forward(x, labels, PLACE)):
            break
    else:
        raise AssertionError("no draw away from the kinks")
    v = rng.normal(size=x.shape)
    d, e = rng.normal(size=(2, len(x)))

    def tangent() -> Array:
        tape = player.forward(x, labels, PLACE)
        return player._activation_backward(player.tangent(v, tape).z, tape)

    def value() -> float:
        return float(d @ player.forward(x, labels, PLACE).score + e @ tangent())

    want = slope(lambda: float(e @ player.forward(x, labels, PLACE).score), x, v)
    assert float(e @ tangent()) == pytest.approx(want, rel=DIFFERENCES)
    tape = player.forward(x, labels, PLACE)
    grads, dx = player.double_backward(d, e, tape, player.tangent(v, tape))
    compare(value, {**grads, "x": dx}, {**player.params, "x": x}, whole)


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("act", HIDDEN)
def test_every_activation_and_every_element(act: str, conditional: bool) -> None:
    check_tangent(spec_of(act, conditional=conditional), whole=True)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("act", ["tanh", "silu", "leaky_relu"])
def test_every_option_and_every_element(act: str, options: Spec) -> None:
    check_tangent(spec_of(act, conditional=True, **options), whole=True)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_depth(depth: int, conditional: bool, options: Spec) -> None:
    check_tangent(spec_of("gelu", depth=depth, conditional=conditional, **options))


@pytest.mark.parametrize("output", [*HIDDEN, "exp"])
def test_output_activation(output: str) -> None:
    check_tangent(spec_of("softplus", output=output))


def test_no_curvature_where_nothing_moves() -> None:
    """With no tangent, or with none asked for, both passes are the plain ones."""
    rng = np.random.default_rng(0)
    gen = scattered(spec_of("mish", conditional=True, **OPTIONS["everything"]), rng)
    x, labels = rows(gen, rng)
    tape = gen.discriminator.forward(gen._pack(x), gen._pack(labels), PLACE)
    d = rng.normal(size=len(tape.score))
    want, dx = gen.discriminator.backward(d, tape)
    for v, e in ((np.zeros_like(dx), d), (rng.normal(size=dx.shape), np.zeros_like(d))):
        got, dx_both = gen.discriminator.double_backward(d, e, tape, gen.discriminator.tangent(v, tape))
        np.testing.assert_allclose(dx_both, dx, rtol=1e-13, atol=1e-15)
        for name, gradient in want.items():
            np.testing.assert_allclose(got[name], gradient, rtol=1e-13, atol=1e-15, err_msg=name)


class Recorded:
    """A discriminator's `forward` that keeps its tapes."""

    def __init__(self, gen: Gen) -> None:
        self.tapes: list[Tape] = []
        self.forward = gen.discriminator.forward
        gen.discriminator.forward = self  # type: ignore[method-assign]

    def __call__(self, *arguments: Any) -> Tape:
        self.tapes.append(self.forward(*arguments))
        return self.tapes[-1]


def updates(spec: Spec) -> tuple[Gen, Array, Array | None, Any, Any, Any]:
    """(players, rows, labels, generated rows, what the discriminator's update tells and is made from) off kinks."""
    for draw in range(200):
        rng = np.random.default_rng(draw)
        gen = scattered(spec, rng)
        gen.adaptive_augment.probability = 0.5
        x, labels = rows(gen, rng)
        made = gen.generator.generate(len(x), labels, PLACE)
        recorded = Recorded(gen)
        losses, grads = gen.discriminator_gradients(x, labels, made.output, PLACE)
        hinge = spec["loss"] == "hinge"
        scores = np.abs(np.concatenate([losses.real - 1.0, losses.fake + 1.0]))
        if not near_kink(gen, recorded.tapes[0]) and not (hinge and scores.min() < 1e-2):
            return gen, x, labels, made, losses, grads
    raise AssertionError("no draw away from the kinks")


def check_updates(spec: Spec, whole: bool = False) -> None:
    gen, x, labels, made, losses, grads = updates(spec)

    def discriminator_value() -> float:
        now = gen.discriminator_gradients(x, labels, made.output, PLACE)[0]
        return now.loss + now.penalty

    assert (losses.penalty > 0) == (spec["penalty"]["kind"] != "none")
    compare(discriminator_value, grads, gen.discriminator.params, whole)

    def generator_value() -> float:
        now = gen.generator.generate(len(x), labels, PLACE)
        return gen.generator_gradients(x, labels, now, (2, 6))[0]

    value, grads = gen.generator_gradients(x, labels, made, (2, 6))
    assert value == generator_value()
    if any(block.get("hard") for block in spec["output_blocks"]):
        return  # its gradient is not that of its value
    compare(generator_value, grads, gen.generator.params, whole)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", gan_losses.NAMES)
def test_losses_and_penalties(loss: str, penalty: str) -> None:
    check_updates(spec_of("silu", loss, penalty, conditional=True), whole=True)


@pytest.mark.parametrize("penalty", PENALTIES[1:])
@pytest.mark.parametrize("act", HIDDEN)
def test_activations_and_penalties(act: str, penalty: str) -> None:
    check_updates(spec_of(act, "relativistic", penalty))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("penalty", ["r1r2", "interpolated"])
@pytest.mark.parametrize("loss", gan_losses.NAMES)
def test_losses_and_options(loss: str, penalty: str, options: Spec) -> None:
    check_updates(spec_of("gelu", loss, penalty, conditional=True, **options))


GENERATORS: dict[str, Spec] = {
    "blocks": {"blocks": True},
    "hard-blocks": {
        "blocks": True,
        "top": {"output_blocks": [{"activation": "gumbel", "units": 5, "hard": True}]},
    },
    "output-activation": {"top": {"output_blocks": [{"activation": "sigmoid", "units": 5}]}},
    "batch-norm": {"generator": {"normalization": "batch"}},
    "dropout": {"generator": {"normalization": "layer", "dropout": 0.3}},
    "noise": {"top": {"instance_noise": {"std": 0.3, "epochs": 5}}},
    "augment": {"top": {"augmentation": {"target": 0.6}, "instance_noise": {"std": 0.3}}},
}


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("options", GENERATORS.values(), ids=GENERATORS)
def test_generators(options: Spec, conditional: bool) -> None:
    options = {"conditional": conditional, **options}
    check_updates(spec_of("softplus", "relativistic", "r1", **options))
    check_updates(spec_of("softplus", "relativistic", "interpolated", pac=2, minibatch_std=4, **options))


def test_a_hard_category_has_the_gradient_of_the_soft_one() -> None:
    """Straight through: the rows are one-hot, and the gradient is the soft block's at the rows that were shown."""
    hard, soft = ({"activation": "gumbel", "units": 5, "hard": h, "temperature": 0.7} for h in (True, False))
    rng = np.random.default_rng(1)
    gen = scattered(spec_of(top={"output_blocks": [hard]}), rng)
    other = Gen({**gen.spec, "output_blocks": [soft]})
    other.set_params(gen.get_params())
    made, like = (g.generator.generate(6, None, PLACE) for g in (gen, other))
    np.testing.assert_array_equal(made.output, np.eye(5)[like.output.argmax(axis=1)])
    dy = rng.normal(size=made.output.shape)
    got, want = gen.generator.backward(dy, made), other.generator.backward(dy, like)
    for name, gradient in want.items():
        np.testing.assert_array_equal(got[name], gradient, err_msg=name)
