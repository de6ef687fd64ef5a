"""NetClassifier and NetRegressor: when a fit ends, and how the next one goes on."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.datasets import load_diabetes, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

import deepseek as ds
from deepseek.sklearn import NetClassifier, NetRegressor
from programs.estimators import bits, digits

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]


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
    with pytest.raises(ValueError, match=r"y: got shape \(200, 3\); expected 5 labels per row, as before"):
        found.partial_fit(X, Y[:, :3])


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


def test_a_changed_shape_is_refused_in_a_warm_start() -> None:
    X, _, y, _ = digits(100)
    found = NetClassifier(max_iter=2, warm_start=True, random_state=0).fit(X, y)
    before = bits(found)
    with pytest.raises(
        ValueError,
        match=r"NetClassifier: got fitted weights of other sizes .*; expected",
    ):
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


def test_an_interrupt_is_not_swallowed_and_leaves_a_usable_model(monkeypatch: pytest.MonkeyPatch) -> None:
    X, X_test, y, _ = digits(200)
    found = NetClassifier(max_iter=50, random_state=0)
    from deepseek.sklearn import _scoring

    original = _scoring.ScoreMonitor.on_epoch_end

    def interrupts(self: Any, epoch: int, logs: dict[str, Any]) -> None:
        original(self, epoch, logs)
        if epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(_scoring.ScoreMonitor, "on_epoch_end", interrupts)
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
