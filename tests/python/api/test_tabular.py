"""TabularNet: what it learns from a messy table, what it answers, and what it refuses."""

from __future__ import annotations

import copy
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs.tabular import model, table, without

TRAIN, TEST = without(table(), "price"), without(table(60, seed=4), "price")


@pytest.fixture(scope="module")
def classifier() -> ds.TabularNet:
    return model().fit(TRAIN, "kind")


@pytest.fixture(scope="module")
def regressor() -> ds.TabularNet:
    return model(epochs=60, members=5).fit(without(table(300), "kind"), "price")


def test_classes(classifier: ds.TabularNet) -> None:
    assert classifier.classes is not None and classifier.classes.tolist() == ["bad", "good"]
    assert classifier.task == "classification" and classifier.target == "kind"
    probabilities = classifier.predict_proba(TEST)
    assert probabilities.shape == (60, 2) and probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-12)
    predicted = classifier.predict(TEST)
    assert (predicted == np.array(["bad", "good"])[probabilities.argmax(axis=1)]).all()
    found = classifier.evaluate(TEST)
    assert found["accuracy"] == np.mean(predicted == TEST["kind"]) and found["accuracy"] > 0.8
    assert found["trivial"]["accuracy"] < 0.7 < found["linear"]["accuracy"]
    assert found["rows"] == 60 and found["trivial"]["auc"] == 0.5
    assert found["per_class"]["good"]["recall"] == np.mean(predicted[TEST["kind"] == "good"] == "good")
    assert classifier.evaluate(without(TEST, "kind"), TEST["kind"]) == found


def test_numbers(regressor: ds.TabularNet) -> None:
    test = without(table(100, seed=5), "kind")
    predicted = regressor.predict(test)
    assert regressor.classes is None and predicted.shape == (100,) and predicted.dtype == np.float64
    found = regressor.evaluate(test)
    errors = predicted - test["price"]
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert found["mae"] == pytest.approx(np.mean(np.abs(errors)))
    assert found["r2"] > 0.8 and found["linear"]["r2"] > 0.8
    mean = float(np.mean(table(300)["price"]))
    assert found["trivial"]["mae"] == pytest.approx(np.mean(np.abs(mean - test["price"])))


def test_quantiles(regressor: ds.TabularNet) -> None:
    test = without(table(400, seed=6), "kind")
    quantiles = regressor.predict_quantiles(test)
    assert quantiles.shape == (400, 3) and (np.diff(quantiles, axis=1) > 0).all()
    inside = (quantiles[:, 0] <= test["price"]) & (test["price"] <= quantiles[:, 2])
    assert 0.84 < inside.mean() < 0.96
    assert regressor.predict_quantiles(test, [0.5]).shape == (400, 1)
    coverage = regressor.evaluate(test)["coverage"]
    assert list(coverage) == [0.8, 0.9, 0.95]
    assert coverage[0.9]["share"] == inside.mean()
    assert coverage[0.9]["mean_width"] == pytest.approx((quantiles[:, 2] - quantiles[:, 0]).mean())
    weights = np.where(inside, 3.0, 1.0)
    weighted = regressor.evaluate(test, sample_weight=weights)["coverage"][0.9]
    assert weighted["share"] == pytest.approx(weights[inside].sum() / weights.sum())
    assert coverage[0.8]["share"] < coverage[0.95]["share"]
    with pytest.raises(ValueError, match=r"quantiles\[1\]: got 1; expected a number below 1"):
        regressor.predict_quantiles(test, [0.5, 1.0])
    with pytest.raises(TypeError, match=r"quantiles: got 0\.5; expected a list"):
        regressor.predict_quantiles(test, 0.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="predict_proba: got a model of numbers"):
        regressor.predict_proba(test)


def test_readings_are_reported(classifier: ds.TabularNet, capsys: pytest.CaptureFixture[str]) -> None:
    text = classifier.summary()
    assert "target: kind, 2 classes (2 different texts)\nrows: 120\n1 number: size (7 missing)\n" in text
    assert "left out: id (an identifier: every value occurs once)" in text
    assert "left out: same (the same value in every row)" in text
    assert "to change a reading: kinds={'id': 'number'}" in text
    assert "2 members: " in text and "hidden 16 (mish), 2 outputs" in text
    assert classifier.describe() == text.split("\n")
    assert classifier.feature_names == [name for name in TRAIN if name != "kind"]
    model(epochs=1, members=1).fit(TRAIN, "kind", verbose=True)
    printed = capsys.readouterr().err
    assert printed == "".join(line + "\n" for line in classifier.describe()[:-1])
    model(epochs=1, members=1).fit(TRAIN, "kind")
    assert capsys.readouterr() == ("", "")


def test_options_change_the_reading() -> None:
    found = model(epochs=1, members=1, kinds={"id": "number"}, drop=["size"], task="regression").fit(
        without(table(), "kind"), "price"
    )
    text = found.summary()
    assert "1 number: id (as asked)" in text and "left out: size (as asked)" in text
    assert "target: price, number (as asked)" in text


def test_new_categories_and_gaps_are_answered_with_one_warning(classifier: ds.TabularNet) -> None:
    odd = {name: list(column[:3]) for name, column in without(TEST, "kind").items()}
    odd["colour"] = ["violet", "red", None]
    with pytest.warns(UserWarning, match="training saw none") as caught:
        predicted = classifier.predict(odd)
    assert len(predicted) == 3 and len(caught) == 1
    assert caught[0].filename == __file__
    assert '1 row with the new value "violet" in column "colour"' in str(caught[0].message)
    assert '1 row with a missing value in column "colour"' in str(caught[0].message)


def test_importances(classifier: ds.TabularNet, regressor: ds.TabularNet) -> None:
    found = classifier.permutation_importances(TEST)
    assert set(found) == {"size", "colour", "fresh", "day"}
    means = [importance.mean for importance in found.values()]
    assert means == sorted(means, reverse=True) and set(list(found)[:2]) == {"size", "colour"}
    assert found["size"].mean > 0.1 and found["size"].std > 0.0
    again = classifier.permutation_importances(without(TEST, "kind"), TEST["kind"], metric="accuracy", seed=0)
    assert again == found
    test = without(table(60, seed=4), "kind")
    numbers = regressor.permutation_importances(test, repeats=2, metric="rmse")
    base = regressor.evaluate(test)["rmse"]
    order = ds.datasets.fixed_order(60, 0)
    exchanged = {**test, "size": [test["size"][i] for i in order]}
    first = regressor.evaluate(exchanged)["rmse"] - base
    order = ds.datasets.fixed_order(60, 1)
    exchanged = {**test, "size": [test["size"][i] for i in order]}
    second = regressor.evaluate(exchanged)["rmse"] - base
    assert numbers["size"].mean == pytest.approx((first + second) / 2)
    assert numbers["size"].std == pytest.approx(abs(first - second) / 2)
    with pytest.raises(ValueError, match="metric: got 'accuracy'; expected one of r2, rmse, mae"):
        regressor.permutation_importances(test, metric="accuracy")
    with pytest.raises(ValueError, match="repeats: got 0; expected an integer of at least 1"):
        regressor.permutation_importances(test, repeats=0)


def test_importances_of_equal_targets_are_not_defined(
    classifier: ds.TabularNet, regressor: ds.TabularNet
) -> None:
    with pytest.warns(UserWarning, match="the r2 of rows whose targets are all equal is not defined, so"):
        found = regressor.permutation_importances(without(table(60, seed=4), "kind"), np.full(60, 3.0))
    assert all(np.isnan(importance.mean) for importance in found.values())
    with pytest.warns(UserWarning, match="the auc of rows whose targets are all equal is not defined"):
        classifier.permutation_importances(TEST, ["good"] * 60, metric="auc")


def test_rows_do_not_depend_on_each_other(classifier: ds.TabularNet) -> None:
    whole = classifier.predict_proba(TEST)
    for row in (0, 7, 59):
        alone = classifier.predict_proba({name: [column[row]] for name, column in TEST.items()})
        assert alone.tobytes() == whole[row : row + 1].tobytes()


def test_columns_are_found_by_name(classifier: ds.TabularNet) -> None:
    shuffled = dict(reversed(list(TEST.items()))) | {"more": np.zeros(60)}
    assert (classifier.predict_proba(shuffled) == classifier.predict_proba(TEST)).all()
    with pytest.raises(ValueError, match='X: got no column "size", "day"; expected the columns of fit'):
        classifier.predict(without(TEST, "size", "day"))
    rows = [{name: column[i] for name, column in TEST.items()} for i in range(5)]
    assert (classifier.predict_proba(rows) == classifier.predict_proba(TEST)[:5]).all()


def test_plain_arrays() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4))
    y = (X[:, 0] + X[:, 1] > 0).astype(np.int64) + 3
    found = model(epochs=40).fit(X, y)
    assert found.predict(X).dtype == np.int64 and set(found.predict(X)) == {3, 4}
    assert found.evaluate(X, y)["accuracy"] > 0.85
    assert found.feature_names == ["x0", "x1", "x2", "x3"]
    with pytest.raises(ValueError, match="X: got 3 columns; expected 4, one per name"):
        found.predict(X[:, :3])
    inputs = found.transform(X)
    assert inputs.shape == (90, len(found.input_names)) and inputs.dtype == np.float32
    assert found.net is found.nets[0] and found.net.predict(inputs[:, :4]).shape == (90, 2)
    assert [net.layers[0] for net in found.nets] == [4, 4 + 4 * 16]  # periodic, then piecewise-linear
    assert [net.layers for net in found.linear_nets] == [(4, 2)] * 2


def test_a_file_is_read(tmp_path: Path, classifier: ds.TabularNet) -> None:
    path = tmp_path / "cells.csv"
    names = list(TRAIN)
    cells = [["" if TRAIN[name][i] is None else str(TRAIN[name][i]) for name in names] for i in range(120)]
    path.write_text("\n".join(",".join(row) for row in [names, *cells]) + "\n")
    read = model().fit(path, "kind")
    assert (read.predict_proba(str(path)) == classifier.predict_proba(TRAIN)).all()
    assert read.evaluate(path)["accuracy"] > 0.8


def test_missing_targets_are_left_out() -> None:
    target = [None if i < 20 else value for i, value in enumerate(TRAIN["kind"])]
    features = without(TRAIN, "kind")
    some = model().fit(features, target)
    rest = model().fit({name: column[20:] for name, column in features.items()}, target[20:])
    assert (some.predict_proba(TEST) == rest.predict_proba(TEST)).all()
    assert "rows: 100; 20 without a target are left out" in some.summary()
    assert some.evaluate(TRAIN, target)["rows"] == 100
    with pytest.warns(UserWarning, match='got 1 rows of the class "ugly", which training did not see'):
        assert some.evaluate(TRAIN, ["ugly", *target[1:30], *target[30:]])["rows"] == 100


def test_same_bits_with_any_number_of_threads(classifier: ds.TabularNet) -> None:
    again = model(threads=2).fit(TRAIN, "kind")
    assert again.predict_proba(TEST).tobytes() == classifier.predict_proba(TEST).tobytes()
    other = model(seed=1).fit(TRAIN, "kind")
    assert (other.predict_proba(TEST) != classifier.predict_proba(TEST)).any()


def test_files(tmp_path: Path, classifier: ds.TabularNet, regressor: ds.TabularNet) -> None:
    first, second = tmp_path / "a.ds", tmp_path / "b.ds"
    classifier.metadata["source"] = "test"
    classifier.save(first)
    loaded = ds.load(first)
    assert isinstance(loaded, ds.TabularNet) and loaded.metadata == {"source": "test"}
    assert loaded.predict_proba(TEST).tobytes() == classifier.predict_proba(TEST).tobytes()
    assert loaded.summary() == classifier.summary() and repr(loaded) == repr(model().fit(TRAIN, "kind"))
    again = model().fit(TRAIN, "kind")
    again.metadata["source"] = "test"
    again.save(second)
    assert first.read_bytes() == second.read_bytes()  # equal models, equal files
    regressor.save(first)
    loaded = ds.load(first, threads=1)
    test = without(table(30, seed=8), "kind")
    assert loaded.predict_quantiles(test).tobytes() == regressor.predict_quantiles(test).tobytes()
    assert loaded.evaluate(test) == regressor.evaluate(test)


def test_copies(classifier: ds.TabularNet) -> None:
    for twin in (copy.deepcopy(classifier), pickle.loads(pickle.dumps(classifier))):
        assert (twin.predict_proba(TEST) == classifier.predict_proba(TEST)).all()


def test_a_time_limit_trains_less() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(3000, 5))
    found = ds.TabularNet(members=8, time_limit=0.05, threads=1).fit(X, X[:, 0] > 0)
    assert 1 <= len(found.nets) < 8 and found.net.history.epochs < 58


@pytest.mark.parametrize(
    ("X", "y", "error", "said"),
    [
        (TRAIN, "kinds", ValueError, "y: got 'kinds'; expected a column of X, .*; did you mean 'kind'"),
        (TRAIN, None, TypeError, "y: got None; expected the name of a column of X"),
        (TRAIN, 3, ValueError, r"y: got 3; expected the name of a column"),
        (TRAIN, np.zeros((120, 2)), ValueError, r"y: got shape \(120, 2\); expected"),
        (TRAIN, [0, 1], ValueError, "y: got 2 rows; expected 120, as in X"),
        (TRAIN, [1] * 120, ValueError, 'column "y": got the same value "1" in every row'),
        ({"a": [1, 2]}, "a", ValueError, 'X: got only the target "a"'),
        (np.zeros(5), "a", ValueError, r"X: got shape \(5,\); expected 2-D"),
        (np.zeros((5, 0)), "a", ValueError, "X: got 0 columns without rows"),
        ({"a": ["x", "x"], "t": ["u", "u"]}, "t", ValueError, '(?s)column "t": .*columns: got none to learn'),
    ],
)
def test_refused_data(X: Any, y: Any, error: type[Exception], said: str) -> None:
    found = model(epochs=2).fit(TRAIN, "kind")
    before = found.predict_proba(TEST)
    with pytest.raises(error, match=said):
        found.fit(X, y)
    assert (found.predict_proba(TEST) == before).all() and found.classes is not None


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"members": 0}, ValueError, "members: got 0; expected an integer of at least 1"),
        ({"time_limit": 0}, ValueError, "time_limit: got 0; expected a number above 0"),
        ({"task": "regresion"}, ValueError, "task: got 'regresion'; expected .*did you mean 'regression'"),
        ({"kinds": "number"}, TypeError, "kinds: got 'number'; expected a dictionary"),
        ({"kinds": {"a": "numbers"}}, ValueError, r"kinds\['a'\]: got 'numbers'; expected one of number"),
        ({"drop": 3}, TypeError, "drop: got 3; expected a list of column names"),
        ({"hidden": 64}, TypeError, r"hidden: got 64; expected a list of units"),
        ({"activation": "rellu"}, ValueError, "activation: got 'rellu'.*did you mean 'relu'"),
        ({"dropout": 1.0}, ValueError, "dropout: got 1; expected a number below 1"),
        ({"learning_rate": 0.0}, ValueError, "learning_rate: got 0; expected a number above 0"),
        ({"lr": 0.1}, TypeError, "TabularNet: got an unknown argument 'lr'; did you mean 'learning_rate'"),
        ({"threads": 0}, ValueError, "threads: got 0; expected an integer of at least 1"),
        ({"device": "gpu"}, ValueError, "device: got 'gpu'"),
        ({"seed": -1}, ValueError, "seed: got -1; expected an integer of at least 0"),
    ],
)
def test_refused_options(options: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        ds.TabularNet(**options)


def test_before_a_fit() -> None:
    fresh = ds.TabularNet(members=3, hidden=[32])
    assert repr(fresh) == "TabularNet(members=3, hidden=(32,))" and fresh.task == "auto"
    for call in (fresh.predict, fresh.predict_proba, fresh.evaluate, fresh.save, fresh.transform):
        with pytest.raises(ValueError, match="got a model before its fit"):
            call(TEST)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fresh.metadata == {}


def test_unknown_options_of_columns_are_refused_together() -> None:
    with pytest.raises(
        ValueError, match=r'(?s)kinds: got the unknown column "sise".*did you mean "size".*drop: got'
    ):
        model(kinds={"sise": "number"}, drop=["colours"]).fit(TRAIN, "kind")


def test_the_target_among_the_features_is_refused() -> None:
    class Series(list[Any]):
        name = "kind"

    with pytest.raises(
        ValueError, match=r"""X: got the column "kind", which is also the name of y.*fit\(X, 'kind'\)"""
    ):
        model().fit(TRAIN, Series(TRAIN["kind"]))


def test_divergence_leaves_the_model_unchanged() -> None:
    found = model(learning_rate=1e30, epochs=3)
    with pytest.raises(ds.DivergenceError):
        found.fit(TRAIN, "kind")
    with pytest.raises(ValueError, match="got a model before its fit"):
        found.predict(TEST)
