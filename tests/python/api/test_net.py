"""Net: what it is made of, what it refuses, what it answers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import models


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"layers": [4]}, ValueError, "expected inputs and outputs at least"),
        ({"layers": []}, ValueError, "expected inputs and outputs at least"),
        ({"layers": 4}, TypeError, "layers: got .*; expected a list"),
        ({"layers": "4, 2"}, TypeError, "layers: got .*; expected a list"),
        ({"layers": [4, 0, 1]}, ValueError, r"layers\[1\]: got 0; expected .*at least 1"),
        ({"layers": [4, -3, 1]}, ValueError, r"layers\[1\]: got -3; expected .*at least 1"),
        ({"layers": [4, 2.0, 1]}, TypeError, r"layers\[1\]: got 2.0; expected an integer"),
        ({"layers": [4, True, 1]}, TypeError, r"layers\[1\]: got True; expected an integer"),
        (
            {"activation": "rellu"},
            ValueError,
            "activation: got 'rellu'; expected one of identity, .*; did you mean 'relu'",
        ),
        ({"activation": "softmax"}, ValueError, "activation: got .*; expected one of"),
        ({"activation": 3}, TypeError, "activation: got .*; expected one of the strings"),
        (
            {"activation": ["relu", "relu"]},
            ValueError,
            r"activation: got 2 values; expected one value or a list of 1",
        ),
        (
            {"output_activation": "softmax"},
            ValueError,
            "got 'softmax'; expected an elementwise one for loss 'squared_error'",
        ),
        (
            {"loss": "cross_entropy", "output_activation": "sigmoid"},
            ValueError,
            "got 'sigmoid'; expected softmax for loss",
        ),
        (
            {"loss": "binary_cross_entropy", "output_activation": "relu"},
            ValueError,
            "got 'relu'; expected sigmoid for loss",
        ),
        (
            {"loss": "poisson", "output_activation": "identity"},
            ValueError,
            "got 'identity'; expected exp for loss",
        ),
        ({"loss": "cross_entropy", "layers": [4, 1]}, ValueError, "at least 2 outputs"),
        (
            {"loss": "mse"},
            ValueError,
            "loss: got 'mse'; expected one of squared_error, .*; did you mean 'squared_error'",
        ),
        ({"loss": ds.Huber}, TypeError, r"write Huber\(\)"),
        ({"loss": ds.Focal(alpha=0.3)}, ValueError, "expected sigmoid outputs"),
        (
            {"optimizer": "adm"},
            ValueError,
            "optimizer: got 'adm'; expected one of sgd, .*; did you mean 'adam'",
        ),
        ({"optimizer": ds.Adam}, TypeError, "optimizer: got .*; expected one of SGD"),
        ({"optimizer": 0.1}, TypeError, "optimizer: got .*; expected one of SGD"),
        ({"bias": 1}, TypeError, "bias: got 1; expected True or False"),
        ({"dropout": 1.0}, ValueError, "dropout: got 1; expected .*below 1"),
        ({"dropout": -0.1}, ValueError, "dropout: got -0.1; expected .*at least 0"),
        ({"dropout": [0.1, 0.2]}, ValueError, r"dropout: got .*; expected one value or a list of 1"),
        ({"dropout": float("nan")}, ValueError, "dropout: got nan; expected a finite number"),
        ({"input_dropout": "0.1"}, TypeError, "input_dropout: got '0.1'; expected a number"),
        ({"numeric_embedding": 4}, TypeError, "numeric_embedding: got 4; expected one of PeriodicEmbedding"),
        ({"numeric_embedding": ds.PeriodicEmbedding(features=5)}, ValueError, "got 5 features; expected"),
        ({"normalization": "group"}, ValueError, "normalization: got .*; expected one of none, batch, layer"),
        ({"initialization": "xavier"}, ValueError, "initialization: got .*; expected one of auto"),
        (
            {"initialization": ["zeros"]},
            ValueError,
            "initialization: got 1 values; expected one value or a list of 2",
        ),
        ({"dtype": "float16"}, ValueError, "dtype: got 'float16'; expected .float32. or .float64."),
        ({"dtype": None}, ValueError, "dtype: got .*; expected"),
        ({"dtype": "nonsense"}, ValueError, "dtype: got .*; expected"),
        ({"device": "gpu"}, ValueError, "device: got .*; expected one of cpu, cuda, cuda:0, auto"),
        ({"threads": 0}, ValueError, "threads: got 0; expected .*at least 1"),
        ({"threads": 1e3}, TypeError, "threads: got .*; expected an integer"),
        ({"seed": -1}, ValueError, "seed: got -1; expected .*at least 0"),
        ({"seed": 2**64}, ValueError, r"seed: got .*; expected .*at most"),
        ({"seed": 0.5}, TypeError, "seed: got .*; expected an integer"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        ds.Net(**{"layers": [4, 3, 2], **arguments})


def test_only_layers_go_by_place() -> None:
    with pytest.raises(TypeError):
        ds.Net([4, 2], "relu")  # type: ignore[misc]


@pytest.mark.parametrize("hidden", [2**40, 2**31, 2**70, 10**30])
def test_impossible_sizes_are_refused_before_anything_is_allocated(hidden: int) -> None:
    with pytest.raises(ValueError, match=r"layers"):
        ds.Net([10, hidden, 1])


def test_sizes_beyond_this_machine_say_how_much_is_missing() -> None:
    with pytest.raises(ValueError, match=r"need .* GiB to train; this machine has"):
        ds.Net([10**6, 10**6, 1])


@pytest.mark.parametrize(
    ("loss", "outputs", "activation"),
    [
        ("squared_error", 2, "identity"),
        ("absolute_error", 1, "identity"),
        (ds.Huber(2.0), 1, "identity"),
        (ds.Quantile(0.9), 1, "identity"),
        ("poisson", 1, "exp"),
        ("binary_cross_entropy", 3, "sigmoid"),
        ("cross_entropy", 3, "softmax"),
        (ds.CrossEntropy(0.1), 3, "softmax"),
        ("focal", 3, "softmax"),
        ("focal", 1, "sigmoid"),
    ],
)
def test_the_loss_chooses_the_output_activation(loss: Any, outputs: int, activation: str) -> None:
    rows = np.linspace(-2, 2, 20, dtype=np.float32).reshape(5, 4)
    chosen = ds.Net([4, outputs], loss=loss)
    asked = ds.Net([4, outputs], loss=loss, output_activation=activation)
    assert f", {activation} " in str(chosen)
    np.testing.assert_array_equal(chosen.predict(rows), asked.predict(rows))
    if activation == "softmax":
        np.testing.assert_allclose(chosen.predict(rows).sum(axis=1), 1, rtol=1e-6)


def test_names_and_descriptions_are_the_same() -> None:
    rows = np.linspace(-2, 2, 20).reshape(5, 4)
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"activation": "leaky_relu"}, {"activation": ds.LeakyReLU()}),
        ({"activation": "elu"}, {"activation": [ds.ELU()]}),
        ({"optimizer": "sgd"}, {"optimizer": ds.SGD()}),
        ({"optimizer": None}, {"optimizer": "adam"}),
        ({"dropout": 0.25}, {"dropout": [0.25]}),
        ({"normalization": "batch"}, {"normalization": ["batch"]}),
        ({"normalization": None}, {"normalization": "none"}),
        ({"initialization": "auto"}, {"initialization": ["he_uniform", "glorot_uniform"]}),
        ({"dtype": np.float64}, {"dtype": np.dtype("float64")}),
    ]
    for one, other in pairs:
        nets = [ds.Net([4, 3, 1], seed=3, **arguments) for arguments in (one, other)]
        for net in nets:
            net.fit(rows, rows[:, 0], epochs=2)
        assert str(nets[0]) == str(nets[1])
        assert models.weights(nets[0]) == models.weights(nets[1]), one


def test_parameters_of_activations_count() -> None:
    rows = np.linspace(-2, 2, 20, dtype=np.float32).reshape(5, 4)
    outputs = [ds.Net([4, 3, 1], activation=ds.LeakyReLU(slope)).predict(rows) for slope in (0.01, 0.5)]
    assert not np.array_equal(*outputs)


def test_state_dict_has_torchs_names_and_layouts() -> None:
    net = ds.Net([5, 4, 3, 2], normalization=["batch", "layer"])
    shapes = {name: array.shape for name, array in net.state_dict().items()}
    assert shapes == {
        "0.weight": (4, 5),
        "0.bias": (4,),
        "0.norm.weight": (4,),
        "0.norm.bias": (4,),
        "0.norm.running_mean": (4,),
        "0.norm.running_var": (4,),
        "1.weight": (3, 4),
        "1.bias": (3,),
        "1.norm.weight": (3,),
        "1.norm.bias": (3,),
        "2.weight": (2, 3),
        "2.bias": (2,),
    }
    assert net.num_parameters == 5 * 4 + 4 + 8 + 4 * 3 + 3 + 6 + 3 * 2 + 2
    assert set(ds.Net([5, 2], bias=False).state_dict()) == {"0.weight"}


def test_outputs_are_those_of_the_weights() -> None:
    net = ds.Net([3, 4, 2], dtype="float64", activation="tanh", seed=7)
    state = net.state_dict()
    rows = np.linspace(-1, 1, 15).reshape(5, 3)
    hidden = np.tanh(rows @ state["0.weight"].T + state["0.bias"])
    np.testing.assert_allclose(net.predict(rows), hidden @ state["1.weight"].T + state["1.bias"], rtol=1e-12)


def test_load_state_dict_round_trip_and_copies() -> None:
    net, other = ds.Net([3, 4, 2], seed=1), ds.Net([3, 4, 2], seed=2)
    rows = np.ones((2, 3), np.float32)
    state = net.state_dict()
    assert other.load_state_dict(state) is other
    np.testing.assert_array_equal(other.predict(rows), net.predict(rows))
    state["0.weight"][:] = 0  # a copy, so neither model sees it
    assert other.state_dict()["0.weight"].any()
    lists = {name: array.astype(np.float64).tolist() for name, array in net.state_dict().items()}
    np.testing.assert_array_equal(other.load_state_dict(lists).predict(rows), net.predict(rows))


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda s: s.pop("1.bias"), ValueError, r"state: got no 1\.bias; expected 0\.weight, 0\.bias,"),
        (lambda s: s.update({"2.weight": np.ones(1)}), ValueError, r"state: got unknown 2\.weight; expected"),
        (lambda s: s.update({"0.weight": s["0.weight"].T}), ValueError, r"got shape .*; expected \(4, 3\)"),
        (
            lambda s: s["0.weight"].__setitem__((2, 1), np.nan),
            ValueError,
            r"0\.weight: got nan in row 2, column 1; expected finite numbers",
        ),
        (
            lambda s: s.update({"0.bias": ["a"] * 4}),
            TypeError,
            r"0\.bias: got text .*; expected real numbers",
        ),
    ],
)
def test_load_state_dict_is_all_or_nothing(change: Any, error: type[Exception], said: str) -> None:
    net = ds.Net([3, 4, 2])
    before = models.bits(net)
    state = net.state_dict()
    change(state)
    with pytest.raises(error, match=said):
        net.load_state_dict(state)
    assert models.bits(net) == before
    with pytest.raises(TypeError, match="state: got a value of type list; expected a mapping of names to"):
        net.load_state_dict([1.0])  # type: ignore[arg-type]


def test_the_table_shows_layers_shapes_and_counts() -> None:
    net = ds.Net(
        [64, 128, 10],
        loss=ds.CrossEntropy(0.1),
        normalization="batch",
        dropout=0.25,
        input_dropout=0.1,
        optimizer=ds.Adam(2e-3, schedule=ds.Cosine(warmup=0.05)),
        activation=ds.LeakyReLU(0.2),
    )
    lines = repr(net).splitlines()
    assert lines[0] == (
        "Net: loss CrossEntropy(label_smoothing=0.1), Adam(learning_rate=0.002, schedule=Cosine(warmup=0.05)), "
        "float32, cpu, seed 0"
    )
    assert "dropout 0.1, dense, batch norm, LeakyReLU(slope=0.2), dropout 0.25" in lines[2]
    assert "64 → 128" in lines[2]
    assert lines[2].endswith("8,576")
    assert "dense, softmax" in lines[3]
    assert lines[-1].split() == ["total", "9,866"]
    assert net.num_parameters == 9866
    assert "dense without bias" in str(ds.Net([3, 1], bias=False))


def test_the_same_seed_gives_the_same_net() -> None:
    def weights(**options: Any) -> str:
        return models.weights(ds.Net([6, 5, 2], **options))

    assert weights() == weights(seed=0) != weights(seed=1)
    drawn = ds.Net([6, 5, 2], seed=None)
    assert drawn.seed != ds.Net([6, 5, 2], seed=None).seed
    assert models.weights(drawn) == weights(seed=drawn.seed)


def test_reset_starts_over() -> None:
    X, y = models.data()
    net = models.net(dropout=0.2)
    fresh = models.bits(net)
    net.fit(X, y, epochs=2)
    trained = models.bits(net)
    assert net.reset() is net
    assert models.bits(net) == fresh
    assert net.history == {}
    net.fit(X, y, epochs=2)
    assert models.bits(net) == trained


def test_reset_with_another_seed_is_another_net() -> None:
    X, y = models.data()
    net, other = models.net(dropout=0.2), models.net(dropout=0.2, seed=99)
    net.reset(seed=99)
    assert net.seed == 99
    for each in (net, other):  # weights, order of the rows and dropout all follow the new seed
        each.fit(X, y, epochs=2)
    assert models.bits(net) == models.bits(other)
    with pytest.raises(ValueError, match=r"seed: got .*; expected .*at least 0"):
        net.reset(-4)
    assert net.seed == 99


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predict_gives_its_dtype_and_every_row_alone(dtype: str) -> None:
    net = ds.Net([6, 16, 3], loss="cross_entropy", dtype=dtype, normalization="batch")
    X, _ = models.data(40)
    outputs = net.predict(X)
    assert outputs.shape == (40, 3)
    assert outputs.dtype == net.dtype == dtype
    for i in range(40):
        np.testing.assert_array_equal(outputs[i], net.predict(X[i : i + 1])[0])
    assert net.predict(X[:0]).shape == (0, 3)


def test_predict_classes() -> None:
    X, _ = models.data(40)
    net = ds.Net([6, 3], loss="cross_entropy")
    np.testing.assert_array_equal(net.predict_classes(X), net.predict(X).argmax(axis=1))
    several = ds.Net([6, 3], loss="binary_cross_entropy")
    np.testing.assert_array_equal(several.predict_classes(X), several.predict(X) >= 0.5)
    assert several.predict_classes(X).shape == (40, 3)
    with pytest.raises(
        ValueError,
        match="predict_classes: got a model with loss 'squared_error', which predicts values; expected one of",
    ):
        ds.Net([6, 1]).predict_classes(X)


def test_evaluate_classes() -> None:
    X, y = models.data(60)
    weights = np.linspace(0, 2, 60)
    net = ds.Net([6, 3], loss="cross_entropy", dtype="float64")
    p = net.predict(X)
    right = p.argmax(axis=1) == y
    figures = net.evaluate(X, y, sample_weight=weights)
    assert set(figures) == {"loss", "accuracy"}
    assert figures["accuracy"] == pytest.approx(np.average(right, weights=weights), rel=1e-12)
    assert figures["loss"] == pytest.approx(
        np.average(-np.log(p[np.arange(60), y]), weights=weights), rel=1e-9
    )
    assert net.evaluate(X, np.eye(3)[y])["accuracy"] == pytest.approx(right.mean(), rel=1e-12)
    several = ds.Net([6, 3], loss="binary_cross_entropy")
    marks = np.eye(3)[y]
    expected = ((several.predict(X) >= 0.5) == (marks >= 0.5)).mean()
    assert several.evaluate(X, marks)["accuracy"] == pytest.approx(expected, rel=1e-12)


def test_evaluate_values() -> None:
    X, _ = models.data(60)
    y = np.stack([X[:, 0] * 2 + X[:, 1], X[:, 2] - 1], axis=1).astype(np.float64)
    weights = np.linspace(0.5, 2, 60)
    net = ds.Net([6, 2], dtype="float64")
    error = y - net.predict(X)
    spread = y - np.average(y, axis=0, weights=weights)
    figures = net.evaluate(X, y, sample_weight=weights)
    assert set(figures) == {"loss", "r2"}
    r2 = (1 - (weights @ error**2) / (weights @ spread**2)).mean()
    assert figures["r2"] == pytest.approx(r2, rel=1e-9)
    loss = np.average(0.5 * (error**2).mean(axis=1), weights=weights)
    assert figures["loss"] == pytest.approx(loss, rel=1e-9)


def test_r2_of_targets_that_do_not_vary() -> None:
    X = np.ones((4, 2))
    net = ds.Net([2, 1], initialization="zeros")
    assert net.evaluate(X, np.zeros(4))["r2"] == 1.0
    assert net.evaluate(X, np.ones(4))["r2"] == 0.0


def test_devices() -> None:
    assert ds.Net([2, 1], device="auto").device == "cpu"
    assert not ds.cuda.is_available()
    why = ds.cuda.why()
    assert why is not None
    with pytest.raises(ValueError, match=re.escape(f"device: got 'cuda'; {why}")):
        ds.Net([2, 1], device="cuda")


def test_set_num_threads() -> None:
    before = ds.get_num_threads()
    try:
        ds.set_num_threads(3)
        assert ds.get_num_threads() == 3
        for wrong in (0, -1, 10**6):
            with pytest.raises(ValueError, match=r"threads: got .*; expected .*at"):
                ds.set_num_threads(wrong)
        with pytest.raises(TypeError, match=r"threads: got .*; expected an integer"):
            ds.set_num_threads(1.5)  # type: ignore[arg-type]
        assert ds.get_num_threads() == 3
    finally:
        ds.set_num_threads(before)


def test_every_public_name_is_there() -> None:
    for name in ds.__all__:
        assert getattr(ds, name) is not None
    assert set(ds.__all__) <= set(dir(ds))
    with pytest.raises(AttributeError, match="no attribute 'Nett'"):
        _ = ds.Nett
