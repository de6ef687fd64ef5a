"""NetClassifier and NetRegressor: what they add to scikit-learn's MLP, and how they stand on Net."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import deepseek as ds
from deepseek.sklearn import NetClassifier, NetRegressor
from programs.estimators import bits, digits

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_the_net_of_these_parameters(dtype: Any) -> None:
    X, _, y, _ = digits(dtype=dtype)
    ours = NetClassifier(
        hidden_layer_sizes=(20, 12), activation=["relu", "logistic"], alpha=0.01, max_iter=4, random_state=3
    ).fit(X, y)
    net = ds.Net(
        [64, 20, 12, 10],
        activation=["relu", "sigmoid"],
        loss="cross_entropy",
        optimizer=ds.Adam(1e-3, l2=0.01 / 200),
        initialization="glorot_uniform",
        dtype=dtype,
        seed=int(np.random.RandomState(3).randint(np.iinfo(np.int32).max)),
    )
    net.fit(X, np.unique(y, return_inverse=True)[1], epochs=4, batch_size=200)
    state = net.state_dict()
    for i in range(3):
        assert ours.coefs_[i].tobytes() == state[f"{i}.weight"].T.tobytes()
        assert ours.intercepts_[i].tobytes() == state[f"{i}.bias"].tobytes()
    assert ours.predict_proba(X).tobytes() == net.predict(X).tobytes()


def test_labels_of_any_kind_come_back() -> None:
    X, X_test, y, y_test = digits()
    found = NetClassifier(random_state=0, max_iter=60).fit(X, y)
    assert set(found.classes_) == {f"d{k}" for k in range(10)}
    assert found.score(X_test, y_test) > 0.9
    assert found.predict_proba(X_test).sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "more",
    [
        {"dropout": 0.2, "input_dropout": 0.1},
        {"normalization": "batch", "dropout": [0.1, 0.0], "hidden_layer_sizes": (32, 16)},
        {"normalization": "layer", "activation": ["gelu", "mish"], "hidden_layer_sizes": (32, 16)},
        {"loss": "focal"},
        {"loss": ds.Focal(gamma=1.0)},
        {"label_smoothing": 0.1},
        {"class_weight": "balanced"},
        {"learning_rate": ds.Cosine(warmup=0.1), "learning_rate_init": 0.01},
        {"solver": ds.AdamW(2e-3), "clip_norm": None},
        {"solver": "sgd", "learning_rate_init": 0.1, "clip_norm": 1.0},
        {"hidden_layer_sizes": ()},
        {"solver": "lbfgs", "normalization": "layer"},
    ],
)
def test_what_users_of_the_mlp_ask_for(more: dict[str, Any]) -> None:
    X, X_test, y, y_test = digits()
    found = NetClassifier(**{"random_state": 0, "max_iter": 80, "learning_rate_init": 3e-3, **more}).fit(X, y)
    assert found.score(X_test, y_test) > 0.85
    again = pickle.loads(pickle.dumps(found))
    assert again.predict_proba(X_test).tobytes() == found.predict_proba(X_test).tobytes()


@pytest.mark.parametrize(
    ("loss", "measure"),
    [
        ("absolute_error", lambda y, p: np.abs(y - p).mean() < 60),
        ("huber", lambda y, p: np.abs(y - p).mean() < 60),
        (ds.Huber(5.0), lambda y, p: np.abs(y - p).mean() < 60),
        ("poisson", lambda y, p: (p > 0).all() and np.abs(y - p).mean() < 60),
        (ds.Quantile(0.9), lambda y, p: 0.8 < (y <= p).mean() < 0.98),
    ],
)
def test_losses_of_a_regression(loss: Any, measure: Any) -> None:
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    found = NetRegressor(loss, (32,), learning_rate_init=0.01, random_state=0, max_iter=300, tol=0).fit(X, y)
    assert measure(y, found.predict(X))


def test_a_quantile_beats_the_mean_at_its_own_loss() -> None:
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    made = {"hidden_layer_sizes": (16,), "learning_rate_init": 0.01, "random_state": 0, "max_iter": 300}
    high, mean = (NetRegressor(loss, **made).fit(X, y) for loss in (ds.Quantile(0.9), "squared_error"))
    assert mean_pinball_loss(y, high.predict(X), alpha=0.9) < mean_pinball_loss(y, mean.predict(X), alpha=0.9)


def test_class_weights_are_sample_weights() -> None:
    X, _, y, _ = digits(200)
    weighted = NetClassifier(class_weight={"d3": 5.0}, max_iter=3, random_state=0).fit(X, y)
    by_hand = NetClassifier(max_iter=3, random_state=0).fit(X, y, np.where(y == "d3", 5.0, 1.0))
    assert bits(weighted) == bits(by_hand)


def test_bits_do_not_depend_on_threads() -> None:
    X, _, y, _ = digits(500, np.float32)
    made = {"hidden_layer_sizes": (256, 128), "max_iter": 3, "random_state": 0}
    assert bits(NetClassifier(threads=1, **made).fit(X, y)) == bits(
        NetClassifier(threads=2, **made).fit(X, y)
    )


def test_weights_are_plain_arrays_that_may_be_replaced() -> None:
    X, X_test, y, _ = digits(300)
    found = NetClassifier(max_iter=5, random_state=0).fit(X, y)
    before = found.predict_proba(X_test)
    with pytest.raises(ValueError, match="read-only"):
        found.coefs_[0][:] = 0.0
    kept = found.coefs_[-1]
    found.coefs_[-1] = np.zeros_like(kept)
    assert np.ptp(found.predict_proba(X_test), axis=0).max() == 0.0
    found.coefs_[-1] = kept
    assert found.predict_proba(X_test).tobytes() == before.tobytes()


def test_what_is_pickled_is_plain() -> None:
    X, _, y, _ = digits(200)
    found = NetClassifier(max_iter=2, random_state=0).fit(X, y)
    assert b"deepseek.sklearn\x94" in pickle.dumps(found)
    state = found.__getstate__()
    modules = {type(value).__module__ for value in state.values()}
    assert modules <= {"builtins", "numpy"}


def test_pipeline_grid_search_and_processes() -> None:
    X, X_test, y, y_test = digits(400)
    pipeline = make_pipeline(StandardScaler(), NetClassifier(max_iter=80, random_state=0))
    grid = GridSearchCV(pipeline, {"netclassifier__hidden_layer_sizes": [(8,), (32,)]}, n_jobs=2, cv=2)
    assert grid.fit(X, y).score(X_test, y_test) > 0.8
    again = cross_val_score(clone(grid.best_estimator_), X, y, cv=2)
    assert again.mean() == grid.best_score_


def test_lbfgs_sees_the_gradient() -> None:
    from deepseek.sklearn._lbfgs import GRADIENT_PROBE, Objective

    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(9, 4)), rng.normal(size=(9, 3)), rng.random(9)
    made = NetRegressor(hidden_layer_sizes=(5,), activation="tanh")
    made.n_outputs_ = 3
    config = made._model_config(X, "float64", GRADIENT_PROBE, 1)
    rows = made._rows(config, X, y, w)
    objective = Objective(made._create_model(config, None, None), (*rows.arrays, None, None, None), 9, 3, 0.3)
    at = objective.flatten(objective.model.state_dict()) + 0.1
    loss, slope = objective(at)
    assert np.isfinite(loss)
    for i, unit in enumerate(np.eye(len(at))):
        numeric = (objective(at + 1e-6 * unit)[0] - objective(at - 1e-6 * unit)[0]) / 2e-6
        assert slope[i] == pytest.approx(numeric, rel=1e-6, abs=1e-8)


def test_lbfgs_says_when_it_has_not_converged() -> None:
    X, y = load_diabetes(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        found = NetRegressor(solver="lbfgs", max_fun=10, tol=0, random_state=0).fit(X, y)
    assert found.n_iter_ <= 10
    with pytest.raises(
        ValueError,
        match=r"dropout: got 0\.5 with solver='lbfgs', .*; expected 0, or",
    ):
        NetRegressor(solver="lbfgs", dropout=0.5).fit(X, y)
    with pytest.raises(
        ValueError, match="X_val: got data with solver='lbfgs', which has no epochs; expected None"
    ):
        NetRegressor(solver="lbfgs").fit(X, y, X_val=X, y_val=y)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"solver": "newton"}, "solver: got .*; expected one of adam, sgd, lbfgs"),
        (
            {"learning_rate": "cosine"},
            "learning_rate: got .*; expected one of constant, invscaling, adaptive",
        ),
        ({"learning_rate_init": 0.0}, "learning_rate_init: got .*; expected .*above 0"),
        ({"max_iter": 0}, "max_iter: got .*; expected .*at least 1"),
        ({"batch_size": 0}, "batch_size: got .*; expected .*at least 1"),
        ({"alpha": -1.0}, "alpha: got .*; expected .*at least 0"),
        ({"momentum": 1.0, "solver": "sgd"}, "momentum: got .*; expected .*below 1"),
        ({"validation_fraction": 1.0}, "validation_fraction: got .*; expected .*below 1"),
        ({"hidden_layer_sizes": (10, 0)}, "hidden_layer_sizes: got .*; expected .*at least 1"),
        ({"activation": "step"}, "activation: got .*; expected one of"),
        ({"dropout": 1.0}, "dropout: got .*; expected .*below 1"),
        ({"loss": "hinge"}, "loss: got .*; expected one of log_loss, focal"),
        (
            {"loss": "focal", "label_smoothing": 0.1},
            r"label_smoothing: got 0\.1 with loss='focal'; expected 0,",
        ),
        ({"scoring": "beauty", "early_stopping": True, "validation_fraction": 0.3}, "beauty"),
    ],
)
def test_bad_parameters_are_named_and_nothing_is_fitted(wrong: dict[str, Any], said: str) -> None:
    X, X_test, y, _ = digits(100)
    bad = NetClassifier(**wrong)
    with pytest.raises(ValueError, match=said):
        bad.fit(X, y)
    with pytest.raises(NotFittedError):
        bad.predict(X_test)
    good = NetClassifier(max_iter=2, random_state=0).fit(X, y)
    before = bits(good)
    with pytest.raises(ValueError, match=said):
        good.set_params(**wrong).fit(X, y)
    assert bits(good) == before


def test_an_optimizer_of_ones_own_is_all_there_is() -> None:
    """No penalty is trained that it does not name, none is reported, and its learning rate is its own."""
    X, _, y, _ = digits(200)
    made = {"solver": ds.Adam(0.005), "max_iter": 3, "random_state": 0}
    weak, strong = NetClassifier(alpha=0.0, **made).fit(X, y), NetClassifier(alpha=100.0, **made).fit(X, y)
    assert bits(weak) == bits(strong) and weak.loss_curve_ == strong.loss_curve_
    assert weak.learning_rate_ == 0.005


def test_sample_weights_are_checked() -> None:
    X, _, y, _ = digits(100)
    for weights, said in ((np.zeros(len(y)), "at least one non-zero"), (-np.ones(len(y)), "Negative")):
        with pytest.raises(ValueError, match=said):
            NetClassifier().fit(X, y, weights)
    with pytest.raises(ValueError, match="at least one non-zero"):
        NetClassifier(class_weight=dict.fromkeys(np.unique(y), 0.0)).fit(X, y)
    with pytest.raises(ValueError, match="y_val: got None; expected both X_val and y_val, or neither"):
        NetClassifier().fit(X, y, X_val=X)
