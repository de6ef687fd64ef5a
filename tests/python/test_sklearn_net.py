"""NetClassifier and NetRegressor: what they add to scikit-learn's MLP, and how they stand on Net."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import log_loss, mean_pinball_loss
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import deepseek as ds
from deepseek.sklearn import NetClassifier, NetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def digits(rows: int = 600, dtype: Any = np.float64) -> tuple[Any, Any, Any, Any]:
    X, y = load_digits(return_X_y=True)
    X = (X[:rows] / 16).astype(dtype)
    return tuple(train_test_split(X, np.array([f"d{k}" for k in y[:rows]]), random_state=0))


def bits(estimator: Any) -> bytes:
    return b"".join(np.ascontiguousarray(a).tobytes() for a in (*estimator.coefs_, *estimator.intercepts_))


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


def test_a_validation_set_of_ones_own() -> None:
    X, X_val, y, y_val = digits()
    plain = NetClassifier(max_iter=5, random_state=0).fit(X, y)
    seen = NetClassifier(max_iter=5, random_state=0).fit(X, y, X_val=X_val, y_val=y_val)
    assert bits(plain) == bits(seen)
    assert len(seen.validation_scores_) == 5 == len(seen.loss_curve_)
    assert seen.validation_scores_[-1] == seen.score(X_val, y_val)
    assert plain.validation_scores_ is None and seen.best_loss_ == min(seen.loss_curve_)


@pytest.mark.parametrize("scoring", [None, "loss", "neg_log_loss", "balanced_accuracy"])
def test_early_stopping_keeps_the_best_weights_by_any_scorer(scoring: str | None) -> None:
    X, X_val, y, y_val = digits(400)
    found = NetClassifier(
        learning_rate_init=0.02, early_stopping=True, scoring=scoring, n_iter_no_change=4, random_state=0
    ).fit(X, y, X_val=X_val, y_val=y_val)
    assert found.n_iter_ < found.max_iter and found.best_loss_ is None
    assert found.best_validation_score_ == max(found.validation_scores_)
    loss = log_loss(y_val, found.predict_proba(X_val))
    now = {None: found.score(X_val, y_val), "loss": -loss, "neg_log_loss": -loss}
    if scoring in now:
        assert found.best_validation_score_ == pytest.approx(now[scoring], rel=1e-9)


def test_scorers_see_columns_that_have_names() -> None:
    pandas = pytest.importorskip("pandas")
    X, _, y, _ = digits(300)
    frame = pandas.DataFrame(X, columns=[f"c{i}" for i in range(64)])
    found = NetClassifier(early_stopping=True, scoring="neg_log_loss", max_iter=5, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        found.fit(frame, y)
    assert list(found.feature_names_in_) == list(frame.columns)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_warm_start_goes_on_with_the_solvers_state(solver: str) -> None:
    X, _, y, _ = digits(300)
    made = {"solver": solver, "random_state": 0, "tol": 0, "n_iter_no_change": np.inf, "batch_size": 32}
    once = NetClassifier(max_iter=6, **made).fit(X, y)
    twice = NetClassifier(max_iter=3, warm_start=True, **made).fit(X, y).fit(X, y)
    assert bits(once) == bits(twice) and twice.loss_curve_ == once.loss_curve_ and twice.n_iter_ == 3
    stored = pickle.loads(pickle.dumps(NetClassifier(max_iter=3, warm_start=True, **made).fit(X, y)))
    assert bits(stored.fit(X, y)) == bits(once)
    step = NetClassifier(**made)
    for i in range(6):
        step = copy.deepcopy(step.partial_fit(X, y, classes=np.unique(y) if i == 0 else None))
    assert bits(step) == bits(once)


def test_multilabel_partial_fit() -> None:
    X, Y = make_multilabel_classification(n_samples=200, random_state=0)
    found = NetClassifier(learning_rate_init=0.01, random_state=0)
    for _ in range(200):
        found.partial_fit(X, Y, classes=np.arange(Y.shape[1]))
    assert found.score(X, Y) > 0.9 and found.predict(X).shape == Y.shape
    with pytest.raises(ValueError, match="labels a row as before"):
        found.partial_fit(X, Y[:, :3])


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
    from deepseek.sklearn._lbfgs import ASKING, Objective

    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(9, 4)), rng.normal(size=(9, 3)), rng.random(9)
    made = NetRegressor(hidden_layer_sizes=(5,), activation="tanh")
    made.n_outputs_ = 3
    config = made._model_config(X, "float64", ASKING, 1)
    rows = made._rows(config, X, y, w)
    objective = Objective(made._made(config, None, None), (*rows.arrays, None, None, None), 9, 3, 0.3)
    at = objective.packed(objective.model.state_dict()) + 0.1
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
    with pytest.raises(ValueError, match=r"dropout needs solver='adam' or 'sgd'"):
        NetRegressor(solver="lbfgs", dropout=0.5).fit(X, y)
    with pytest.raises(ValueError, match="X_val needs solver"):
        NetRegressor(solver="lbfgs").fit(X, y, X_val=X, y_val=y)


def test_a_class_with_one_member_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="only 1 member"):
        NetClassifier(early_stopping=True).fit(np.eye(4), ["often", "often", "often", "rare"])


def test_divergence_is_both_errors_and_leaves_finite_weights() -> None:
    X, y = load_diabetes(return_X_y=True)
    found = NetRegressor(solver="sgd", learning_rate_init=1e6, random_state=0)
    with pytest.raises(ds.DivergenceError, match="non-finite"):
        found.fit(X, y)
    assert np.isfinite(found.predict(X)).all()
    with pytest.raises(ValueError, match="large values"):
        found.fit(X, y)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"solver": "newton"}, "solver must be one of adam, sgd, lbfgs"),
        ({"learning_rate": "cosine"}, "learning_rate must be one of constant, invscaling, adaptive"),
        ({"learning_rate_init": 0.0}, "learning_rate_init must be above 0"),
        ({"max_iter": 0}, "max_iter must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"alpha": -1.0}, "alpha must be at least 0"),
        ({"momentum": 1.0, "solver": "sgd"}, "momentum must be below 1"),
        ({"validation_fraction": 1.0}, "validation_fraction must be below 1"),
        ({"hidden_layer_sizes": (10, 0)}, "hidden_layer_sizes must be at least 1"),
        ({"activation": "step"}, "activation must be one of"),
        ({"dropout": 1.0}, "dropout must be below 1"),
        ({"loss": "hinge"}, "loss must be one of log_loss, focal"),
        ({"loss": "focal", "label_smoothing": 0.1}, "label_smoothing goes with loss='log_loss'"),
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


def test_a_changed_shape_is_refused_in_a_warm_start() -> None:
    X, _, y, _ = digits(100)
    found = NetClassifier(max_iter=2, warm_start=True, random_state=0).fit(X, y)
    before = bits(found)
    with pytest.raises(ValueError, match="the fitted weights do not go with these parameters"):
        found.set_params(hidden_layer_sizes=(7,)).fit(X, y)
    assert bits(found) == before


def test_another_solver_begins_anew_from_the_weights_there_are() -> None:
    X, _, y, _ = digits(200)
    found = NetClassifier(max_iter=5, warm_start=True, random_state=0).fit(X, y)
    loss = found.loss_
    found.set_params(solver="sgd", learning_rate_init=0.01).fit(X, y)
    assert found.loss_curve_[5] < loss and len(found.loss_curve_) == 10


def test_a_fit_that_fails_at_the_door_forgets_nothing() -> None:
    X, _, y, _ = digits(200)
    made = {"random_state": 0, "tol": 0, "learning_rate_init": 0.01}
    whole, disturbed = NetClassifier(**made), NetClassifier(**made)
    for i in range(4):
        whole.partial_fit(X, y, classes=np.unique(y))
        disturbed.partial_fit(X, y, classes=np.unique(y))
        if i == 1:
            with pytest.raises(ValueError, match="classes not in"):
                disturbed.partial_fit(X, np.full(len(y), "d77"))
            with pytest.raises(ValueError, match="NaN"):
                disturbed.partial_fit(np.full_like(X, np.nan), y)
    assert bits(whole) == bits(disturbed)


def test_a_warm_start_that_only_gets_worse_keeps_the_best_weights() -> None:
    X, X_val, y, y_val = digits(400)
    given = {"X_val": X_val, "y_val": y_val}
    found = NetClassifier(early_stopping=True, warm_start=True, learning_rate_init=0.01, random_state=0)
    found.fit(X, y, **given)
    best, before = found.best_validation_score_, bits(found)
    found.set_params(solver="sgd", learning_rate_init=2.0, max_iter=3).fit(X, y, **given)
    assert max(found.validation_scores_[-3:]) < best == found.best_validation_score_
    assert bits(found) == before and found.score(X_val, y_val) == best


def test_an_optimizer_of_ones_own_is_all_there_is() -> None:
    """No penalty is trained that it does not name, none is told, and the rate is its own."""
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
    with pytest.raises(ValueError, match="belong together"):
        NetClassifier().fit(X, y, X_val=X)


def test_an_interrupt_is_not_swallowed_and_leaves_a_usable_model(monkeypatch: pytest.MonkeyPatch) -> None:
    X, X_test, y, _ = digits(200)
    found = NetClassifier(max_iter=50, random_state=0)
    from deepseek.sklearn import _watch

    told = _watch.Watch.on_epoch_end

    def interrupts(self: Any, epoch: int, logs: dict[str, Any]) -> None:
        told(self, epoch, logs)
        if epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(_watch.Watch, "on_epoch_end", interrupts)
    with pytest.raises(KeyboardInterrupt):
        found.fit(X, y)
    assert found.n_iter_ == 3 == len(found.loss_curve_) and np.isfinite(found.predict_proba(X_test)).all()


def test_callbacks_of_scikit_learn_hear_of_each_epoch() -> None:
    callback = pytest.importorskip("sklearn.callback", reason="new in scikit-learn 1.9")
    X, _, y, _ = digits(200)
    monitor = callback.ScoringMonitor(scoring="accuracy")
    heard = NetClassifier(max_iter=6, random_state=0).set_callbacks(monitor).fit(X, y)
    alone = NetClassifier(max_iter=6, random_state=0).fit(X, y)
    assert bits(heard) == bits(alone)
    scores = [entry["accuracy"] for entry in monitor.get_logs().data if entry["task_name"] == "epoch"]
    assert len(scores) == 6 and scores[-1] == heard.score(X, y)

    class Stops:
        seen = 0

        def setup(self, estimator: Any, context: Any) -> None: ...
        def teardown(self, estimator: Any, context: Any) -> None: ...
        def on_fit_task_begin(self, estimator: Any, context: Any, **_: Any) -> None: ...
        def on_fit_task_end(
            self, estimator: Any, context: Any, *, fitted_estimator: Any = None, **_: Any
        ) -> bool:
            Stops.seen += context.task_name == "epoch"
            return bool(Stops.seen == 3)

    stopped = NetClassifier(max_iter=50, random_state=0).set_callbacks(Stops()).fit(X, y)
    assert stopped.n_iter_ == 3
