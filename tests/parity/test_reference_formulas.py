"""Activations and losses of the reference against hand-written values and each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deepseek.reference import activation, loss
from deepseek.reference.spec import complete

# f(-1.5), f(0.5), f(4) by mpmath with 30 digits; alpha 0.2.
VALUES = {
    "identity": (-1.5, 0.5, 4.0),
    "sigmoid": (0.18242552380635635, 0.6224593312018546, 0.9820137900379085),
    "tanh": (-0.9051482536448664, 0.46211715726000974, 0.999329299739067),
    "relu": (0.0, 0.5, 4.0),
    "leaky_relu": (-0.3, 0.5, 4.0),
    "elu": (-0.15537396797031403, 0.5, 4.0),
    "selu": (-1.3658143533672527, 0.5253504936777402, 4.202803949421922),
    "gelu": (-0.1002108019032871, 0.34573123063700656, 3.9998733150326675),
    "silu": (-0.2736382857095345, 0.3112296656009273, 3.928055160151634),
    "mish": (-0.29809974216680674, 0.37524521130489513, 3.9974128069762385),
    "softplus": (0.2014132779827524, 0.9740769841801067, 4.0181499279178094),
    "hard_sigmoid": (0.25, 0.5833333333333334, 1.0),
    "hard_swish": (-0.375, 0.2916666666666667, 4.0),
    "exp": (0.22313016014842982, 1.6487212707001282, 54.598150033144236),
}


@pytest.mark.parametrize("name", VALUES)
def test_activation_values(name: str) -> None:
    got = activation.forward(name, np.array([-1.5, 0.5, 4.0]), 0.2)
    np.testing.assert_allclose(got, VALUES[name], rtol=1e-14)


@pytest.mark.parametrize("name", VALUES)
def test_activation_far_out(name: str) -> None:
    z = np.array([-700.0, -40.0, 40.0, 700.0])
    assert np.isfinite(activation.forward(name, z, 0.2)).all()
    assert np.isfinite(activation.backward(name, np.ones(4), z, 0.2)).all()
    assert np.isfinite(activation.second_derivative(name, z, 0.2)).all()


@pytest.mark.parametrize("name", VALUES)
def test_curvature_is_the_slope_of_the_slope(name: str) -> None:
    z, step = np.linspace(-4.05, 4.05, 28), 1e-4  # away from the kinks, 0 and ±3

    def slope(shift: float) -> np.ndarray:
        return activation.backward(name, np.ones_like(z), z + shift, 0.2)

    want = (slope(-2 * step) - 8 * slope(-step) + 8 * slope(step) - slope(2 * step)) / (12 * step)
    np.testing.assert_allclose(activation.second_derivative(name, z, 0.2), want, rtol=1e-9, atol=1e-9)


def test_tables_are_complete() -> None:
    assert set(activation.NAMES) == {*VALUES, "softmax"}


def test_softmax_rows_sum_to_one_and_ignore_a_shift() -> None:
    z = np.random.default_rng(0).normal(size=(5, 4)) * 30
    y = activation.softmax(z)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(activation.softmax(z + 1e3), y, rtol=1e-9)
    np.testing.assert_allclose(np.exp(activation.log_softmax(z)), y, rtol=1e-12)


def spec(name: str, **options: float) -> dict[str, object]:
    made = complete({"input_size": 1, "layers": [], "loss": {"name": name, **options}})["loss"]
    assert isinstance(made, dict)
    return made


def rows(name: str, y: list[float], t: list[float], **options: float) -> float:
    a = np.array([y])
    return float(loss.rows(spec(name, **options), "identity", a, a, np.array([t]))[0][0])


def test_losses_by_hand() -> None:
    assert rows("squared_error", [3.0, 1.0], [1.0, 2.0]) == pytest.approx((4 + 1) / 4)
    assert rows("absolute_error", [3.0, 1.0], [1.0, 2.0]) == pytest.approx(1.5)
    assert rows("huber", [3.0, 1.0], [1.0, 1.3], delta=0.5) == pytest.approx((0.5 * (2 - 0.25) + 0.045) / 2)
    assert rows("quantile", [3.0, 1.0], [1.0, 2.0], quantile=0.9) == pytest.approx((0.1 * 2 + 0.9 * 1) / 2)
    assert rows("poisson", [0.5, -1.0], [2.0, 0.0]) == pytest.approx((math.exp(0.5) - 1 + math.exp(-1)) / 2)
    p = 1 / (1 + math.exp(-0.7))
    assert rows("binary_cross_entropy", [0.7, 0.7], [1.0, 0.0]) == pytest.approx(
        -(math.log(p) + math.log(1 - p)) / 2
    )
    focal = -(0.25 * (1 - p) ** 2 * math.log(p) + 0.75 * p**2 * math.log(1 - p)) / 2
    assert rows("focal", [0.7, 0.7], [1.0, 0.0], gamma=2.0, alpha=0.25) == pytest.approx(focal)


def test_cross_entropy_by_hand() -> None:
    z = np.log(np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]))
    for target in (np.array([1, 2]), np.eye(3)[[1, 2]]):
        got = loss.rows(spec("cross_entropy"), "softmax", z, z, target)[0]
        np.testing.assert_allclose(got, -np.log([0.5, 0.8]), rtol=1e-14)
    smooth = loss.rows(spec("cross_entropy", label_smoothing=0.3), "softmax", z, z, np.array([1, 2]))[0]
    np.testing.assert_allclose(
        smooth[0], -(0.8 * math.log(0.5) + 0.1 * math.log(0.2) + 0.1 * math.log(0.3)), rtol=1e-14
    )
    focal = loss.rows(spec("focal", gamma=1.5), "softmax", z, z, np.array([1, 2]))[0]
    np.testing.assert_allclose(focal, [-(0.5**1.5) * math.log(0.5), -(0.2**1.5) * math.log(0.8)], rtol=1e-13)


def test_special_cases_agree() -> None:
    rng = np.random.default_rng(1)
    z, t = rng.normal(size=(6, 3)), (rng.random((6, 3)) < 0.5).astype(float)
    label = rng.integers(0, 3, 6)

    def both(name: str, target: np.ndarray, activation_name: str = "sigmoid", **options: float) -> np.ndarray:
        losses, d = loss.rows(spec(name, **options), activation_name, z, z, target)
        return np.concatenate([losses[:, None], d], axis=1)

    np.testing.assert_allclose(both("focal", t, gamma=0.0), both("binary_cross_entropy", t), rtol=1e-12)
    np.testing.assert_allclose(
        both("focal", label, "softmax", gamma=0.0),
        both("cross_entropy", label, "softmax"),
        rtol=1e-12,
        atol=1e-15,
    )
    np.testing.assert_allclose(2 * both("quantile", t, quantile=0.5), both("absolute_error", t), rtol=1e-14)
    np.testing.assert_allclose(both("huber", t, delta=99.0), both("squared_error", t), rtol=1e-14)


def test_losses_from_logits_far_out_are_finite() -> None:
    z = np.array([[-800.0, 800.0, 0.0]])
    for name, act, target in (
        ("cross_entropy", "softmax", np.array([0])),
        ("focal", "softmax", np.array([0])),
        ("focal", "sigmoid", np.array([[1.0, 0.0, 1.0]])),
        ("binary_cross_entropy", "sigmoid", np.array([[1.0, 0.0, 1.0]])),
    ):
        losses, d = loss.rows(spec(name), act, z, z, target)
        assert np.isfinite(losses).all() and np.isfinite(d).all(), name
