"""What the estimators do with unusual data: other dtypes, dates, single rows of a class, weights of 0."""

from __future__ import annotations

import datetime
import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.neural_network import MLPClassifier

import deepseek as ds
from deepseek.sklearn import NetClassifier, NetRegressor, RecClassifier, RecRegressor

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

DAYS = np.datetime64("2020-01-01") + np.arange(20)
ESTIMATORS = [NetClassifier, NetRegressor, RecClassifier, RecRegressor]


def weights(estimator: Any) -> dict[str, Any]:
    return dict(estimator._fitted_state())


def short(kind: Any, **options: Any) -> Any:
    sizes = {"hidden": 4} if kind in (RecClassifier, RecRegressor) else {"hidden_layer_sizes": (4,)}
    return kind(random_state=0, max_iter=3, **sizes, **options)


def rows(kind: Any, count: int = 40) -> tuple[Any, Any]:
    X = np.random.default_rng(0).normal(size=(count, 3))
    return X, (X[:, 0] > 0).astype(int) if kind in (NetClassifier, RecClassifier) else X @ [1.0, 2.0, 3.0]


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("dtypes", [("f4", "f8"), ("f8", "f4"), ("f4", "i8")])
@pytest.mark.parametrize("how", ["partial_fit", "warm_start", "sgd", "lbfgs"])
def test_the_first_dtype_is_kept(kind: Any, dtypes: tuple[str, str], how: str) -> None:
    """As in MLPRegressor. The rows hold whole numbers, which both dtypes represent: the fits must be equal."""
    X, y = rows(kind)
    X = np.round(4 * X)
    solver = how if how in ("sgd", "lbfgs") else "adam"
    found, same = (short(kind, warm_start=True, solver=solver) for _ in range(2))
    for estimator, second in ((found, dtypes[1]), (same, dtypes[0])):
        if how == "partial_fit":
            classes = {"classes": [0, 1]} if isinstance(estimator, NetClassifier | RecClassifier) else {}
            estimator.partial_fit(X.astype(dtypes[0]), y, **classes)
            estimator.partial_fit(X.astype(second), y)
        else:
            estimator.fit(X.astype(dtypes[0]), y).fit(X.astype(second), y)
    for name, array in weights(found).items():
        assert array.dtype == np.dtype(dtypes[0])
        np.testing.assert_array_equal(array, weights(same)[name])
    np.testing.assert_array_equal(found.predict(X.astype(dtypes[1])), same.predict(X.astype(dtypes[0])))


def test_a_fit_without_warm_start_has_the_new_dtype() -> None:
    X, y = rows(NetRegressor)
    found = short(NetRegressor).fit(X.astype("f4"), y)
    assert found.coefs_[0].dtype == np.float32
    assert found.fit(X, y).coefs_[0].dtype == np.float64


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize(
    ("values", "said"),
    [
        (DAYS, r"X: got dates \(dtype datetime64\[D\]\); expected real numbers"),
        (DAYS - DAYS[0], r"X: got times \(dtype timedelta64\[D\]\); expected real numbers"),
        (DAYS.astype(object), r"X: got datetime.date\(2020, 1, 1\) in row 0, column 1 \(.*\); expected"),
        (
            np.array(list(DAYS - DAYS[0]), object),
            r"X: got np.timedelta64\(0,'D'\) in row 0, column 1; expected",
        ),
        (
            np.array([1.0] * 19 + [datetime.timedelta(1)], object),
            r"X: got .* in row 19, column 1 \(.*\); exp",
        ),
    ],
)
def test_dates_times_and_objects_are_refused(kind: Any, values: Any, said: str) -> None:
    _, y = rows(kind, 20)
    X = np.empty((20, 2), values.dtype)
    X[:, 0] = values if values.dtype != object else 0.5
    X[:, 1] = values
    with pytest.raises(TypeError, match=said):
        short(kind).fit(X, y)
    fitted = short(kind).fit(np.zeros((20, 2)), y)
    with pytest.raises(TypeError, match=said):
        fitted.predict(X)


@pytest.mark.parametrize("kind", [NetClassifier, RecRegressor])
def test_the_column_of_a_frame_is_named(kind: Any) -> None:
    pandas = pytest.importorskip("pandas")
    _, y = rows(kind, 20)
    columns: dict[str, tuple[Any, type[Exception], str]] = {
        "d": (DAYS, TypeError, r"X: got dates in column 'd' \(dtype datetime64\[s\]\); expected real numbers"),
        "zone": (
            pandas.date_range("2020", periods=20, tz="UTC"), TypeError, r"X: got dates in column 'zone' \(dtype"
        ),
        "t": (DAYS - DAYS[0], TypeError, r"X: got times in column 't' \(dtype timedelta64\[s\]\); expected"),
        "p": (pandas.period_range("2020", periods=20), TypeError, r"X: got periods in column 'p' \(dtype per"),
        "o": (DAYS.astype(object), TypeError, r"X: got datetime.date\(2020, 1, 1\) in row 0, column 'o' \("),
        "text": (["3", *["a"] * 19], ValueError, r"X: got 'a' in row 1, column 'text' \(could not convert"),
        "c": (pandas.Categorical(["u", "v"] * 10), ValueError, "X: got 'u' in row 0, column 'c'"),
    }  # fmt: skip
    for name, (values, error, said) in columns.items():
        for frame in ({name: values}, {"x": np.arange(20.0), name: values}):
            with pytest.raises(error, match=said):
                short(kind).fit(pandas.DataFrame(frame), y)
    whole = pandas.DataFrame(
        {"i": pandas.array(range(20), dtype="Int64"), "b": [True, False] * 10, "o": [1.5] * 20}
    )
    short(kind).fit(whole.astype({"o": object}), y)


def test_a_net_names_the_column_too() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": np.arange(20.0), "d": DAYS})
    for model in (ds.Net([2, 1]), ds.Rec(input_size=2, hidden=2, output_size=1), ds.Gen(data_size=2)):
        with pytest.raises(
            TypeError, match=r"X: got dates in column 'd' \(dtype datetime64\[s\]\); expected"
        ):
            model.fit(frame, np.arange(20.0), verbose=False)
    with pytest.raises(TypeError, match=r"X: got 'u' in row 1, column 'k'; expected real numbers"):
        ds.Net([1, 1]).predict(pandas.DataFrame({"k": [1, "u"]}))


def test_targets_and_weights_that_are_dates() -> None:
    X, _ = rows(NetRegressor, 20)
    for kind in (NetRegressor, RecRegressor):
        for y in (DAYS, DAYS - DAYS[0], np.array(list(DAYS - DAYS[0]), object)):
            with pytest.raises(TypeError, match=r"y: got .*; expected real numbers"):
                short(kind).fit(X, y)
    with pytest.raises(TypeError, match=r"sample_weight: got times \(dtype .*\); expected real numbers"):
        short(NetRegressor).fit(X, X[:, 0], DAYS - DAYS[0])


def test_sequences_of_dates_in_arrays_and_lists() -> None:
    _, y = rows(RecRegressor, 20)
    with pytest.raises(TypeError, match=r"X: got dates \(dtype"):
        short(RecRegressor).fit(np.broadcast_to(DAYS[:, None, None], (20, 4, 2)), y)
    with pytest.raises(TypeError, match=r"X\[1\]: got times \(dtype"):
        short(RecRegressor).fit([np.zeros(3), *[DAYS[:4] - DAYS[0]] * 19], y)


def test_fractions_are_no_tokens() -> None:
    tokens = np.tile([0.0, 1.0, 2.5], (10, 1))
    with pytest.raises(ValueError, match=r"X: got 2.5 in row 0, step 2; expected integer tokens"):
        RecClassifier(hidden=2, vocabulary=5, max_iter=1).fit(tokens, [0, 1] * 5)


@pytest.mark.parametrize("kind", [NetClassifier, RecClassifier])
def test_a_class_with_a_single_row_stays_in_the_training_part(kind: Any) -> None:
    """MLPClassifier fits these too: it does not stratify three or more classes."""
    X = np.random.default_rng(0).normal(size=(60, 4))
    y = np.array(["a", "b"], "U4")[(X[:, 0] > 0).astype(int)]
    y[0], y[59] = "rare", "c"
    MLPClassifier(early_stopping=True, max_iter=3, random_state=0).fit(X, y)
    found = short(kind, early_stopping=True, validation_fraction=0.2)
    split: list[Any] = []
    original = found._split
    found._split = lambda *arguments: split.extend(original(*arguments)) or tuple(split)  # type: ignore[method-assign]
    found.fit(X, y)
    assert list(found.classes_) == ["a", "b", "c", "rare"]
    training, validation = split
    assert {"rare", "c"} <= set(training.y) and set(validation.y) == {"a", "b"}
    assert (len(training), len(validation)) == (48, 12)
    assert np.mean(validation.y == "a") == pytest.approx(np.mean(y == "a"), abs=0.1)  # still stratified


@pytest.mark.filterwarnings("ignore:The number of unique classes")
@pytest.mark.parametrize("classes", [2, 10, 25, 30])
def test_early_stopping_with_many_small_classes_fits_where_the_mlp_does(classes: int) -> None:
    X = np.random.default_rng(0).normal(size=(30, 3))
    y = np.arange(30) % classes
    for kind in (MLPClassifier, NetClassifier):
        kind(early_stopping=True, max_iter=3, random_state=0).fit(X, y)


def test_one_of_two_classes_with_a_single_row_is_refused_as_by_the_mlp() -> None:
    X, y = np.eye(4), ["often", "often", "often", "rare"]
    for kind in (MLPClassifier, NetClassifier):
        with pytest.raises(ValueError, match="only 1 member"):
            kind(early_stopping=True).fit(X, y)


@pytest.mark.parametrize("kind", [NetRegressor, RecRegressor])
def test_weights_of_0_are_explained(kind: Any) -> None:
    X = np.random.default_rng(0).normal(size=(400, 3))
    few = np.zeros(400)
    few[:3] = 1
    said = r"sample_weight: got only zeros in the validation rows that validation_fraction selected; expected a w"
    with pytest.raises(ValueError, match=said):
        short(kind, early_stopping=True).fit(X, X[:, 0], sample_weight=few)
    with pytest.raises(ValueError, match=said.replace("the validation", "the training")):
        short(kind, early_stopping=True, validation_fraction=0.99).fit(X, X[:, 0], sample_weight=few)
    with pytest.raises(ValueError, match="sample_weight_val: got only zeros; expected a weight above 0"):
        short(kind).fit(X, X[:, 0], X_val=X, y_val=X[:, 0], sample_weight_val=np.zeros(400))


def test_class_weights_of_0_are_named() -> None:
    X, y = rows(NetClassifier)
    with pytest.raises(ValueError, match="class_weight times sample_weight: got only zeros; expected"):
        short(NetClassifier, class_weight={0: 0, 1: 0}).fit(X, y)


def test_scikit_learns_checks_still_run_after_the_first_call() -> None:
    """`partial_fit` and `predict` skip scikit-learn's functions only where these would change nothing."""
    pandas = pytest.importorskip("pandas")
    X, y = rows(NetClassifier)
    found = short(NetClassifier).partial_fit(X, y, classes=[0, 1])
    for wrong, said in (
        (X[:, :2], "2 features"),
        (np.full_like(X, np.nan), "NaN"),
        (X[:0], "0 sample"),
        (X[0], "1D"),
    ):
        with pytest.raises(ValueError, match=said):
            found.predict(wrong)
    for wrong, said in (
        (y[:-1], "inconsistent"),
        (y + 5, "classes not in"),
        (y + 0.5, "Unknown label|classes not"),
    ):
        with pytest.raises(ValueError, match=said):
            found.partial_fit(X, wrong)
    named = short(NetClassifier).partial_fit(pandas.DataFrame(X, columns=list("abc")), y, classes=[0, 1])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        named.predict(X)
    assert "does not have valid feature names" in str(caught[0].message)
