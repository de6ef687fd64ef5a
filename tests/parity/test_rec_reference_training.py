"""Training of the reference's recurrent networks: it learns, goes on, weighs, cuts; and the seed article's network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepseek.reference import Rec, ctc
from deepseek.reference.seed import Recurrent
from parity.rec_cases import ALL_OUTPUTS, CELLS, sequences, spec_of, targets

LENGTHS = (3, 5, 2, 4, 5, 2, 3)


def problem(**options: Any) -> tuple[Rec, list[Any], Any]:
    net = Rec(spec_of(**{"optimizer": {"name": "adam", "learning_rate": 0.02}, **options}))
    rng = np.random.default_rng(3)
    x = sequences(net, rng, LENGTHS)
    return net, x, targets(net, rng, x)


def assert_same(a: Rec, b: Rec, rtol: float = 0.0) -> None:
    for name, value in a.get_params().items():
        np.testing.assert_allclose(value, b.get_params()[name], rtol=rtol, atol=rtol, err_msg=name)


@pytest.mark.parametrize("output", ALL_OUTPUTS)
def test_fit_learns_and_goes_on(output: str) -> None:
    net, x, y = problem(output=output, dropout=0.1)
    whole = Rec(net.spec)
    first = net.fit(x, y, epochs=5, batch_size=3)
    second = net.fit(x, y, epochs=15, batch_size=3)
    assert [e["epoch"] for e in first + second] == list(range(1, 21))
    assert second[-1]["loss"] < 0.9 * first[0]["loss"]
    whole.fit(x, y, epochs=20, batch_size=3)
    assert_same(net, whole)


@pytest.mark.parametrize("output", ["last", "sequence", "next", "ctc"])
def test_a_weight_of_two_is_the_sequence_twice(output: str) -> None:
    weighted, x, y = problem(output=output, optimizer={"name": "sgd", "learning_rate": 0.1})
    doubled = Rec(weighted.spec)
    w = np.array([2.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0])
    twice = [*range(7), 0, 4]
    more_x, more_y = [x[i] for i in twice], y and [y[i] for i in twice]
    weighted.fit(x, y, w, epochs=3, batch_size=7, shuffle=False)
    doubled.fit(more_x, more_y, epochs=3, batch_size=9, shuffle=False)
    assert_same(weighted, doubled, 1e-12)
    assert weighted.evaluate(x, y, w) == pytest.approx(doubled.evaluate(more_x, more_y), rel=1e-12)


def test_steps_without_weight_have_no_gradient() -> None:
    net, x, y = problem(output="sequence")
    other = Rec(net.spec)
    w = [np.arange(len(s)) % 2.0 for s in x]
    spoiled = [np.where(v[:, None] > 0, t, 1e3) for v, t in zip(w, y, strict=True)]
    a, b = net.fit(x, y, w, epochs=3, batch_size=3), other.fit(x, spoiled, w, epochs=3, batch_size=3)
    assert a[-1]["loss"] == b[-1]["loss"]
    assert_same(net, other)


def test_an_impossible_alignment_weighs_nothing() -> None:
    net, x, _ = problem(output="ctc")
    other = Rec(net.spec)
    y = [[1], [1, 2], [], [2], [2, 2], [1], [1, 2, 1]]
    net.fit([*x, x[2]], [*y, [1, 1]], epochs=2, batch_size=8, shuffle=False)
    other.fit(x, y, epochs=2, batch_size=7, shuffle=False)
    assert_same(net, other, 1e-12)
    assert net.evaluate([*x, x[2]], [*y, [1, 1]]) == pytest.approx(net.evaluate(x, y))


@pytest.mark.parametrize("cell", CELLS)
def test_pieces_as_long_as_the_sequences_are_no_pieces(cell: str) -> None:
    cut, x, y = problem(cell=cell, output="sequence", dropout=0.2, recurrent_dropout=0.2, bptt_steps=5)
    whole = Rec({**cut.spec, "bptt_steps": 0})
    for net in (cut, whole):
        net.fit(x, y, epochs=3, batch_size=3)
    assert_same(cut, whole)


def test_each_piece_is_an_update() -> None:
    """A batch of short rows has fewer updates; the schedule counts as many as for long rows, in any order."""
    net, _, _ = problem(output="sequence", bptt_steps=2, schedule={"name": "constant", "warmup": 60.0})
    rng = np.random.default_rng(6)
    x = sequences(net, rng, (2, 1, 5, 4))
    history = net.fit(x, targets(net, rng, x), epochs=2, batch_size=2, shuffle=False)
    assert net.training.updates == 2 * (1 + 3)
    assert [e["learning_rate"] for e in history] == pytest.approx([0.02 * 6 / 60, 0.02 * 12 / 60])


def test_early_stopping_brings_back_the_best_weights() -> None:
    net, x, y = problem(optimizer={"name": "adam", "learning_rate": 0.1})
    history = net.fit(x[:4], y[:4], None, (x[4:], y[4:]), epochs=100, batch_size=2, patience=5)
    losses = [e["val_loss"] for e in history]
    assert len(history) == int(np.argmin(losses)) + 6 < 100
    assert net.evaluate(x[4:], y[4:]) == min(losses)


def test_batch_norm_in_the_head_tracks_its_statistics() -> None:
    net, x, y = problem(layers=[{"units": 5, "normalization": "batch"}, {"units": 2}])
    net.fit(x, y, epochs=3, batch_size=3)
    assert net.get_params()["head.0.norm.running_mean"].any()
    np.testing.assert_allclose(net.predict(x[:2]), net.predict(x)[:2], rtol=1e-12)


def test_ctc_learns_to_read() -> None:
    """Marks in noise, each shown for one to three steps, are read, though no target says where they are."""
    rng = np.random.default_rng(1)
    labels = [rng.integers(1, 3, rng.integers(1, 4)) for _ in range(12)]
    shown = [np.concatenate([np.repeat([0, label], [1, rng.integers(1, 4)]) for label in w]) for w in labels]
    x = [np.eye(4)[s] + rng.normal(size=(len(s), 4)) * 0.1 for s in shown]
    net = Rec(spec_of("gru", output="ctc", optimizer={"name": "adam", "learning_rate": 0.05}))
    net.fit(x, labels, epochs=25, batch_size=6)
    assert ctc.character_error_rate(net.decode(x), labels) < 0.1
    assert ctc.character_error_rate(net.decode(x, beam=4), labels) < 0.1


def test_seed_article_network_is_a_rec() -> None:
    article = Recurrent(2, 50, 1, seed=2)
    net = Rec(
        {
            "dtype": "float64",
            "input_size": 2,
            "cell": "rnn",
            "cell_activation": "sigmoid",
            "hidden": [50],
            "bias": False,
            "initialization": "normal",
            "layers": [{"units": 1, "activation": "sigmoid", "bias": False, "initialization": "normal"}],
            "optimizer": {"name": "sgd", "learning_rate": 1.0},
        }
    )
    own = {"rnn.weight_ih_l0": "weights_ih", "rnn.weight_hh_l0": "weights_hh", "head.0.weight": "weights_ho"}
    net.set_params({name: getattr(article, attribute).T for name, attribute in own.items()})
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(20, 3, 2)), rng.random((20, 1))
    before = article.forward(x)
    article.train(x, y, epochs=25)
    net.fit(x, y, epochs=25, batch_size=20, shuffle=False)
    for name, attribute in own.items():
        np.testing.assert_allclose(net.params[name].T, getattr(article, attribute), rtol=1e-10, err_msg=name)
    np.testing.assert_allclose(net.predict(x), article.forward(x), rtol=1e-10)
    assert ((article.forward(x) - y) ** 2).mean() < ((before - y) ** 2).mean()
