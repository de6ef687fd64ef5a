"""Targets of any scale, and the public network of a fitted estimator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.exceptions import NotFittedError

import deepseek as ds
from deepseek.sklearn import NetClassifier, NetRegressor, RecClassifier, RecRegressor

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

REGRESSORS = [NetRegressor, RecRegressor]


def short(kind: Any, **options: Any) -> Any:
    sizes = {"hidden": 4} if kind in (RecClassifier, RecRegressor) else {"hidden_layer_sizes": (8,)}
    return kind(**{"random_state": 0, "max_iter": 5, **sizes, **options})


def waves(rows: int = 800) -> tuple[Any, Any]:
    X = np.random.default_rng(0).uniform(-3, 3, (rows, 3))
    return X, 1e4 * np.sin(X[:, 0]) + 3e3 * X[:, 1]


def test_validation_data_have_the_units_of_y() -> None:
    """The parameter replaces TransformedTargetRegressor, which does not transform y_val."""
    X, y = waves()
    options = {"hidden_layer_sizes": (32, 32), "max_iter": 100, "learning_rate_init": 0.01, "random_state": 0}
    found = NetRegressor(normalize_y=True, early_stopping=True, **options).fit(
        X[:600], y[:600], X_val=X[600:], y_val=y[600:]
    )
    assert found.score(X[600:], y[600:]) == found.best_validation_score_ > 0.98


@pytest.mark.parametrize("kind", REGRESSORS)
@pytest.mark.parametrize("options", [{}, {"solver": "lbfgs"}, {"solver": "sgd"}, {"early_stopping": True}])
def test_it_is_a_fit_to_standardized_targets(kind: Any, options: Any) -> None:
    """Powers of 2 make the arithmetic exact: mean 1024 and standard deviation 2."""
    X = np.random.default_rng(1).normal(size=(40, 3))
    standard = np.tile([-1.0, 1.0], 20)
    if "early_stopping" in options:  # all rows are training rows
        data = {"X_val": X, "y_val": standard}, {"X_val": X, "y_val": 1024 + 2 * standard}
    else:
        data = {}, {}
    by_hand = short(kind, **options).fit(X, standard, **data[0])
    found = short(kind, normalize_y=True, **options).fit(X, 1024 + 2 * standard, **data[1])
    assert (found.y_mean_, found.y_scale_) == (1024.0, 2.0)
    assert found.loss_curve_ == by_hand.loss_curve_
    np.testing.assert_array_equal(found.predict(X), 1024 + 2 * by_hand.predict(X))


@pytest.mark.parametrize("kind", REGRESSORS)
def test_warm_starts_and_partial_fit_keep_the_scale(kind: Any) -> None:
    X, y = waves(40)
    found = short(kind, normalize_y=True, warm_start=True).fit(X, y)
    scale = found.y_mean_, found.y_scale_
    found.fit(X, y + 1e6).partial_fit(X, 10 * y)
    assert (found.y_mean_, found.y_scale_) == scale
    said = "normalize_y: got False; expected True, as in the first fit, or warm_start=False"
    before = found.predict(X)
    with pytest.raises(ValueError, match=said):
        found.set_params(normalize_y=False).fit(X, y)
    np.testing.assert_array_equal(found.predict(X), before)
    found.set_params(warm_start=False).fit(X, y)
    assert found.y_scale_ is None and found.y_mean_ is None


def test_scales_of_several_weighted_targets() -> None:
    X, y = waves(40)
    Y, weights = np.c_[y, np.full(40, 7.0), 1e-200 * y, 1e200 * y], np.arange(40.0)
    found = short(NetRegressor, normalize_y=True).fit(X, Y, weights)
    mean = np.average(y, weights=weights)
    scale = np.sqrt(np.average((y - mean) ** 2, weights=weights))
    np.testing.assert_allclose(found.y_mean_, [mean, 7, 1e-200 * mean, 1e200 * mean], rtol=1e-12)
    np.testing.assert_allclose(found.y_scale_, [scale, 1, 1e-200 * scale, 1e200 * scale], rtol=1e-12)
    assert found.predict(X).shape == (40, 4)


def test_only_losses_of_free_targets() -> None:
    X, y = waves(40)
    said = "normalize_y: got True with loss='poisson', which restricts the targets; expected False"
    with pytest.raises(ValueError, match=said):
        short(NetRegressor, loss="poisson", normalize_y=True).fit(X, np.abs(y))
    with pytest.raises(TypeError, match="normalize_y: got 'yes'; expected True or False"):
        short(NetRegressor, normalize_y="yes").fit(X, y)


CASES: dict[str, Any] = {
    "values": lambda X, y: short(NetRegressor).fit(X, y),
    "float32": lambda X, y: short(NetRegressor).fit(X.astype("f4"), y),
    "normalized": lambda X, y: short(NetRegressor, normalize_y=True, normalization="batch").fit(X, 1e5 + y),
    "several": lambda X, y: short(NetRegressor, normalize_y=True).fit(X, np.c_[y, 2 * y]),
    "linear": lambda X, y: short(NetRegressor, hidden_layer_sizes=(), normalize_y=True).fit(X, y),
    "lbfgs": lambda X, y: short(NetRegressor, solver="lbfgs", normalize_y=True).fit(X, y),
    "binary": lambda X, y: short(NetClassifier).fit(X, y > 0),
    "classes": lambda X, y: short(NetClassifier, normalization="layer").fit(X, np.digitize(y, [-1e3, 1e3])),
    "labels": lambda X, y: short(NetClassifier).fit(X, np.c_[y > 0, y > 1e3, y < 9]),
    "partial": lambda X, y: short(NetRegressor, normalize_y=True).partial_fit(X, y),
    "sequences": lambda X, y: short(RecRegressor, normalize_y=True, head=(3,)).fit(X, y),
    "sequences' classes": lambda X, y: short(RecClassifier, bidirectional=True).fit(X, y > 0),
}


@pytest.mark.parametrize("case", CASES)
def test_the_public_network_predicts_as_the_estimator(case: str, tmp_path: Path) -> None:
    X, y = waves(60)
    found = CASES[case](X, y)
    if hasattr(found, "coefs_"):
        model, inputs = found.net_, X
    else:
        model, inputs = found.rec_, X[:, :, None]
    outputs = model.predict(inputs)
    expected = found.predict_proba(X) if hasattr(found, "classes_") else found.predict(X)
    if outputs.shape[1] == 1:
        expected = expected[:, 1:] if expected.ndim == 2 else expected[:, None]
    np.testing.assert_allclose(outputs, expected, rtol=1e-5 if case == "float32" else 1e-10)
    assert model.dtype == ("float32" if case == "float32" else "float64")
    assert model.history["loss"] == found.loss_curve_
    model.save(tmp_path / "model.ds")
    assert ds.load(tmp_path / "model.ds").predict(inputs).tobytes() == outputs.tobytes()


def test_the_public_network_is_a_copy_that_trains_on() -> None:
    X, y = waves(60)
    found, longer = short(NetRegressor, batch_size=16), short(NetRegressor, batch_size=16, max_iter=8)
    net = found.fit(X, y).net_
    before = found.predict(X)
    assert net.predict(X, squeeze=True).tobytes() == before.tobytes()
    net.fit(X, y, epochs=3, batch_size=16, verbose=False)  # with the state of the solver
    assert net.predict(X, squeeze=True).tobytes() == longer.fit(X, y).predict(X).tobytes()
    assert found.predict(X).tobytes() == before.tobytes()
    for kind, name in ((NetClassifier, "net_"), (RecRegressor, "rec_")):
        assert not hasattr(kind(), name)
        with pytest.raises(NotFittedError):
            getattr(kind(), name)


def test_exports(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    X, y = waves(60)
    found = short(NetRegressor, normalize_y=True).fit(X.astype("f4"), y)
    found.net_.to_onnx(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    outputs = session.run(None, {session.get_inputs()[0].name: X.astype("f4")})[0]
    np.testing.assert_allclose(outputs[:, 0], found.predict(X.astype("f4")), rtol=1e-4, atol=1)
