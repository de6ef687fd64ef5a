"""Calls of the estimators: wrong names are explained, errors change nothing, and repeated calls cost little."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import deepseek as ds
from deepseek.sklearn import NetClassifier, NetRegressor, RecClassifier, RecRegressor, _fitted

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

ESTIMATORS = [NetClassifier, NetRegressor, RecClassifier, RecRegressor]
X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)


def short(kind: Any, **options: Any) -> Any:
    sizes = {"hidden": 4} if kind in (RecClassifier, RecRegressor) else {"hidden_layer_sizes": (4,)}
    return kind(**{"random_state": 0, "max_iter": 3, **sizes, **options})


NAMES = [
    (NetRegressor, "lr", "learning_rate_init"),
    (NetRegressor, "validation_split", "validation_fraction"),
    (NetRegressor, "epochs", "max_iter"),
    (NetClassifier, "optimizer", "solver"),
    (NetClassifier, "layers", "hidden_layer_sizes"),
    (NetClassifier, "seed", "random_state"),
    (NetClassifier, "weight_decay", "alpha"),
    (NetClassifier, "patience", "n_iter_no_change"),
    (RecClassifier, "hidden_size", "hidden"),
    (RecRegressor, "n_jobs", "threads"),
]


@pytest.mark.parametrize(("kind", "given", "right"), NAMES)
def test_parameters_of_other_libraries(kind: Any, given: str, right: str) -> None:
    with pytest.raises(
        TypeError, match=rf"{kind.__name__}: got an unknown argument '{given}'; did you mean '{right}'\?"
    ):
        kind(**{given: 1})


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_arguments_of_fit(kind: Any) -> None:
    for method in ("fit", "partial_fit"):
        with pytest.raises(TypeError, match=rf"{kind.__name__}\.{method}: .* 'Y'; did you mean 'y'\?"):
            getattr(kind(), method)(X, Y=Y)
    with pytest.raises(
        TypeError, match=r"\.fit: got an unknown argument 'validation_data'; did you mean 'X_val'"
    ):
        kind().fit(X, Y, validation_data=(X, Y))


VALUES: list[tuple[Any, type[Exception], str]] = [
    (
        NetRegressor(loss="mse"),
        ValueError,
        "loss: got 'mse'; expected one of .*; did you mean 'squared_error'?",
    ),
    (NetRegressor(loss="log_loss"), ValueError, "did you mean 'binary_cross_entropy'?"),
    (
        NetClassifier(loss="cross_entropy"),
        ValueError,
        "expected one of log_loss, focal; did you mean 'log_loss'?",
    ),
    (
        NetRegressor(loss="cross_entropy"),
        ValueError,
        "loss: got 'cross_entropy', a loss for classes; expected one for values, or a classifier",
    ),
    (
        NetClassifier(learning_rate=0.01),
        TypeError,
        "learning_rate: got 0.01; expected one of constant, invscaling, adaptive, or a Schedule (learning_rate_init i",
    ),
    (
        RecClassifier(solver="AdamW"),
        ValueError,
        "solver: got 'AdamW'; expected one of adam, sgd, lbfgs, or an Optimizer such as deepseek.AdamW(learning_rate",
    ),
    (
        NetClassifier(early_stopping=True, validation_fraction=0.0),
        ValueError,
        "validation_fraction: got 0 with early_stopping=True; expected a number above 0",
    ),
]


@pytest.mark.parametrize(("estimator", "error", "said"), VALUES)
def test_values_of_parameters(estimator: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=re.escape(said).replace(r"\.\*", ".*")):
        estimator.fit(X, Y)


def test_constructors_are_still_those_of_scikit_learn() -> None:
    for kind in ESTIMATORS:
        assert kind(max_iter=7).get_params()["max_iter"] == 7
        assert clone(kind(max_iter=7)).max_iter == 7


def attributes(estimator: Any) -> dict[str, bytes]:
    return {name: pickle.dumps(value) for name, value in vars(estimator).items() if name != "_cached"}


ERRORS: dict[str, Callable[[Any], Any]] = {
    "another width": lambda e: e.fit(X[:, :2], np.digitize(X[:, 0], [0, 1]), X_val=X, y_val=Y),
    "a parameter": lambda e: e.set_params(initialization="none").fit(X[:, :2], Y),
    "NaN": lambda e: e.fit(np.full_like(X, np.nan), Y),
    "a weight": lambda e: e.fit(X, Y, -np.ones(40)),
    "labels": lambda e: e.partial_fit(X, Y + 0.5 if isinstance(e, NetClassifier) else ["a"] * 40),
    "too large": lambda e: e.partial_fit(np.full((40, 3), 1e300), Y),
    "a scorer": lambda e: e.set_params(early_stopping=True, scoring=fails, warm_start=True).fit(X, Y),
}


def fails(estimator: Any, X: Any, y: Any) -> float:
    """Scorer that raises an error after some epochs."""
    if len(estimator.loss_curve_) > 1:
        raise RuntimeError("no score")
    return 1.0


@pytest.mark.parametrize("kind", [NetClassifier, NetRegressor])
@pytest.mark.parametrize("case", ERRORS)
def test_after_an_error_an_estimator_is_as_before(kind: Any, case: str) -> None:
    options = {"normalize_y": True} if kind is NetRegressor else {}
    found = short(kind, **options).fit(X.astype("f4"), Y)
    before, predicted = attributes(found), found.predict(X)
    given = found.get_params()
    with pytest.raises((ValueError, TypeError, RuntimeError)):
        ERRORS[case](found)
    found.set_params(**given)
    after = attributes(found)
    assert {name for name in after.keys() | before.keys() if after.get(name) != before.get(name)} == set()
    np.testing.assert_array_equal(found.predict(X), predicted)


def test_a_first_fit_that_fails_leaves_no_attributes() -> None:
    found = short(NetClassifier)
    before = set(vars(found))
    with pytest.raises(ValueError, match="at least one non-zero"):
        found.fit(X, Y, np.zeros(40))
    assert set(vars(found)) == before


def test_callbacks_are_torn_down_after_an_error() -> None:
    pytest.importorskip("sklearn.callback", reason="new in scikit-learn 1.9")
    calls: list[str] = []

    class Recorder:
        def setup(self, estimator: Any, context: Any) -> None:
            calls.append("setup")

        def teardown(self, estimator: Any, context: Any) -> None:
            calls.append("teardown")

        def on_fit_task_begin(self, estimator: Any, context: Any, **_: Any) -> None: ...

        def on_fit_task_end(self, estimator: Any, context: Any, **_: Any) -> bool:
            raise RuntimeError("stop here")

    found = short(NetClassifier).set_callbacks(Recorder())
    with pytest.raises(RuntimeError, match="stop here"):
        found.fit(X, Y)
    assert calls == ["setup", "teardown"]
    assert not hasattr(found, "coefs_") and not hasattr(found, "_callback_fit_ctx")


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("weighted", [False, True])
def test_partial_fit_validates_and_builds_nothing_again(
    kind: Any, weighted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cost is that of the model's partial_fit: scikit-learn validates the first call, of which a model remains."""
    classes = {"classes": [0, 1]} if kind in (NetClassifier, RecClassifier) else {}
    weights = (np.ones(40),) if weighted else ()
    found, same = (short(kind).partial_fit(X, Y, *weights, **classes) for _ in range(2))
    same.partial_fit(X, Y, *weights)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("called again")

    monkeypatch.setattr(_fitted, "validate_data", never)
    monkeypatch.setattr(kind, "_create_model", never)
    monkeypatch.setattr(kind, "_model_config", never)
    monkeypatch.setattr("deepseek.sklearn._parameters.check", never)
    monkeypatch.setattr("deepseek.sklearn._estimator._check_sample_weight", never)
    found.partial_fit(X, Y, *weights)
    for array, other in zip(found._fitted_arrays(), same._fitted_arrays(), strict=True):
        np.testing.assert_array_equal(array, other)


def test_changes_between_calls_of_partial_fit_count() -> None:
    """A changed parameter or array is not missed, although nothing is validated again."""
    y = X[:, 0]
    found = short(NetRegressor).partial_fit(X, y)
    with pytest.raises(ValueError, match="alpha: got -1; expected"):
        found.set_params(alpha=-1).partial_fit(X, y)
    found.set_params(alpha=0.0001, learning_rate_init=0.5, solver="sgd").partial_fit(X, y)
    assert found.net_.optimizer.name == "sgd"
    found.coefs_ = [np.zeros_like(array) for array in found.coefs_]
    found.intercepts_ = [np.zeros_like(array) for array in found.intercepts_]
    found.partial_fit(X, y)
    assert np.abs(found.coefs_[0]).max() < 0.01  # the momentum's step from 0
    found.set_params(activation=["tanh"]).partial_fit(X, y)
    assert found.net_.__repr__().count("tanh") == 1


def test_weights_that_need_no_conversion_are_validated() -> None:
    found = short(NetRegressor).partial_fit(X, X[:, 0], np.ones(40))
    for weights, said in (
        (-np.ones(40), "Negative values"),
        (np.zeros(40), "at least one non-zero"),
        (np.full(40, np.nan), "NaN"),
        (np.ones(39), "sample_weight.shape"),
    ):
        with pytest.raises(ValueError, match=said):
            found.partial_fit(X, X[:, 0], weights)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_warnings_name_the_line_of_the_user(solver: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        short(NetRegressor, max_iter=1, batch_size=100, solver=solver).fit(X, X[:, 0])
    kinds = [ConvergenceWarning] if solver == "lbfgs" else [UserWarning, ConvergenceWarning]
    assert [item.category for item in caught] == kinds
    assert {item.filename for item in caught} == {__file__}


def test_a_regressor_of_sequences_takes_both_forms() -> None:
    found = short(RecRegressor).fit(X[:, :, None], X[:, 0])
    np.testing.assert_array_equal(found.predict(X), found.predict(X[:, :, None]))
    found.partial_fit(X, X[:, 0])


def test_series_and_lists_of_frames_of_sequences() -> None:
    pandas = pytest.importorskip("pandas")
    arrays = [X[:2], X[2:5], X[5:9]]
    y = [0.0, 1.0, 2.0]
    by_list = short(RecRegressor).fit(arrays, y).predict(arrays)
    for form in (
        pandas.Series(arrays, index=[5, 7, 9]),
        [pandas.DataFrame(a, columns=[*"abc"]) for a in arrays],
    ):
        np.testing.assert_array_equal(short(RecRegressor).fit(form, y).predict(form), by_list)
    dated = [pandas.DataFrame(a, columns=[*"abc"]).assign(d=np.datetime64("2020-01-01")) for a in arrays]
    with pytest.raises(TypeError, match=r"X\[0\]: got dates in column 'd' \(dtype datetime64"):
        short(RecRegressor).fit(dated, y)


def test_an_optimizer_as_solver_is_remembered_by_identity() -> None:
    y = X[:, 0]
    found = short(NetRegressor, solver=ds.AdamW(1e-2)).partial_fit(X, y)
    found.set_params(solver=ds.AdamW(1e-3)).partial_fit(X, y)
    assert found.net_.optimizer.learning_rate == 1e-3
