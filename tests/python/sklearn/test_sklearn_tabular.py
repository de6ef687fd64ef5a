"""TabularClassifier and TabularRegressor in scikit-learn: frames, labels, pipelines, searches."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import deepseek as ds
from deepseek.sklearn import TabularClassifier, TabularRegressor
from programs.tabular import table, without

pytestmark = pytest.mark.peers

SMALL: dict[str, Any] = {"members": 2, "hidden": (16,), "epochs": 30, "learning_rate": 0.01, "threads": 1}


def frame(rows: int = 120, seed: int = 3) -> Any:
    return pytest.importorskip("pandas").DataFrame(table(rows, seed))


def test_frames_with_columns_of_any_kind() -> None:
    train, test = frame(), frame(60, 4)
    features = ["size", "colour", "fresh", "day", "id", "same"]
    estimator = TabularClassifier(random_state=0, **SMALL).fit(train[features], train["kind"])
    assert estimator.feature_names_in_.tolist() == features
    assert estimator.classes_.tolist() == ["bad", "good"]
    assert estimator.score(test[features], test["kind"]) > 0.8
    probabilities = estimator.predict_proba(test[features])
    assert (estimator.predict(test[features]) == estimator.classes_[probabilities.argmax(axis=1)]).all()
    assert "target: kind, 2 classes" in estimator.model_.summary()
    assert "left out: id" in estimator.model_.summary()
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.predict(test[features[::-1]])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        again = estimator.predict_proba(test[features].to_numpy(object))
    assert (again == probabilities).all()


def test_the_estimator_is_the_model() -> None:
    train = without(table(), "price", "kind")
    kind, pandas = table()["kind"], pytest.importorskip("pandas")
    estimator = TabularClassifier(random_state=7, **SMALL).fit(pandas.DataFrame(train), kind)
    seed = int(np.random.RandomState(7).randint(np.iinfo(np.int32).max))
    model = ds.TabularNet(seed=seed, **SMALL).fit(train, kind)
    assert (model.predict_proba(train) == estimator.model_.predict_proba(train)).all()


def test_numbers() -> None:
    train, test = frame(300), frame(100, 5)
    features = ["size", "colour", "fresh"]
    estimator = TabularRegressor(random_state=0, **{**SMALL, "epochs": 60})
    estimator.fit(train[features], train["price"])
    assert estimator.score(test[features], test["price"]) > 0.8
    quantiles = estimator.predict_quantiles(test[features], [0.05, 0.95])
    inside = (quantiles[:, 0] <= test["price"]) & (test["price"] <= quantiles[:, 1])
    assert 0.8 < inside.mean() < 0.98


@pytest.mark.parametrize(
    "labels",
    [
        ["10", "9", "100"],
        [" a", "a", "b"],
        ["None", "?", "x"],
        ["1", "1.0", "2"],
        ["1", "2", "-"],
        [2.0, 0.5 + 0.5, 7.0],
        [True, False, True],
    ],
)
def test_labels_come_back_as_they_are(labels: list[Any]) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    true = np.array(labels)[X.argmax(axis=1)]
    estimator = TabularClassifier(random_state=0, **{**SMALL, "epochs": 60}).fit(X, true)
    assert (estimator.classes_ == np.unique(true)).all() and estimator.classes_.dtype == true.dtype
    assert estimator.score(X, true) > 0.85
    expected = np.searchsorted(estimator.classes_, true)
    assert estimator.predict_proba(X)[np.arange(90), expected].mean() > 0.7


def test_pipelines_searches_and_copies() -> None:
    train = frame()
    features, target = train[["size", "colour", "day"]], train["kind"]
    estimator = TabularClassifier(random_state=0, **{**SMALL, "epochs": 10})
    chosen = ColumnTransformer([("kept", "passthrough", ["size", "colour"])])
    chosen.set_output(transform="pandas")
    pipeline = make_pipeline(chosen, estimator).fit(features, target)
    assert pipeline[-1].feature_names_in_.tolist() == ["kept__size", "kept__colour"]
    search = GridSearchCV(estimator, {"hidden": [(4,), (8,)]}, cv=2, scoring="roc_auc").fit(features, target)
    assert search.best_params_["hidden"] in [(4,), (8,)]
    assert cross_val_score(estimator, features, target, cv=2).shape == (2,)
    twin = clone(estimator).fit(features, target)
    copied = pickle.loads(pickle.dumps(twin))
    assert (copied.predict_proba(features) == estimator.fit(features, target).predict_proba(features)).all()


def test_the_options_are_those_of_the_model() -> None:
    model = inspect.signature(ds.TabularNet).parameters
    for kind in (TabularClassifier, TabularRegressor):
        own = dict(inspect.signature(kind).parameters)
        del own["random_state"], own["verbose"]
        others = ("task", "seed", *(["class_weight"] * (kind is TabularRegressor)))
        assert list(own) == [name for name in model if name not in others]
        assert all(own[name].default == model[name].default for name in own)


def test_weights() -> None:
    rng = np.random.default_rng(1)
    X, labels = rng.normal(size=(90, 3)), np.array(["a", "b", "c"])[rng.integers(0, 3, 90)]
    weights = np.where(labels == "c", 0.0, rng.random(90) + 0.5)
    estimator = TabularClassifier(random_state=0, **SMALL).fit(X, labels, sample_weight=weights)
    assert estimator.classes_.tolist() == ["a", "b"]
    kept = labels != "c"
    alone = TabularClassifier(random_state=0, **SMALL).fit(X[kept], labels[kept], weights[kept])
    assert (alone.predict_proba(X) == estimator.predict_proba(X)).all()
    assert estimator.score(X, labels, weights) == np.average(estimator.predict(X) == labels, weights=weights)
    numbers = TabularRegressor(random_state=0, **SMALL).fit(X, X[:, 0], sample_weight=weights)
    assert (
        numbers.predict(X)
        == TabularRegressor(random_state=0, **SMALL).fit(X[kept], X[kept, 0], weights[kept]).predict(X)
    ).all()
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        TabularClassifier(**SMALL).fit(X, labels, -weights)


@pytest.mark.parametrize("labels", [["a", "b"], [" a", "a"]])
def test_class_weights(labels: list[str]) -> None:
    X = np.random.default_rng(2).normal(size=(90, 3))
    true = np.array(labels)[(X[:, 0] > 0).astype(int)]
    estimator = TabularClassifier(random_state=0, class_weight={labels[1]: 50.0}, **SMALL).fit(X, true)
    by_rows = TabularClassifier(random_state=0, **SMALL).fit(X, true, np.where(true == labels[1], 50.0, 1.0))
    assert (estimator.predict_proba(X) == by_rows.predict_proba(X)).all()
    with pytest.raises(ValueError, match="class_weight: got the class"):
        TabularClassifier(class_weight={"x": 2.0}, **SMALL).fit(X, true)


def test_weights_are_routed() -> None:
    sklearn = pytest.importorskip("sklearn")
    X = np.random.default_rng(2).normal(size=(60, 3))
    weights = np.arange(60) + 1.0
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = TabularRegressor(random_state=0, **{**SMALL, "epochs": 3})
        estimator.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        found = GridSearchCV(estimator, {"hidden": [(4,)]}, cv=2).fit(X, X[:, 0], sample_weight=weights)
    best = TabularRegressor(random_state=0, **{**SMALL, "epochs": 3, "hidden": (4,)})
    assert (found.predict(X) == best.fit(X, X[:, 0], weights).predict(X)).all()


def test_refused() -> None:
    X = np.zeros((6, 2))
    with pytest.raises(ValueError, match="y: got 1 class"):
        TabularClassifier().fit(X, [1] * 6)
    with pytest.raises(ValueError, match="members: got 0"):
        TabularClassifier(members=0).fit(X, [0, 1] * 3)
    with pytest.raises(ValueError, match="y contains NaN"):
        TabularRegressor().fit(X, [0, 1, 2, 3, 4, np.nan])


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_label_is_named(missing: Any) -> None:
    labels = np.array(["a", "b"] * 10, object)
    labels[3] = missing
    with pytest.raises(ValueError, match="Input y contains NaN: got a missing label in row 3"):
        TabularClassifier().fit(np.arange(20.0)[:, None], labels)
    with pytest.raises(ValueError, match="y: got 1 class, 'a'; expected"):
        TabularClassifier().fit(np.arange(20.0)[:, None], np.array(["a"] * 20))
