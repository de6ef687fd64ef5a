"""scikit-learn's own tests of its MLP (test_mlp.py, as installed), with our estimators in its place."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("sklearn")
theirs: Any = pytest.importorskip("sklearn.neural_network.tests.test_mlp")

from deepseek.sklearn import NetClassifier, NetRegressor  # noqa: E402

EXCEPTIONS = {
    "test_gradient": "calls a private method that is theirs; ours: test_lbfgs_sees_the_gradient",
    "test_early_stopping_stratified": "wants the class named as in a one-column matrix of theirs; ours: "
    "test_a_class_with_one_member_cannot_be_split",
    "test_lbfgs_regression_maxfun": "from our initial weights the linear network has converged before 10 "
    "evaluations; ours: test_lbfgs_says_when_it_has_not_converged",
}
"""Tests that only theirs can pass, and ours that shows the same."""


class _Private:
    """What their tests look at under a private name."""

    learning_rate_: float

    @property
    def _optimizer(self) -> Any:
        return types.SimpleNamespace(learning_rate=self.learning_rate_)


class Classifier(_Private, NetClassifier):
    pass


class Regressor(_Private, NetRegressor):
    pass


OURS = {theirs.MLPClassifier: Classifier, theirs.MLPRegressor: Regressor}

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]


@pytest.fixture(autouse=True)
def _ours_in_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theirs, "MLPClassifier", Classifier)
    monkeypatch.setattr(theirs, "MLPRegressor", Regressor)


@pytest.fixture
def global_random_seed() -> int:
    return 42


def with_ours(mark: Any) -> Any:
    """A mark whose parameters name our classes."""
    if mark.name != "parametrize":
        return mark
    names, values, *rest = mark.args
    swapped = [OURS[value] if isinstance(value, type) and value in OURS else value for value in values]
    return pytest.mark.parametrize(names, swapped, *rest, **mark.kwargs).mark


def borrowed(test: Callable[..., Any]) -> Callable[..., Any]:
    """One of their tests, asking for our classes."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> Any:
        return test(*args, **kwargs)

    run.pytestmark = [with_ours(mark) for mark in getattr(test, "pytestmark", [])]  # type: ignore[attr-defined]
    return run


for _name, _test in list(vars(theirs).items()):
    if _name.startswith("test_") and _name not in EXCEPTIONS:
        globals()[_name] = borrowed(_test)


def test_there_are_tests_to_borrow() -> None:
    assert sum(name.startswith("test_") for name in globals()) > 35
