"""Rec: what it is made of, what it refuses, what it answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import models, recs

KINDS = list(recs.OUTPUTS)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (
            {"input_size": None},
            ValueError,
            "got None and None; expected one of the two: input_size .* or vocabulary",
        ),
        ({"vocabulary": 5}, ValueError, "got 3 and 5; expected one of the two"),
        ({"input_size": 0}, ValueError, "input_size: got 0; expected .*at least 1"),
        ({"input_size": 2.0}, TypeError, "input_size: got 2.0; expected an integer"),
        ({"embedding_size": 4}, ValueError, "embedding_size: got 4 without a vocabulary"),
        ({"hidden": []}, ValueError, "hidden: got .*; expected at least 1 layer"),
        ({"hidden": [4, 0]}, ValueError, r"hidden\[1\]: got 0; expected .*at least 1"),
        ({"hidden": "64"}, TypeError, "hidden: got '64'; expected an integer"),
        (
            {"cell": "elman"},
            ValueError,
            "cell: got 'elman'; expected one of rnn, gru, lstm; did you mean 'rnn'",
        ),
        (
            {"cell_activation": "relu"},
            ValueError,
            "cell_activation: got 'relu' for cell='gru', which has its own; expected 'tanh', or cell='rnn'",
        ),
        (
            {"cell": "rnn", "cell_activation": "elu"},
            ValueError,
            "cell_activation: got .*; expected one of tanh, relu",
        ),
        ({"bidirectional": 1}, TypeError, "bidirectional: got 1; expected True or False"),
        (
            {"output": "first"},
            ValueError,
            "output: got .*; expected one of last, mean, max, sequence, next, ctc",
        ),
        ({"output_size": 0}, ValueError, "output_size: got 0; expected .*at least 1"),
        (
            {"output": "next", "output_size": 2},
            ValueError,
            "output_size: got 2; expected input_size, 3, for output='next'",
        ),
        (
            {"output": "next", "bidirectional": True},
            ValueError,
            "bidirectional: got True; expected False for output='next'",
        ),
        (
            {"output": "next", "loss": "cross_entropy"},
            ValueError,
            "got 'cross_entropy'; expected a loss of values for output='next'",
        ),
        ({"output": "ctc"}, ValueError, "got None; expected the number of labels . 1"),
        ({"output": "ctc", "output_size": 1}, ValueError, "got 1; expected the number of labels . 1"),
        (
            {"output": "ctc", "output_size": 3, "loss": "huber"},
            ValueError,
            "loss: got .*; expected 'ctc' for output='ctc'",
        ),
        (
            {"output": "ctc", "output_size": 3, "output_activation": "relu"},
            ValueError,
            "output_activation: got 'relu'; expected softmax",
        ),
        ({"loss": "ctc"}, ValueError, "loss: got .*; expected one of squared_error"),
        ({"loss": "cross_entropy"}, ValueError, "at least 2 outputs"),
        ({"head": [0]}, ValueError, r"head\[0\]: got .*; expected .*at least 1"),
        ({"head_activation": "softmax"}, ValueError, "head_activation: got .*; expected one of"),
        ({"dropout": 1.0}, ValueError, "dropout: got 1; expected .*below 1"),
        ({"recurrent_dropout": -1}, ValueError, "recurrent_dropout: got .*; expected .*at least 0"),
        ({"layer_norm": "yes"}, TypeError, "layer_norm: got .*; expected True or False"),
        ({"bptt_steps": 5}, ValueError, "bptt_steps: got 5 for output='last'; expected 'sequence' or 'next'"),
        ({"output": "next", "bptt_steps": 0}, ValueError, "bptt_steps: got .*; expected .*at least 1"),
        (
            {"output": "sequence", "bptt_steps": 5, "bidirectional": True},
            ValueError,
            "bptt_steps: got 5; expected None with bidirectional=True",
        ),
        ({"initialization": "xavier"}, ValueError, "initialization: got .*; expected one of auto"),
        ({"dtype": "float16"}, ValueError, "dtype: got 'float16'; expected .float32. or .float64."),
        ({"optimizer": 3}, TypeError, "optimizer: got .*; expected one of SGD"),
        ({"seed": -1}, ValueError, "seed: got .*; expected .*at least 0"),
        ({"hidden": 2**31 - 1}, ValueError, r"hidden layers .* this machine has"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        ds.Rec(**{"input_size": 3, **arguments})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"output": "next", "output_size": 4}, "output_size: got 4; expected vocabulary, 5"),
        (
            {"output": "next", "loss": "huber"},
            "loss: got 'huber'; expected cross_entropy or focal for output='next' of tokens",
        ),
        (
            {"output": "next", "loss": "focal", "output_activation": "sigmoid"},
            "got 'sigmoid'; expected softmax for output='next'",
        ),
        ({"input_dropout": 0.1}, "input_dropout: got 0.1 without embedding_size"),
    ],
)
def test_wrong_arguments_with_tokens(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ds.Rec(**{"vocabulary": 5, **arguments})


def test_everything_goes_by_name() -> None:
    with pytest.raises(TypeError):
        ds.Rec(3)  # type: ignore[misc]


def test_one_layer_may_be_a_number() -> None:
    one, other = ds.Rec(input_size=3, hidden=4, head=5), ds.Rec(input_size=3, hidden=[4], head=[5])
    assert str(one) == str(other)
    assert models.weights(one) == models.weights(other)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("cell", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_parameters_have_the_names_and_layouts_of_torch(cell: str, gates: int, bidirectional: bool) -> None:
    rec = ds.Rec(
        vocabulary=7, embedding_size=5, hidden=[4, 3], cell=cell, bidirectional=bidirectional, head=[6]
    )
    shapes = {name: array.shape for name, array in rec.state_dict().items()}
    ways = 1 + bidirectional
    expected: dict[str, tuple[int, ...]] = {"embedding.weight": (7, 5)}
    for end in ["", "_reverse"][:ways]:
        for k, (units, inputs) in enumerate([(4, 5), (3, 4 * ways)]):
            expected[f"rnn.weight_ih_l{k}{end}"] = (gates * units, inputs)
            expected[f"rnn.weight_hh_l{k}{end}"] = (gates * units, units)
            expected[f"rnn.bias_ih_l{k}{end}"] = expected[f"rnn.bias_hh_l{k}{end}"] = (gates * units,)
    expected |= {
        "head.0.weight": (6, 3 * ways),
        "head.0.bias": (6,),
        "head.1.weight": (1, 6),
        "head.1.bias": (1,),
    }
    assert shapes == expected
    assert rec.num_parameters == sum(int(np.prod(shape)) for shape in shapes.values())


def test_layer_norm_and_no_bias() -> None:
    rec = ds.Rec(input_size=2, hidden=4, layer_norm=True, bias=False)
    shapes = {name: array.shape for name, array in rec.state_dict().items()}
    sums = dict.fromkeys(("rnn.norm_ih_l0", "rnn.norm_hh_l0"), (12,))
    assert shapes == {
        "rnn.weight_ih_l0": (12, 2),
        "rnn.weight_hh_l0": (12, 4),
        **sums,
        "head.0.weight": (1, 4),
    }


def test_the_table() -> None:
    rec = ds.Rec(
        vocabulary=7, embedding_size=5, hidden=[4, 3], cell="rnn", cell_activation="relu", bidirectional=True,
        dropout=0.25, recurrent_dropout=0.5, input_dropout=0.125, head=[6], output_size=2,
    )  # fmt: skip
    said = [line.split() for line in str(rec).splitlines()]
    assert " ".join(said[0]) == "Rec of output last: loss squared_error, Adam(), float32, cpu, seed 0"
    assert [" ".join(line) for line in said[2:]] == [
        "embedding 7 → 5 35",
        "l0 dropout 0.125, rnn of relu, bidirectional, recurrent dropout 0.5, dropout 0.25 5 → 8 88",
        "l1 rnn of relu, bidirectional, recurrent dropout 0.5, dropout 0.25 8 → 6 78",
        "head.0 dense, relu, dropout 0.25 6 → 6 42",
        "head.1 dense, identity 6 → 2 14",
        "total 257",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_training_makes_the_loss_small(kind: str) -> None:
    X, y = recs.lists(kind)
    rec = recs.rec(kind, optimizer=ds.Adam(0.02))
    before = rec.evaluate(X, y)["loss"]
    history = rec.fit(X, y, epochs=20, batch_size=4)
    assert history.epochs == 20
    assert rec.evaluate(X, y)["loss"] < before


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_of_predictions(kind: str) -> None:
    X, _ = recs.lists(kind, 4)
    array, lengths = recs.padded(X)
    rec = recs.rec(kind)
    outputs = rec.state_dict()["head.0.bias"].size
    if kind in ("last", "mean", "max"):
        assert all(p.shape == (4, outputs) for p in (rec.predict(X), rec.predict(array, lengths=lengths)))
        assert rec.predict([]).shape == (0, outputs)
        return
    assert rec.predict(array).shape == (*array.shape[:2], outputs)
    for ragged in (rec.predict(X), rec.predict(array, lengths=lengths)):
        assert isinstance(ragged, list)
        assert [p.shape for p in ragged] == [(n, outputs) for n in lengths]
    assert rec.predict([]) == []
    assert rec.predict(array[:0]).shape == (0, array.shape[1], outputs)


def test_a_sequence_does_not_depend_on_the_others() -> None:
    X, _ = recs.lists("sequence")
    rec = recs.rec("sequence", hidden=[5, 4], bidirectional=True, cell="lstm")
    for x, p in zip(X, rec.predict(X), strict=True):
        np.testing.assert_array_equal(rec.predict([x])[0], p)


def test_classes() -> None:
    X, _ = recs.lists("last")
    last, sequence, yes = recs.rec("last"), recs.rec("sequence"), recs.rec("max")
    np.testing.assert_array_equal(last.predict_classes(X), last.predict(X).argmax(axis=1))
    for classes, p in zip(sequence.predict_classes(X), sequence.predict(X), strict=True):
        np.testing.assert_array_equal(classes, p.argmax(axis=1))
    array = recs.padded(X)[0]
    assert sequence.predict_classes(array).shape == array.shape[:2]
    np.testing.assert_array_equal(yes.predict_classes(X), yes.predict(X) >= 0.5)
    with pytest.raises(
        ValueError,
        match="predict_classes: got a model with loss 'squared_error', which predicts values; expected one of",
    ):
        recs.rec("mean").predict_classes(X)
    with pytest.raises(ValueError, match="predict_classes: got a model with output='ctc'; expected another"):
        recs.rec("ctc").predict_classes(X)


def test_evaluate_counts_real_steps() -> None:
    X, y = recs.lists("sequence")
    rec = recs.rec("sequence", dtype="float64")
    p, truth = np.concatenate(rec.predict(X)), np.concatenate(y)
    weights = [np.linspace(0.5, 2, len(x)) for x in X]
    found = rec.evaluate(X, y, sample_weight=weights)
    w = np.concatenate(weights)
    assert found["loss"] == pytest.approx(w @ -np.log(p[np.arange(len(p)), truth]) / w.sum(), rel=1e-9)
    assert found["accuracy"] == pytest.approx(w @ (p.argmax(axis=1) == truth) / w.sum(), rel=1e-12)
    by_row = np.linspace(0.5, 2, len(X))
    steps = [np.full(len(x), v) for x, v in zip(X, by_row, strict=True)]
    assert rec.evaluate(X, y, sample_weight=by_row) == pytest.approx(rec.evaluate(X, y, sample_weight=steps))


def test_evaluate_of_next_compares_with_the_next_step() -> None:
    X, _ = recs.lists("next token")
    rec = recs.rec("next token", dtype="float64")
    p = np.concatenate([q[:-1] for q in rec.predict(X)])
    truth = np.concatenate([x[1:] for x in X])
    weights = [np.linspace(0.5, 2, len(x)) for x in X]
    w = np.concatenate([v[1:] for v in weights])  # nothing predicts the first step
    found = rec.evaluate(X, sample_weight=weights)
    assert found["loss"] == pytest.approx(w @ -np.log(p[np.arange(len(p)), truth]) / w.sum(), rel=1e-9)
    assert found["accuracy"] == pytest.approx(w @ (p.argmax(axis=1) == truth) / w.sum(), rel=1e-12)
    X, _ = recs.lists("next")
    rec = recs.rec("next")
    truth = np.concatenate([x[1:] for x in X]).astype(np.float64)
    residual = truth - np.concatenate([q[:-1] for q in rec.predict(X)])
    r2 = 1 - (residual**2).sum(axis=0) / ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    assert rec.evaluate(X)["r2"] == pytest.approx(r2.mean())


def test_evaluate_of_ctc_counts_edits() -> None:
    X, y = recs.lists("ctc")
    rec = recs.rec("ctc")
    rate = ds.metrics.character_error_rate(rec.decode(X), y)
    assert rec.evaluate(X, y)["error_rate"] == pytest.approx(rate)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("kind", ["last", "sequence", "next token"])
def test_streaming_gives_what_predict_does(kind: str, cell: str) -> None:
    X = recs.padded(recs.lists(kind)[0])[0]
    rec = recs.rec(kind, cell=cell, hidden=[5, 4])
    state = rec.initial_state(len(X))
    outputs = []
    for t in range(X.shape[1]):
        before = state.copy()
        y, after = rec.step(X[:, t], state)
        np.testing.assert_array_equal(state, before)
        outputs.append(y)
        state = after
    expected = rec.predict(X)
    np.testing.assert_allclose(outputs[-1] if kind == "last" else np.stack(outputs, 1), expected, rtol=1e-5)


def test_what_cannot_be_streamed() -> None:
    rec = recs.rec()
    state = rec.initial_state(2)
    wrong: list[tuple[Any, Any, str]] = [
        (np.ones((2, 4)), state, "x: got 4 columns; expected 3, one per input of the model"),
        (np.ones((3, 3)), state, r"state: got shape \(2, 6\); expected \(3, 6\), that of initial_state\(3\)"),
        (np.ones((2, 3)), state + np.inf, "state: got inf in row 0, column 0; expected finite numbers"),
        (np.full((2, 3), np.nan), state, "x: got nan in row 0, column 0; expected finite numbers"),
    ]
    for x, before, said in wrong:
        with pytest.raises(ValueError, match=said):
            rec.step(x, before)
    for call in (lambda r: r.initial_state(1), lambda r: r.step([[1, 2, 3]], [[0]])):
        with pytest.raises(
            ValueError,
            match=": got a bidirectional model; expected bidirectional=False, as the reverse direction starts at",
        ):
            call(recs.rec(bidirectional=True))
    tokens = recs.rec("next token")
    with pytest.raises(ValueError, match=r"x: got shape \(1, 1\); expected 1-D \(rows,\) of tokens"):
        tokens.step([[1]], tokens.initial_state(1))
    with pytest.raises(ValueError, match="x: got 5 in sequence 1, step 0; expected tokens 0 to 4"):
        tokens.step([1, 5], tokens.initial_state(2))
    one = ds.Rec(input_size=1, hidden=4)
    flat, column = (one.step(x, one.initial_state(2))[0] for x in ([1, 2], [[1], [2]]))
    np.testing.assert_array_equal(flat, column)


def test_reset_starts_over() -> None:
    X, y = recs.lists()
    rec, new = recs.rec(), recs.rec()
    rec.fit(X, y, epochs=2)
    rec.reset()
    assert models.bits(rec) == models.bits(new)
    assert rec.history == {}
    assert rec.reset(seed=9).seed == 9
    assert models.weights(rec) != models.weights(new)
