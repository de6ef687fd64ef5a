"""Weights of rows and classes of a TabularNet: what they change, what they leave, and which are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._tabular.blend import fit_probabilities, fit_values
from deepseek._tabular.scores import class_scores, per_class, value_scores
from deepseek._tabular.state import encode_table
from deepseek._tabular.tables import read_columns, split_target
from deepseek._tabular.weights import split_weights
from programs.tabular import model, table, without

CLASSES, NUMBERS = without(table(), "price"), without(table(), "kind")
COUNTS = np.random.default_rng(0).integers(0, 4, 120)


def take(columns: dict[str, Any], rows: Any) -> dict[str, Any]:
    return {name: list(np.array(list(column), object)[rows]) for name, column in columns.items()}


def encoded(columns: dict[str, Any], target: str, weights: Any = None, **options: Any) -> Any:
    read, found = split_weights(read_columns(columns), weights)
    return encode_table(*split_target(read, target), model(**options)._options, found)


@pytest.mark.parametrize(("data", "target"), [(CLASSES, "kind"), (NUMBERS, "price")])
def test_equal_weights_are_none_and_rows_of_weight_0_are_not_there(data: dict[str, Any], target: str) -> None:
    plain = model(epochs=3).fit(data, target).nets[0].state_dict()
    equal = model(epochs=3).fit(data, target, sample_weight=np.full(120, 0.3)).nets[0].state_dict()
    assert all((equal[name] == plain[name]).all() for name in plain)

    kept = COUNTS > 0
    odd = {name: list(column) for name, column in data.items()}
    for row in np.flatnonzero(~kept):  # cells that would change the reading of every column
        odd |= {name: [*odd[name][:row], "?!", *odd[name][row + 1 :]] for name in ("size", "colour", "fresh")}
    masked = model(epochs=3).fit(odd, target, sample_weight=kept.astype(float))
    shorter = model(epochs=3).fit(take(data, kept), target)
    answers = [found.evaluate(data) for found in (masked, shorter)]
    assert answers[0] == answers[1]
    assert f"rows: {kept.sum()}; {(~kept).sum()} of weight 0 are left out" in masked.summary()


def test_weights_change_every_part_of_the_fit() -> None:
    heavy = np.where(np.array(CLASSES["kind"]) == "good", 20.0, 1.0)
    plain = model().fit(CLASSES, "kind")
    weighted = model().fit(CLASSES, "kind", sample_weight=heavy)
    assert weighted.predict_proba(CLASSES)[:, 1].mean() > plain.predict_proba(CLASSES)[:, 1].mean() + 0.1
    states = weighted._fitted("test"), plain._fitted("test")
    share = heavy[heavy > 1].sum() / heavy.sum()
    assert states[0].shares[1] == pytest.approx(share)
    for part in ("nets", "linear"):
        ours, theirs = (getattr(state, part)[0].state_dict() for state in states)
        assert any((ours[name] != theirs[name]).any() for name in ours)
        # The loss of the rows held out is weighted, and so is the choice of the best epoch.
        assert getattr(states[0], part)[0].history["loss"] != getattr(states[1], part)[0].history["loss"]
    assert states[0].nets[0].history["val_loss"] != states[1].nets[0].history["val_loss"]
    assert states[0].blend != states[1].blend


def test_mean_and_deviation_of_a_number_are_weighted() -> None:
    price = np.asarray(NUMBERS["price"])
    weights = np.where(price > 0, 5.0, 1.0)
    state = model(epochs=2).fit(NUMBERS, "price", sample_weight=weights)._fitted("test")
    mean = np.average(price, weights=weights)
    assert state.mean == pytest.approx(mean)
    assert state.scale == pytest.approx(np.sqrt(np.average((price - mean) ** 2, weights=weights)))
    scores = model(epochs=2).fit(NUMBERS, "price", sample_weight=weights).evaluate(NUMBERS)
    assert scores["trivial"]["mae"] == pytest.approx(np.mean(np.abs(price - mean)))


def test_a_row_of_weight_2_is_about_a_row_twice() -> None:
    train, test = without(table(400, seed=8), "price"), without(table(400, seed=9), "price")
    weights = np.where(np.asarray(train["size"], float) > 50, 3, 1)
    columns = without(train, "id", "same")
    twice = take(columns, np.repeat(np.arange(400), weights))
    by_weight = model(members=4).fit(columns, "kind", sample_weight=weights).predict_proba(test)
    by_copies = model(members=4).fit(twice, "kind").predict_proba(test)
    plain = model(members=4).fit(columns, "kind").predict_proba(test)
    assert np.abs(by_weight - by_copies).mean() < 0.03
    assert np.corrcoef(by_weight[:, 1], by_copies[:, 1])[0, 1] > 0.98
    assert not (by_weight == plain).all()


def test_the_blend_of_weights_is_that_of_copies() -> None:
    rng = np.random.default_rng(1)
    net, linear = rng.dirichlet([1, 1, 1], 200), rng.dirichlet([2, 1, 1], 200)
    weights = rng.integers(1, 5, 200)
    codes = np.where((weights > 2)[:, None], net, linear).argmax(
        axis=1
    )  # which model is right goes with the weight
    many = np.tile(np.arange(200), 20)  # many rows, where the preference for equal weights counts little
    copies = np.repeat(many, weights[many])[:20_000]
    found = fit_probabilities(net[many], linear[many], codes[many], weights[many].astype(float))
    expected = fit_probabilities(net[copies], linear[copies], codes[copies])
    plain = fit_probabilities(net[many], linear[many], codes[many])
    assert (found.net, found.linear) == pytest.approx((expected.net, expected.linear), abs=1e-2)
    assert abs(found.net - plain.net) + abs(found.linear - plain.linear) > 0.05
    truth = rng.normal(size=200)
    a, b = truth + rng.normal(size=200), truth * 0.5
    values = fit_values(a[many], b[many], truth[many], weights[many].astype(float))
    again = fit_values(a[copies], b[copies], truth[copies])
    assert values.linear == pytest.approx(again.linear, abs=2e-3)


def test_scores_of_weights_are_those_of_copies() -> None:
    rng = np.random.default_rng(2)
    probabilities, codes = rng.dirichlet([1, 1, 1], 60).round(1), rng.integers(0, 3, 60)
    weights = rng.integers(1, 4, 60)
    copies = np.repeat(np.arange(60), weights)
    found = class_scores(probabilities, codes, weights.astype(float))
    assert found == pytest.approx(class_scores(probabilities[copies], codes[copies]))
    for ours, theirs in zip(
        per_class(probabilities, codes, weights.astype(float)),
        per_class(probabilities[copies], codes[copies]),
        strict=True,
    ):
        assert {k: v for k, v in ours.items() if k != "rows"} == pytest.approx(
            {k: v for k, v in theirs.items() if k != "rows"}
        )
    truth, predicted = rng.normal(size=(2, 60))
    assert value_scores(predicted, truth, weights.astype(float)) == pytest.approx(
        value_scores(predicted[copies], truth[copies])
    )


def test_evaluate_takes_weights() -> None:
    found = model(epochs=3).fit(CLASSES, "kind")
    copies = take(CLASSES, np.repeat(np.arange(120), COUNTS))
    weighted, expected = found.evaluate(CLASSES, sample_weight=COUNTS), found.evaluate(copies)
    for part in (lambda scores: scores, lambda scores: scores["trivial"], lambda scores: scores["linear"]):
        for name in ("accuracy", "balanced_accuracy", "auc", "log_loss"):
            assert part(weighted)[name] == pytest.approx(part(expected)[name])
    assert weighted["rows"] == np.count_nonzero(COUNTS)
    assert found.evaluate({**CLASSES, "w": COUNTS}, sample_weight="w") == weighted
    with pytest.raises(ValueError, match="sample_weight: got only zeros"):
        found.evaluate(CLASSES, sample_weight=np.zeros(120))
    with pytest.raises(ValueError, match="sample_weight: got 'v'; expected a column of X"):
        found.evaluate(CLASSES, sample_weight="v")


def test_a_column_of_weights_is_no_input(tmp_path: Path) -> None:
    lines = ["size;w;kind"] + [f"{i % 13};{i % 4},5;{'ab'[i % 13 > 5]}" for i in range(60)]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(lines))
    by_name = model(epochs=2).fit(path, "kind", sample_weight="w")
    assert by_name.feature_names == ["size"]
    data = {"size": [i % 13 for i in range(60)], "kind": ["ab"[i % 13 > 5] for i in range(60)]}
    by_array = model(epochs=2).fit(data, "kind", sample_weight=[i % 4 + 0.5 for i in range(60)])
    assert (by_name.predict_proba(data) == by_array.predict_proba(data)).all()
    by_name.save(tmp_path / "m.ds")
    assert ds.load(tmp_path / "m.ds").describe() == by_name.describe()


def test_a_missing_target_drops_its_weight() -> None:
    kind, weights = list(CLASSES["kind"]), COUNTS.astype(float)
    kind[7], kind[9], weights[7], weights[9] = None, None, np.nan, -1.0
    found = model(epochs=2).fit({**CLASSES, "kind": kind}, "kind", sample_weight=weights)
    zeros = int(sum(w == 0 for i, w in enumerate(weights) if i not in (7, 9)))
    assert f"2 without a target and {zeros} of weight 0 are left out" in found.summary()


def test_only_ratios_of_weights_count() -> None:
    weights = np.random.default_rng(3).random(120) + 0.1
    for scale in (2.0**-1000, 2.0**900):
        assert (
            encoded(CLASSES, "kind", weights * scale).weights == encoded(CLASSES, "kind", weights).weights
        ).all()
    tiny = encoded(CLASSES, "kind", np.where(np.arange(120) < 3, 1.0, 5e-324)).weights
    assert tiny.min() > 0 and len(tiny) == 120 and tiny.mean() == pytest.approx(1.0)
    extreme = model(epochs=2).fit(CLASSES, "kind", sample_weight=np.where(np.arange(120) % 9, 5e-324, 1e300))
    assert np.isfinite(extreme.predict_proba(CLASSES)).all()


def test_class_weights() -> None:
    good = np.array(CLASSES["kind"]) == "good"
    balanced = encoded(CLASSES, "kind", class_weight="balanced").weights
    assert balanced[good].sum() == pytest.approx(60) and balanced[~good].sum() == pytest.approx(60)
    both = encoded(CLASSES, "kind", np.where(good, 3.0, 1.0), class_weight="balanced").weights
    assert both == pytest.approx(balanced)
    named = encoded(CLASSES, "kind", class_weight={"good": 4.0})
    assert named.weights[good][0] == pytest.approx(4.0 * named.weights[~good][0])
    assert named.shares == encoded(CLASSES, "kind").shares  # of the rows as they are
    whole = {"x": list(range(40)), "y": [0, 1] * 20}
    for key in (1, 1.0, True, "1", np.int64(1)):
        assert encoded(whole, "y", class_weight={key: 9.0}).weights[:2] == pytest.approx([0.2, 1.8])
    found = model(class_weight={"good": 30.0}).fit(CLASSES, "kind")
    assert found.predict_proba(CLASSES)[:, 1].mean() > good.mean() + 0.1
    by_rows = model().fit(CLASSES, "kind", sample_weight=np.where(good, 30.0, 1.0))
    assert (by_rows.predict_proba(CLASSES) == found.predict_proba(CLASSES)).all()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(119), r"sample_weight: got 119 weights; expected 120, as in X"),
        (np.ones((120, 2)), r"sample_weight: got shape \(120, 2\); expected the name of a column"),
        (3.0, r"sample_weight: got 3\.0; expected the name of a column"),
        ("wieght", r"sample_weight: got 'wieght'; expected a column of X, one of"),
        ("kind", r"sample_weight: got 'kind', which is the target"),
        ("colour", r'sample_weight: got "\w+", "\w+", "\w+"; expected numbers'),
        ("day", r"sample_weight: got .*; expected numbers"),
        ("size", r"sample_weight: got nan in row 3; expected finite"),
        (np.where(np.arange(120) == 5, -1.0, 1.0), r"sample_weight: got -1 in row 5; expected weights of at least 0"),
        (np.where(np.arange(120) == 5, np.inf, 1.0), r"sample_weight: got inf in row 5"),
        (np.zeros(120), r"sample_weight: got only zeros; expected at least one weight above 0"),
        (np.arange(120) == 4, r'column "kind": got the same value'),
    ],
)  # fmt: skip
def test_refused_weights(weights: Any, message: str) -> None:
    unfitted = model()
    with pytest.raises(ValueError, match=message):
        unfitted.fit(CLASSES, "kind", sample_weight=weights)
    assert unfitted._state is None


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ("equal", ValueError, r"class_weight: got 'equal'; expected \"balanced\", a dictionary"),
        ([1.0, 2.0], TypeError, r"class_weight: got \[1\.0, 2\.0\] \(list\); expected"),
        ({"good": 0.0}, ValueError, r"class_weight\['good'\]: got 0; expected a number above 0"),
        ({"good": np.inf}, ValueError, r"class_weight\['good'\]: got inf; expected a finite number"),
        ({"good": "2"}, TypeError, r"class_weight\['good'\]: got '2'; expected a number"),
        ({1: 1.0, "1": 2.0}, ValueError, r"class_weight: got the class '1' twice"),
        ({None: 1.0}, ValueError, r"class_weight: got the class None; expected the label of a class"),
        ({"god": 2.0}, ValueError, r'class_weight: got the class "god"; expected classes of the target "kind": "bad"'),
    ],
)  # fmt: skip
def test_refused_class_weights(weights: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        model(class_weight=weights).fit(CLASSES, "kind")


def test_a_number_has_no_class_weights() -> None:
    with pytest.raises(
        ValueError, match=r"class_weight: got 'balanced' for the number \"price\"; expected None"
    ):
        model(class_weight="balanced").fit(NUMBERS, "price")
