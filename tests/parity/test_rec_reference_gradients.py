"""Back-propagation through time of the reference against central differences of its loss, in float64.

Whole gradients for one network a cell with everything switched on, and the slope along a random direction of each
array for the others. Draws that come near a kink of relu or of a maximum are drawn again.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from deepseek.reference import Rec
from parity.differences import compare
from parity.rec_cases import (
    ALL_OUTPUTS,
    CELLS,
    EMBEDDING,
    OUTPUTS,
    VOCABULARY,
    Array,
    Spec,
    least_sum,
    scattered,
    sequences,
    spec_of,
    targets,
)

pytestmark = pytest.mark.slow

PLACE = (2, 5)  # epoch and step, for the dropout masks
EVERYTHING = {
    "layer_norm": True,
    "dropout": 0.3,
    "input_dropout": 0.2,
    "recurrent_dropout": 0.4,
}
OPTIONS: dict[str, Spec] = {
    "no-bias": {"bias": False},
    "recurrent-dropout": {"recurrent_dropout": 0.4},
    "layer-norm": {"layer_norm": True},
    "layer-norm-no-bias": {"layer_norm": True, "bias": False},
    "dropout": {"dropout": 0.3, "input_dropout": 0.3},
    "head": {"layers": [{"units": 7, "activation": "silu", "dropout": 0.3}, {"units": OUTPUTS}]},
    "head-norm": {
        "layers": [
            {"units": 7, "normalization": "batch"},
            {"units": 5, "normalization": "layer"},
            {"units": OUTPUTS},
        ]
    },
    "tokens": {"vocabulary": VOCABULARY},
    "embedding": {"vocabulary": VOCABULARY, "embedding_size": EMBEDDING, "input_dropout": 0.3},
    "cross-entropy": {
        "layers": [{"units": OUTPUTS, "activation": "softmax"}],
        "loss": {"name": "cross_entropy"},
    },
}


def near_kink(net: Rec, x: list[Array], state: Array) -> bool:
    tape = net.run(sorted(x, key=len, reverse=True), state, PLACE)
    if net.spec["cell"] == "rnn" and net.spec["cell_activation"] == "relu" and least_sum(tape.stack) < 1e-3:
        return True
    if net.spec["output"] != "max":
        return False
    longer = [np.sort(top, axis=0) for top in tape.tops if len(top) > 1]
    return any((top[-1] - top[-2]).min() < 1e-3 for top in longer)


def check(spec: Spec, lengths: tuple[int, ...] = (3, 5, 2), whole: bool = False, weights: Any = None) -> None:
    for draw in range(100):
        rng = np.random.default_rng(draw)
        net = scattered(spec, rng)
        x = sequences(net, rng, lengths)
        state = rng.normal(size=net.initial_state(len(x)).shape)
        if not near_kink(net, x, state):
            break
    else:
        raise AssertionError("no draw away from the kinks")
    y = targets(net, rng, x)
    if spec["loss"]["name"] == "cross_entropy" and y is not None:
        y = rng.integers(0, OUTPUTS, len(x))
    w = rng.uniform(0.5, 2.0, len(x)) if weights is None else weights

    order = np.argsort([-n for n in lengths], kind="stable")
    batch = [net.examples(x, y, w)[i] for i in order]

    def value() -> float:
        return net.losses(batch, net.run([e.x for e in batch], state[order], PLACE))[0]

    loss, grads, dx, dstate = net.gradients(x, y, w, state, PLACE)
    assert loss == value()
    grads["state"] = dstate
    arrays = {**net.params, "state": state}
    if net.spec["input_size"] and net.spec["output"] != "next":  # there a step is a target as well
        grads |= {f"x{i}": d for i, d in enumerate(dx)}
        arrays |= {f"x{i}": s for i, s in enumerate(x)}
    compare(value, grads, arrays, whole)


@pytest.mark.parametrize("cell", CELLS)
def test_every_element(cell: str) -> None:
    check(spec_of(cell, output="sequence", **EVERYTHING), whole=True)


@pytest.mark.parametrize("lengths", [(5, 5, 5), (1, 5, 4)])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("cell", CELLS)
def test_depth_directions_and_lengths(
    cell: str, depth: int, bidirectional: bool, lengths: tuple[int, ...]
) -> None:
    check(spec_of(cell, depth, bidirectional=bidirectional), lengths)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("output", ALL_OUTPUTS)
@pytest.mark.parametrize("cell", CELLS)
def test_outputs(cell: str, output: str, bidirectional: bool) -> None:
    check(spec_of(cell, 2, output, bidirectional=bidirectional))
    check(spec_of(cell, 2, output, bidirectional=bidirectional, **EVERYTHING))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_options(cell: str, options: Spec) -> None:
    check(spec_of(cell, 2, **options))


@pytest.mark.parametrize("act", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("layer_norm", [False, True])
def test_elman_activations(act: str, layer_norm: bool) -> None:
    check(spec_of("rnn", 2, "sequence", cell_activation=act, layer_norm=layer_norm))


@pytest.mark.parametrize("embedding", [0, EMBEDDING])
def test_next_token(embedding: int) -> None:
    check(spec_of("lstm", 2, "next", vocabulary=VOCABULARY, embedding_size=embedding))


def test_a_weight_a_step() -> None:
    rng = np.random.default_rng(3)
    for output in ("sequence", "next"):
        check(spec_of(output=output), weights=[rng.uniform(0.5, 2.0, n) for n in (3, 5, 2)])


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("cell", CELLS)
def test_pieces(cell: str, size: int) -> None:
    """Each piece's gradient is that of its own loss, the state that it was handed held fixed."""
    rng = np.random.default_rng(4)
    options = {"bptt_steps": size, "recurrent_dropout": 0.4, "dropout": 0.3}
    net = scattered(spec_of(cell, 2, "sequence", **options), rng)
    x = sequences(net, rng, (5, 3, 2))
    batch = net.examples(x, targets(net, rng, x), None)
    state = net.initial_state(3)
    pieces = list(net.pieces(batch))
    assert len(pieces) == -(-5 // size)
    updates = net.updates(batch, PLACE)
    for i, (piece, (loss, weight, grads)) in enumerate(zip(pieces, updates, strict=True)):
        assert weight == sum(len(e.x) for e in piece)
        given, place = state[: len(piece)], (PLACE[0], PLACE[1] + i)

        def value(piece: Any = piece, given: Array = given, place: tuple[int, int] = place) -> float:
            return net.losses(piece, net.run([e.x for e in piece], given, place))[0]

        assert loss == value()
        compare(value, grads, net.params, whole=False)
        state = net.run([e.x for e in piece], given, place).state


@pytest.mark.parametrize("cell", CELLS)
def test_next_is_a_sequence_whose_targets_are_one_step_on(cell: str) -> None:
    rng = np.random.default_rng(5)
    net = scattered(spec_of(cell, 2, "next"), rng)
    same = Rec({**net.spec, "output": "sequence"})
    same.set_params(net.get_params())
    x = sequences(net, rng)
    got, want = net.gradients(x), same.gradients([s[:-1] for s in x], [s[1:] for s in x])
    assert got[0] == want[0]
    for a, b in itertools.chain(zip(got[2], want[2], strict=True), [(got[3], want[3])]):
        np.testing.assert_array_equal(a, b)
