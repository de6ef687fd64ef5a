"""Fitting: what an epoch is, what weights do, what is refused, and that a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import models


def test_fit_goes_on_where_the_last_one_stopped() -> None:
    X, y = models.data()
    once, twice = models.net(dropout=0.1), models.net(dropout=0.1)
    whole = once.fit(X, y, epochs=5)
    parts = [twice.fit(X, y, epochs=2), twice.fit(X, y, epochs=3)]
    assert models.weights(once) == models.weights(twice)
    assert whole["loss"] == parts[0]["loss"] + parts[1]["loss"] == twice.history["loss"]
    assert parts[1]["epoch"] == [3, 4, 5]
    assert whole["loss"][-1] < whole["loss"][0]


def test_callbacks_and_progress_do_not_change_a_bit() -> None:
    X, y = models.data()
    plain, watched = models.net(dropout=0.1), models.net(dropout=0.1)
    plain.fit(X, y, epochs=4)
    watched.fit(X, y, epochs=4, callbacks=[ds.LambdaCallback(on_epoch_end=lambda epoch, logs: None)])
    assert models.bits(plain) == models.bits(watched)


def test_batch_size_up_to_all_rows() -> None:
    X, y = models.data(50)
    hashes = set()
    for size in (50, 51, 10**6, None):
        net = models.net()
        net.fit(X, y, epochs=2, batch_size=size)
        hashes.add(models.weights(net))
    assert len(hashes) == 1
    net = models.net()
    net.fit(X, y, epochs=2, batch_size=7)
    assert models.weights(net) not in hashes


def test_without_shuffling_the_rows_come_in_order() -> None:
    X, y = models.data(64)
    whole, parts = models.net(), models.net()
    whole.fit(X, y, epochs=1, batch_size=16, shuffle=False)
    for i in range(0, 64, 16):
        parts.partial_fit(X[i : i + 16], y[i : i + 16])
    assert models.weights(whole) == models.weights(parts)


def test_partial_fit_is_one_step_that_keeps_the_optimizer() -> None:
    X, y = models.data(48)
    net = ds.Net([6, 3], loss="cross_entropy", optimizer=ds.SGD(0.1, momentum=0.5), dtype="float64")
    before, loss = net.state_dict()["0.weight"], net.evaluate(X, y)["loss"]
    assert net.partial_fit(X, y) == pytest.approx(loss, rel=1e-12)
    first = net.state_dict()["0.weight"] - before
    p = ds.Net([6, 3], loss="cross_entropy", dtype="float64").predict(X)
    gradient = (p - np.eye(3)[y]).T @ X / 48
    np.testing.assert_allclose(first, -0.1 * gradient, rtol=1e-9)
    middle, p = net.state_dict()["0.weight"], net.predict(X)
    net.partial_fit(X, y)
    second = net.state_dict()["0.weight"] - middle
    gradient = (p - np.eye(3)[y]).T @ X / 48
    np.testing.assert_allclose(second, 0.5 * first - 0.1 * gradient, rtol=1e-9)
    assert net.history == {}
    passes, fitted = models.net(), models.net()
    passes.partial_fit(X, y, batch_size=16)
    fitted.fit(X, y, epochs=1, batch_size=16, shuffle=False)
    assert models.weights(passes) == models.weights(fitted)


def test_a_weight_is_a_repetition() -> None:
    """In double, and in full batches, two copies of a row are a row of weight two."""
    X, y = models.data(30)
    counts = np.arange(30) % 3
    weighted = models.net(dtype="float64")
    repeated = models.net(dtype="float64")
    weighted.fit(X, y, epochs=3, batch_size=None, sample_weight=counts)
    repeated.fit(np.repeat(X, counts, axis=0), np.repeat(y, counts), epochs=3, batch_size=None)
    for name, array in weighted.state_dict().items():
        np.testing.assert_allclose(array, repeated.state_dict()[name], rtol=1e-7, atol=1e-10)
    assert weighted.history["loss"] == pytest.approx(repeated.history["loss"], rel=1e-9)


@pytest.mark.parametrize(
    "class_weight", [{0: 2.0, 2: 0.5}, [2.0, 1.0, 0.5], np.array([2.0, 1.0, 0.5], np.float32)]
)
def test_class_weights_are_sample_weights(class_weight: Any) -> None:
    X, y = models.data()
    own = np.linspace(0.5, 1.5, len(y))
    by_class, by_row = models.net(), models.net()
    by_class.fit(X, y, epochs=2, class_weight=class_weight, sample_weight=own.astype(np.float32))
    rows = np.array([2.0, 1.0, 0.5])[y] * own.astype(np.float32).astype(np.float64)
    by_row.fit(X, y, epochs=2, sample_weight=rows)
    assert models.weights(by_class) == models.weights(by_row)


def test_balanced_class_weights() -> None:
    X, y = models.data(60)
    y = np.where(y == 2, 0, y)  # class 2 is absent
    counts = np.bincount(y)
    balanced, by_hand = models.net(), models.net()
    balanced.fit(X, y, epochs=2, class_weight="balanced")
    by_hand.fit(X, y, epochs=2, class_weight={k: 60 / (2 * counts[k]) for k in (0, 1)})
    assert models.weights(balanced) == models.weights(by_hand)


def test_class_weights_of_yes_and_no() -> None:
    X, y = models.data(60)
    yes = (y == 1).astype(float)
    by_class, by_row = (ds.Net([6, 1], loss="binary_cross_entropy") for _ in range(2))
    by_class.fit(X, yes, epochs=2, class_weight={1: 3.0})
    by_row.fit(X, yes, epochs=2, sample_weight=1 + 2 * yes)
    assert models.weights(by_class) == models.weights(by_row)


@pytest.mark.parametrize(
    ("class_weight", "error", "said"),
    [
        (
            "balance",
            ValueError,
            "class_weight: got 'balance'; expected a mapping, a list, .balanced. or None",
        ),
        ({3: 1.0}, ValueError, "class_weight's class: got 3; expected .*at most 2"),
        ({"0": 1.0}, TypeError, "class_weight's class: got .*; expected an integer"),
        ({0: -1.0}, ValueError, r"class_weight\[0\]: got .*; expected .*at least 0"),
        ([1.0, 2.0], ValueError, r"class_weight: got shape \(2,\); expected \(3,\), one weight per class"),
        ([1.0, 2.0, float("nan")], ValueError, r"class_weight\[2\]: got .*; expected a finite number"),
        (
            {0: 0, 1: 0, 2: 0},
            ValueError,
            "class_weight times sample_weight: got only zeros; expected at least one weight above 0",
        ),
    ],
)
def test_wrong_class_weights(class_weight: Any, error: type[Exception], said: str) -> None:
    X, y = models.data()
    with pytest.raises(error, match=said):
        models.net().fit(X, y, class_weight=class_weight)


def test_class_weights_need_classes() -> None:
    X, y = models.data()
    with pytest.raises(
        ValueError,
        match="class_weight: got targets that name no single class per row; expected class indices, or one",
    ):
        models.net().fit(X, np.eye(3)[y], class_weight="balanced")
    with pytest.raises(
        ValueError,
        match="class_weight: got targets that name no single class per row; expected class indices, or one",
    ):
        ds.Net([6, 1]).fit(X, y, class_weight={0: 2.0})


def test_validation_data_is_evaluated_after_each_epoch() -> None:
    X, y = models.data()
    Xv, yv = models.data(40, seed=8)
    weights = np.linspace(0, 1, 40)
    net, plain = models.net(), models.net()
    seen: list[float] = []
    history = net.fit(
        X,
        y,
        epochs=3,
        validation_data=(Xv, yv, weights),
        callbacks=ds.LambdaCallback(
            on_epoch_end=lambda epoch, logs: seen.append(net.evaluate(Xv, yv, sample_weight=weights)["loss"])
        ),
    )
    assert history["val_loss"] == seen
    plain.fit(X, y, epochs=3)
    assert models.weights(plain) == models.weights(net)
    assert "val_loss" not in plain.history


def test_validation_fraction_is_taken_out_of_the_training() -> None:
    X, y = models.data(50)
    X[:, 0] = np.arange(50)
    weights = np.ones(50)
    net = models.net()
    history = net.fit(X, y, epochs=2, validation_fraction=0.2, sample_weight=weights, batch_size=None)
    assert len(history["val_loss"]) == 2
    order = ds.datasets.fixed_order(50, net.seed)
    held, rest = np.sort(order[:10]), np.sort(order[10:])
    same = models.net()
    expected = same.fit(X[rest], y[rest], epochs=2, validation_data=(X[held], y[held]), batch_size=None)
    assert expected["val_loss"] == pytest.approx(history["val_loss"], rel=1e-6)
    unweighted = models.net()
    unweighted.fit(X, y, epochs=2, validation_fraction=0.2, batch_size=None)
    assert models.weights(unweighted) == models.weights(same)
    tiny = models.net().fit(X[:2], y[:2], epochs=1, validation_fraction=0.01)
    assert tiny["val_loss"][0] >= 0


def test_early_stopping_restores_the_best_weights() -> None:
    X, y = models.data(60)
    rng = np.random.default_rng(0)
    held = rng.normal(size=(30, 6)), rng.integers(0, 3, 30)  # noise: learning the rest makes it worse
    net = models.net(optimizer=ds.Adam(0.03))
    history = net.fit(X, y, epochs=200, validation_data=held, early_stopping=ds.EarlyStopping(patience=4))
    best = int(np.argmin(history["val_loss"]))
    assert history.stopped_early
    assert history.outcome == "stopped early"
    assert history.epochs == best + 1 + 4
    assert history.best_epoch == best + 1
    assert net.evaluate(*held)["loss"] == history["val_loss"][best]
    last = models.net(optimizer=ds.Adam(0.03))
    keep = ds.EarlyStopping(patience=4, restore_best=False)
    assert last.fit(X, y, epochs=200, validation_data=held, early_stopping=keep)["loss"] == history["loss"]
    assert last.evaluate(*held)["loss"] == history["val_loss"][-1]


def test_early_stopping_on_the_training_loss() -> None:
    X, y = models.data(60)
    net = models.net(optimizer=ds.SGD(1e-9))
    stopping = ds.EarlyStopping(patience=2, min_delta=1.0)
    assert net.fit(X, y, epochs=50, early_stopping=stopping).epochs == 3
    with pytest.raises(
        ValueError,
        match="early_stopping: got monitor='val_loss' without validation data; expected validation_data or",
    ):
        net.fit(X, y, early_stopping=ds.EarlyStopping(monitor="val_loss"))


def test_a_fit_that_ends_by_itself_restores_the_best_weights_too() -> None:
    X, y = models.data(60)
    rng = np.random.default_rng(0)
    held = rng.normal(size=(30, 6)), rng.integers(0, 3, 30)
    net = models.net(optimizer=ds.Adam(0.03))
    history = net.fit(X, y, epochs=12, validation_data=held, early_stopping=ds.EarlyStopping(patience=100))
    assert history.outcome == "finished"
    assert history.best_epoch is not None
    assert history.best_epoch < 12
    assert net.evaluate(*held)["loss"] == min(history["val_loss"])


def test_divergence_keeps_the_last_finite_weights() -> None:
    X, _ = models.data()
    values = X @ np.arange(6.0)
    net = ds.Net([6, 16, 1], optimizer=ds.SGD(1e6))
    with pytest.raises(ds.DivergenceError, match="training diverged in epoch 1 after") as caught:
        net.fit(X, values, epochs=20)
    error = caught.value
    assert isinstance(error, ArithmeticError)
    assert error.epoch == 1
    assert error.history.outcome == "diverged"
    assert all(np.isfinite(array).all() for array in net.state_dict().values())
    net.predict(X)
    with pytest.raises(ds.DivergenceError):
        net.partial_fit(X, values * 1e30)
    assert models.weights(net.reset()) == models.weights(ds.Net([6, 16, 1]))


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"epochs": 0}, ValueError, "epochs: got 0; expected .*at least 1"),
    ({"epochs": 2.0}, TypeError, "epochs: got 2.0; expected an integer"),
    ({"epochs": 2**31}, ValueError, r"epochs: got .*; expected .*at most"),
    ({"batch_size": 0}, ValueError, "batch_size: got .*; expected .*at least 1"),
    ({"batch_size": "32"}, TypeError, "batch_size: got .*; expected an integer"),
    ({"shuffle": 1}, TypeError, "shuffle: got .*; expected True or False"),
    ({"validation_fraction": 1.0}, ValueError, "validation_fraction: got .*; expected .*below 1"),
    ({"validation_fraction": -0.1}, ValueError, "validation_fraction: got .*; expected .*at least 0"),
    (
        {"validation_data": np.ones((3, 6))},
        TypeError,
        r"validation_data: got .*; expected a tuple \(X, y\) or \(X, y, sample_weight\)",
    ),
    (
        {"validation_data": (np.ones((3, 6)),)},
        TypeError,
        r"validation_data: got .*; expected a tuple \(X, y\) or \(X, y, sample_weight\)",
    ),
    (
        {"validation_data": (np.ones((3, 5)), [0, 1, 2])},
        ValueError,
        "validation_data's X: got 5 columns; expected 6, one per input of the model",
    ),
    (
        {"validation_data": (np.ones((3, 6)), [0, 1, 3])},
        ValueError,
        r"validation_data's y: got 3 in row 2; expected class indices 0 to 2 \(the model has 3 outputs\)\.",
    ),
    (
        {"validation_data": (np.ones((0, 6)), [])},
        ValueError,
        r"validation_data's X: got no rows, shape \(0, 6\); expected at least one",
    ),
    (
        {"validation_data": (np.ones((3, 6)), [0, 1, 2]), "validation_fraction": 0.2},
        ValueError,
        r"validation_fraction: got 0\.2 and validation_data; expected only one of them",
    ),
    (
        {"sample_weight": np.ones(3)},
        ValueError,
        r"sample_weight: got shape \(3,\); expected \(200,\), one weight per row",
    ),
    (
        {"sample_weight": -np.ones(200)},
        ValueError,
        "sample_weight: got -1 in row 0; expected weights of at least 0",
    ),
    (
        {"sample_weight": np.zeros(200)},
        ValueError,
        "sample_weight: got only zeros; expected at least one weight above 0",
    ),
    (
        {"sample_weight": 1.0},
        ValueError,
        r"sample_weight: got shape \(\); expected \(200,\), one weight per row",
    ),
    ({"early_stopping": 5}, TypeError, r"early_stopping must be EarlyStopping\(...\), True or None"),
    ({"callbacks": [print]}, TypeError, r"callbacks\[0\]: got .*; expected a Callback"),
    ({"callbacks": [ds.ProgressBar]}, TypeError, r"expected a Callback: write ProgressBar\(\)"),
    ({"callbacks": 3}, TypeError, r"callbacks: got .*; expected a list"),
    ({"verbose": 2}, TypeError, "verbose: got .*; expected True or False"),
    ({"checkpoint_interval": 0}, ValueError, "checkpoint_interval: got .*; expected .*at least 1"),
    ({"resume": "yes"}, TypeError, "resume: got .*; expected True or False"),
    ({"resume": True}, ValueError, "resume: got True, but the model has no fit to resume; expected False"),
]


@pytest.mark.parametrize(("arguments", "error", "said"), WRONG)
def test_wrong_arguments_change_nothing(arguments: dict[str, Any], error: type[Exception], said: str) -> None:
    X, y = models.data()
    net = models.net()
    before = models.bits(net)
    with pytest.raises(error, match=said):
        net.fit(X, y, **arguments)
    assert models.bits(net) == before
    assert net.history == {}


def test_a_refused_fit_leaves_a_trained_model_as_it_was() -> None:
    X, y = models.data()
    net = models.net()
    net.fit(X, y, epochs=2)
    before = models.bits(net)
    bad = X.copy()
    bad[7, 3] = np.nan
    for wrong, said in (
        ({"X": bad, "y": y}, "^X: got nan in row 7, column 3; expected finite numbers"),
        ({"X": X, "y": y[:-1]}, "^y: got 199 rows; expected 200"),
        ({"X": X, "y": y + 3}, "^y: got .* in row 0; expected class indices 0 to 2"),
    ):
        for call in (net.fit, net.partial_fit, net.evaluate):
            with pytest.raises(ValueError, match=said):
                call(**wrong)
    assert models.bits(net) == before


def test_a_fit_inside_a_fit_is_refused() -> None:
    X, y = models.data()
    net = models.net()
    for call in (lambda: net.fit(X, y), lambda: net.partial_fit(X, y), net.reset):
        callback = ds.LambdaCallback(on_epoch_end=lambda epoch, logs, call=call: call())
        with pytest.raises(
            RuntimeError,
            match="fit: got a call during a fit of the same model in the same thread; expected none",
        ):
            net.fit(X, y, epochs=2, callbacks=callback)
    net.fit(X, y, epochs=1)
