"""RecClassifier and RecRegressor: sequences as people have them, through scikit-learn's interface."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.model_selection import GridSearchCV, cross_val_score

import deepseek as ds
from deepseek.datasets import load_japanese_vowels
from deepseek.sklearn import RecClassifier, RecRegressor

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]


def vowels(count: int = 270) -> tuple[list[Any], Any]:
    data = load_japanese_vowels()
    return [np.asarray(x, np.float32) for x in data.data[:count]], np.array(
        [f"s{k}" for k in data.target[:count]]
    )


def bits(estimator: Any) -> bytes:
    return b"".join(array.tobytes() for array in estimator.weights_.values())


def waves(count: int = 120, steps: int = 20) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    start = rng.uniform(0, 6, count)
    t = np.arange(steps + 1)
    x = np.sin(start[:, None] + 0.4 * t)
    return x[:, :-1], x[:, -1]


def test_it_is_the_rec_of_these_parameters() -> None:
    X, y = vowels()
    ours = RecClassifier(16, "lstm", alpha=0.0, max_iter=2, random_state=5, head=(8,)).fit(X, y)
    rec = ds.Rec(
        input_size=12,
        hidden=16,
        cell="lstm",
        head=(8,),
        output_size=9,
        loss="cross_entropy",
        seed=int(np.random.RandomState(5).randint(np.iinfo(np.int32).max)),
    )
    rec.fit(X, np.unique(y, return_inverse=True)[1], epochs=2)
    assert bits(ours) == b"".join(array.tobytes() for array in rec.state_dict().values())
    assert ours.predict_proba(X).tobytes() == rec.predict(X).tobytes()


def test_speakers_are_recognised_from_unequal_sequences() -> None:
    X, y = vowels(640)
    found = RecClassifier(learning_rate_init=3e-3, dropout=0.1, max_iter=30, random_state=0).fit(
        X[:270], y[:270]
    )
    assert found.score(X[270:], y[270:]) > 0.9
    again = pickle.loads(pickle.dumps(found))
    assert again.predict_proba(X[270:]).tobytes() == found.predict_proba(X[270:]).tobytes()
    one = found.predict_proba(X[300:301])
    assert one.tobytes() == found.predict_proba(X[270:])[30:31].tobytes()


@pytest.mark.parametrize("output", ["last", "mean", "max"])
def test_forms_of_the_same_series_have_the_same_bits(output: str) -> None:
    X, y = waves()
    made = {"hidden": 8, "output": output, "max_iter": 3, "random_state": 0}
    forms = [X, X[:, :, None], list(X[:, :, None])]
    found = {bits(RecRegressor(**made).fit(form, y)) for form in forms}
    assert len(found) == 1
    fitted = RecRegressor(**made).fit(X, y)
    assert len({fitted.predict(form).tobytes() for form in forms}) == 1


def test_series_are_continued() -> None:
    X, y = waves()
    found = RecRegressor(hidden=16, learning_rate_init=0.01, max_iter=150, random_state=0).fit(X, y)
    assert found.score(*waves(40)) > 0.98


def test_series_of_unequal_lengths_and_several_values() -> None:
    X, y = waves()
    uneven = [x[: 5 + i % 15] for i, x in enumerate(X)]
    Y = np.column_stack([y, -y])
    found = RecRegressor(hidden=8, max_iter=2, random_state=0).fit(uneven, Y)
    assert found.predict(uneven[:7]).shape == (7, 2)
    with pytest.raises(
        ValueError,
        match="X has 3 features per step, but RecRegressor is expecting 1 features",
    ):
        found.predict(np.zeros((2, 5, 3)))


def test_tokens() -> None:
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 5, n) for n in rng.integers(3, 12, 200)]
    y = np.array(["has" if (x == 2).any() else "lacks" for x in X])
    found = RecClassifier(
        16, vocabulary=5, output="max", learning_rate_init=0.02, max_iter=60, random_state=0
    )
    assert found.fit(X, y).score(X, y) > 0.95
    assert RecClassifier(4, vocabulary=5, max_iter=1).fit(np.stack([x[:3] for x in X]), y).n_features_in_ == 3


def test_early_stopping_and_search_over_lists() -> None:
    X, y = vowels()
    found = RecClassifier(
        16, learning_rate_init=0.01, early_stopping=True, scoring="f1_macro", max_iter=40, n_iter_no_change=3
    )
    found.set_params(random_state=0).fit(X, y)
    assert found.best_validation_score_ == max(found.validation_scores_)
    grid = GridSearchCV(RecClassifier(8, max_iter=3, random_state=0), {"cell": ["gru", "rnn"]}, cv=2)
    assert set(grid.fit(X, y).best_params_) == {"cell"}
    assert len(cross_val_score(RecClassifier(8, max_iter=2), X, y, cv=2)) == 2


def test_partial_fit_is_fit() -> None:
    X, y = vowels(90)
    whole = RecClassifier(8, max_iter=3, tol=0, random_state=0).fit(X, y)
    parts = RecClassifier(8, tol=0, random_state=0)
    for i in range(3):
        parts.partial_fit(X, y, classes=np.unique(y) if i == 0 else None)
    assert bits(parts) == bits(whole)


@pytest.mark.parametrize("what", ["cell", "output"])
def test_bad_parameters_are_named(what: str) -> None:
    X, y = waves(10)
    with pytest.raises(ValueError, match=rf"{what}: got .*; expected one of"):
        RecRegressor(**{what: "none such"}).fit(X, y)


def test_bad_sequences_are_named() -> None:
    X, y = vowels(20)
    found = RecClassifier(4, max_iter=1, random_state=0)
    with pytest.raises(ValueError, match=r"X\[3\]: got shape \(20, 5\); expected \(steps, 12\), as of"):
        found.fit([*X[:3], X[3][:, :5], *X[4:]], y)
    broken = [*X]
    broken[2] = broken[2].copy()
    broken[2][1, 4] = np.nan
    with pytest.raises(ValueError, match="nan in sequence 2, step 1, feature 4"):
        found.fit(broken, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        found.fit(X, y[:-1])
    with pytest.raises(ValueError, match="requires y to be passed"):
        found.fit(X, None)
    with pytest.raises(
        ValueError,
        match=r"recurrent_dropout: got 0\.2 with solver='lbfgs', .*; expected 0",
    ):
        RecClassifier(solver="lbfgs", recurrent_dropout=0.2).fit(X, y)
