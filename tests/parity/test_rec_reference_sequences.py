"""What must not matter to a sequence: its neighbours, padding, order, and where it is cut; and what is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepseek.reference import Rec, init
from deepseek.reference.layers.dropout import dropout_mask
from deepseek.reference.packing import Packing
from parity.rec_cases import (
    ALL_OUTPUTS,
    CELLS,
    EMBEDDING,
    HIDDEN,
    INPUTS,
    VOCABULARY,
    scattered,
    sequences,
    spec_of,
    targets,
)

CLOSE = {"rtol": 1e-12, "atol": 1e-14}
LENGTHS = (3, 5, 1, 2, 5)


def network(cell: str, output: str, **options: Any) -> Rec:
    return scattered(spec_of(cell, 2, output, **options), np.random.default_rng(1))


def test_packing() -> None:
    packing = Packing([4, 2, 2, 1])
    assert packing.active == [4, 3, 1, 1]
    assert list(packing.offset) == [0, 4, 7, 8]
    x = [np.arange(n) + 10 * r for r, n in enumerate((4, 2, 2, 1))]
    packed = packing.pack(x)
    assert packed.tolist() == [0, 10, 20, 30, 1, 11, 21, 2, 3]
    for got, want in zip(packing.unpack(packed), x, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("output", ALL_OUTPUTS)
@pytest.mark.parametrize("cell", CELLS)
def test_neighbours_do_not_matter(cell: str, output: str, bidirectional: bool) -> None:
    net = network(cell, output, bidirectional=bidirectional, layer_norm=True)
    rng = np.random.default_rng(2)
    x = sequences(net, rng, LENGTHS)
    state = rng.normal(size=net.initial_state(len(x)).shape)
    together, final = net.forward(x, state)
    for i, s in enumerate(x):
        alone, last = net.forward([s], state[i : i + 1])
        np.testing.assert_allclose(together[i], alone[0], **CLOSE)
        np.testing.assert_allclose(final[i], last[0], **CLOSE)


@pytest.mark.parametrize("cut", [1, 2, 4])
@pytest.mark.parametrize("cell", CELLS)
def test_a_sequence_cut_in_two_with_its_state_carried(cell: str, cut: int) -> None:
    net = network(cell, "sequence", layer_norm=True)
    x = np.array(sequences(net, np.random.default_rng(3), (5, 5, 5)))
    whole, final = net.forward(x)
    first, state = net.forward(x[:, :cut])
    second, state = net.forward(x[:, cut:], state)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, **CLOSE)
    np.testing.assert_allclose(state, final, **CLOSE)


@pytest.mark.parametrize("cell", CELLS)
def test_streaming_is_the_sequence(cell: str) -> None:
    net = network(cell, "sequence")
    x = np.array(sequences(net, np.random.default_rng(4), (5, 5, 5)))
    state = net.initial_state(3)
    for t, want in enumerate(np.swapaxes(net.predict(x), 0, 1)):
        got, state = net.step(x[:, t], state)
        np.testing.assert_allclose(got, want, **CLOSE)


@pytest.mark.parametrize("output", ["last", "mean", "max"])
def test_streaming_is_the_head_after_each_step(output: str) -> None:
    """Of a pooled output too, there is nothing to pool in one step; "last" is the prediction so far."""
    net = network("gru", output)
    stepwise = Rec({**net.spec, "output": "sequence"})
    stepwise.set_params(net.get_params())
    x = np.array(sequences(net, np.random.default_rng(5), (4, 4)))
    state = net.initial_state(2)
    for t in range(4):
        got, state = net.step(x[:, t], state)
        np.testing.assert_allclose(got, np.array(stepwise.predict(x))[:, t], **CLOSE)
        if output == "last":
            np.testing.assert_allclose(got, net.predict(x[:, : t + 1]), **CLOSE)


def test_streaming_of_tokens() -> None:
    net = network("lstm", "next", vocabulary=VOCABULARY, embedding_size=EMBEDDING)
    x = np.random.default_rng(6).integers(0, VOCABULARY, (2, 5))
    state = net.initial_state(2)
    for t, want in enumerate(np.swapaxes(net.predict(x), 0, 1)):
        got, state = net.step(x[:, t], state)
        np.testing.assert_allclose(got, want, **CLOSE)
        np.testing.assert_allclose(got.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("embedding", [0, EMBEDDING])
def test_tokens_pick_rows(embedding: int) -> None:
    """As a network of values would see them, one-hot or embedded."""
    net = network("gru", "last", vocabulary=VOCABULARY, embedding_size=embedding)
    x = sequences(net, np.random.default_rng(7), LENGTHS)
    params = net.get_params()
    table = params.pop("embedding.weight", np.eye(VOCABULARY))
    values = Rec(spec_of("gru", 2, input_size=table.shape[1]))
    values.set_params(params)
    np.testing.assert_allclose(net.predict(x), values.predict([table[s] for s in x]), **CLOSE)


@pytest.mark.parametrize("output", ["last", "sequence", "next"])
def test_computes_in_float64_whatever_the_data_are(output: str) -> None:
    net = network("gru", output, layer_norm=True)
    rng = np.random.default_rng(12)
    x = [s.astype(np.float32) for s in sequences(net, rng, LENGTHS)]
    y, w = targets(net, rng, x), rng.random(len(x)).astype(np.float32)
    got = net.gradients(x, y, w)
    want = net.gradients([s.astype(np.float64) for s in x], y, w.astype(np.float64))
    assert got[0] == want[0]
    for name, value in got[1].items():
        np.testing.assert_array_equal(value, want[1][name])


def test_reverse_is_forward_on_the_reversed_sequence() -> None:
    both = scattered(spec_of("lstm", 1, "sequence", bidirectional=True), np.random.default_rng(8))
    x = sequences(both, np.random.default_rng(9), LENGTHS)
    head = both.params["head.0.weight"]
    for suffix, columns, turn in (("", slice(0, 6), 1), ("_reverse", slice(6, 12), -1)):
        one = Rec(spec_of("lstm", 1, "sequence"))
        own = {k.replace("_reverse", ""): v for k, v in both.params.items() if k.endswith(f"l0{suffix}")}
        one.set_params({**own, "head.0.weight": head[:, columns], "head.0.bias": both.params["head.0.bias"]})
        other = np.zeros_like(head)
        other[:, columns] = head[:, columns]
        half = Rec(both.spec)
        half.set_params({**both.params, "head.0.weight": other})
        for got, want in zip(half.predict(x), one.predict([s[::turn] for s in x]), strict=True):
            np.testing.assert_allclose(got, want[::turn], **CLOSE)


@pytest.mark.parametrize("output", ["last", "mean", "max"])
def test_pooling(output: str) -> None:
    net = scattered(spec_of("gru", 1, output, bidirectional=True), np.random.default_rng(10))
    net.params["head.0.weight"] = np.eye(12)
    net.params["head.0.bias"] = np.zeros(12)
    steps = Rec({**net.spec, "output": "sequence"})
    steps.set_params(net.get_params())
    x = sequences(net, np.random.default_rng(11), LENGTHS)
    for got, y in zip(net.predict(x), steps.predict(x), strict=True):
        last = np.concatenate([y[-1, :6], y[0, 6:]])
        want = {"last": last, "mean": y.mean(axis=0), "max": y.max(axis=0)}[output]
        np.testing.assert_allclose(got, want, **CLOSE)


@pytest.mark.parametrize("cell", CELLS)
def test_names_and_shapes(cell: str) -> None:
    net = Rec(
        spec_of(cell, 2, vocabulary=VOCABULARY, embedding_size=EMBEDDING, bidirectional=True, layer_norm=True)
    )
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[cell]
    want: dict[str, tuple[int, ...]] = {"embedding.weight": (VOCABULARY, EMBEDDING)}
    for layer, units, inputs in ((0, 6, EMBEDDING), (1, 7, 12)):
        for suffix in (f"l{layer}", f"l{layer}_reverse"):
            want |= {
                f"rnn.{kind}_{m}_{suffix}": (gates * units,)
                for kind in ("bias", "norm")
                for m in ("ih", "hh")
            }
            want[f"rnn.weight_ih_{suffix}"] = (gates * units, inputs)
            want[f"rnn.weight_hh_{suffix}"] = (gates * units, units)
    want |= {"head.0.weight": (2, 14), "head.0.bias": (2,)}
    assert {name: value.shape for name, value in net.get_params().items()} == want
    assert net.initial_state(3).shape == (3, 2 * (6 + 7) * (2 if cell == "lstm" else 1))


def test_initial_weights_and_their_places() -> None:
    net = Rec(spec_of("lstm", 2, vocabulary=VOCABULARY, embedding_size=EMBEDDING, bidirectional=True))
    p, seed = net.params, net.spec["seed"]
    np.testing.assert_array_equal(
        p["embedding.weight"], init.weights("normal", VOCABULARY, EMBEDDING, 1.0, seed, 4095, "float64")
    )
    for layer, units, inputs in ((0, 6, EMBEDDING), (1, 7, 12)):
        for d, suffix in enumerate((f"l{layer}", f"l{layer}_reverse")):
            for g in range(4):
                rows = slice(g * units, (g + 1) * units)
                place = 4096 + ((layer * 2 + d) * 2 + 0) * 4 + g
                ih = init.weights("glorot_uniform", units, inputs, 1.0, seed, place, "float64")
                hh = init.weights("orthogonal", units, units, 1.0, seed, place + 4, "float64")
                np.testing.assert_array_equal(p[f"rnn.weight_ih_{suffix}"][rows], ih)
                np.testing.assert_array_equal(p[f"rnn.weight_hh_{suffix}"][rows], hh)
            np.testing.assert_array_equal(p[f"rnn.bias_ih_{suffix}"], np.repeat([0.0, 1.0, 0.0, 0.0], units))
            assert not p[f"rnn.bias_hh_{suffix}"].any()
    named = Rec(spec_of("gru", initialization="he_normal")).params
    for m, (matrix, inputs) in enumerate((("ih", INPUTS), ("hh", 6))):
        want = [init.weights("he_normal", 6, inputs, 1.0, 11, 4096 + m * 4 + g, "float64") for g in range(3)]
        np.testing.assert_array_equal(named[f"rnn.weight_{matrix}_l0"], np.concatenate(want))


def test_masks_and_their_places() -> None:
    """Rows are packed rows, or sorted sequences where there is one row a sequence."""
    place = (3, 7)

    def mask(rate: float, rows: int, width: int, layer: int) -> Any:
        return dropout_mask(11, rate, rows, width, stream=layer, epoch=3, step=7)

    head = [{"units": 5, "dropout": 0.4}, {"units": 2}]
    dropped = {"dropout": 0.3, "input_dropout": 0.2, "recurrent_dropout": 0.1, "layers": head}
    for output, rows in (("sequence", 9), ("mean", 3)):
        net = Rec(spec_of("gru", 2, output, bidirectional=True, **dropped))
        tape = net.run(sequences(net, np.random.default_rng(0), (4, 3, 2)), None, place)
        for layer, (rate, width) in enumerate(((0.2, INPUTS), (0.3, 2 * HIDDEN[0]))):
            np.testing.assert_array_equal(tape.stack[layer].mask, mask(rate, 9, width, layer))
            for d in (0, 1):
                got = tape.stack[layer].directions[d].mask
                np.testing.assert_array_equal(got, mask(0.1, 3, HIDDEN[layer], 128 + 2 * layer + d))
        np.testing.assert_array_equal(tape.head[0]["mask"], mask(0.3, rows, 2 * HIDDEN[1], 2))
        np.testing.assert_array_equal(tape.head[1]["mask"], mask(0.4, rows, 5, 64))
        assert all(
            layer.mask is None for layer in net.run(sequences(net, np.random.default_rng(0), (2, 1))).stack
        )
