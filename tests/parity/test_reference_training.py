"""Optimizers, clipping, schedules and training loop of the reference, against formulas written out."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from deepseek.reference import Net, complete, optimizer, schedule
from deepseek.reference.seed import Perceptron

BASE = {"input_size": 1, "layers": []}


def run(
    name: str, gradients: list[float], rate: float = 0.1, w: float = 1.0, decays: bool = True, **options: Any
) -> float:
    """One weight through the given gradients."""
    spec = complete({**BASE, "optimizer": {"name": name, **options}})["optimizer"]
    value, state = np.array([w]), {}
    for t, g in enumerate(gradients, 1):
        value = optimizer.update(spec, value, np.array([g]), state, rate, t, decays)
    return float(value[0])


def test_sgd_and_momentum() -> None:
    assert run("sgd", [2.0, -1.0]) == pytest.approx(1 - 0.2 + 0.1)
    assert run("sgd", [2.0, -1.0], momentum=0.9) == pytest.approx(1 - 0.1 * 2 - 0.1 * (0.9 * 2 - 1))
    nesterov = 1 - 0.1 * (2 + 0.9 * 2) - 0.1 * (-1 + 0.9 * (0.9 * 2 - 1))
    assert run("sgd", [2.0, -1.0], momentum=0.9, nesterov=True) == pytest.approx(nesterov)


def test_momentum_under_a_constant_gradient_reaches_its_terminal_step() -> None:
    moved = run("sgd", [1.0] * 400, momentum=0.9) - run("sgd", [1.0] * 401, momentum=0.9)
    assert moved == pytest.approx(0.1 / (1 - 0.9))


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_adam(name: str) -> None:
    # The first step is the learning rate, for every gradient.
    assert run(name, [5.0], eps=0.0) == pytest.approx(1 - 0.1)
    assert run(name, [5.0] * 10, eps=0.0) == pytest.approx(1 - 10 * 0.1)
    m, v = 0.9 * 0.1 * 2 + 0.1 * -1, 0.999 * 0.001 * 4 + 0.001 * 1
    second = 0.1 * (m / (1 - 0.9**2)) / (math.sqrt(v / (1 - 0.999**2)) + 1e-3)
    assert run(name, [2.0, -1.0], eps=1e-3) == pytest.approx(1 - 0.1 * 2 / (2 + 1e-3) - second)


def test_rmsprop_adagrad_lion() -> None:
    v1, v2 = 0.01 * 4, 0.99 * 0.01 * 4 + 0.01
    step1, step2 = 2 / (math.sqrt(v1) + 1e-8), -1 / (math.sqrt(v2) + 1e-8)
    assert run("rmsprop", [2.0, -1.0], rho=0.99) == pytest.approx(1 - 0.1 * (step1 + step2))
    after = 1 - 0.1 * (step1 + 0.5 * step1 + step2)
    assert run("rmsprop", [2.0, -1.0], rho=0.99, momentum=0.5) == pytest.approx(after)
    assert run("adagrad", [2.0, -1.0], eps=0.0) == pytest.approx(1 - 0.1 * (1 - 1 / math.sqrt(5)))
    assert run("lion", [2.0, -1.0], beta2=0.99) == pytest.approx(
        1 - 0.1 * (1 + math.copysign(1, 0.9 * 0.02 - 0.1))
    )


def test_penalties_touch_weights_only() -> None:
    assert run("sgd", [2.0], l1=0.5, l2=0.25, w=-3.0) == pytest.approx(-3 - 0.1 * (2 - 0.5 - 0.75))
    assert run("sgd", [2.0], l1=0.5, l2=0.25, weight_decay=0.1, decays=False) == pytest.approx(1 - 0.2)
    assert run("adamw", [0.0], weight_decay=0.1) == pytest.approx(1 - 0.1 * 0.1)
    assert run("sgd", [0.0], l1=1.0, w=0.0) == 0.0


def test_decoupled_decay_is_geometric() -> None:
    assert run("sgd", [0.0] * 20, weight_decay=0.5) == pytest.approx((1 - 0.05) ** 20)


def test_clipping_norm_then_value() -> None:
    g = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    spec = complete({**BASE, "optimizer": {"clip_norm": 2.5, "clip_value": 1.8}})["optimizer"]
    got = optimizer.clip(spec, g)
    np.testing.assert_allclose(got["a"], [1.5, 0.0], rtol=1e-6)
    np.testing.assert_allclose(got["b"], [[1.8]])
    loose = complete({**BASE, "optimizer": {"clip_norm": 100.0}})["optimizer"]
    np.testing.assert_array_equal(optimizer.clip(loose, g)["b"], [[4.0]])


def rates(name: str, epochs: int, steps: int, **options: Any) -> list[float]:
    spec = complete({**BASE, "schedule": {"name": name, **options}})["schedule"]
    plateau = schedule.Plateau()
    return [
        schedule.rate(spec, 2.0, e, e * steps + s, epochs * steps, plateau)
        for e in range(epochs)
        for s in range(steps)
    ]


def test_constant_step_exponential() -> None:
    assert rates("constant", 2, 2) == [2.0] * 4
    np.testing.assert_allclose(rates("step", 5, 1, interval=2, decay=0.5), [2, 2, 1, 1, 0.5])
    np.testing.assert_allclose(rates("exponential", 3, 2, decay=0.5), [2, 2, 1, 1, 0.5, 0.5])


def test_warmup_and_cosine() -> None:
    got = rates("cosine", 10, 2, warmup=0.2, final=0.1)
    np.testing.assert_allclose(got[:4], [0.5, 1.0, 1.5, 2.0])
    np.testing.assert_allclose(got[4], 2.0)
    np.testing.assert_allclose(got[12], 2 * (0.1 + 0.9 / 2))  # half the decay
    assert got[-1] > 0.2 and all(a >= b for a, b in itertools.pairwise(got[4:]))
    np.testing.assert_allclose(rates("constant", 2, 3, warmup=2), [1, 2, 2, 2, 2, 2])


def test_one_cycle() -> None:
    got = rates("one_cycle", 10, 10, peak=0.3, div=25.0, final=0.01)
    assert got[0] == pytest.approx(2 / 25) and max(got) == pytest.approx(2.0) == got[30]
    assert got[-1] == pytest.approx(0.02)
    assert got == sorted(got[:31]) + sorted(got[31:], reverse=True)


def test_plateau() -> None:
    spec = complete(
        {
            **BASE,
            "schedule": {
                "name": "plateau",
                "patience": 1,
                "factor": 0.5,
                "min_learning_rate": 0.6,
                "threshold": 0.1,
            },
        }
    )["schedule"]
    state, seen = schedule.Plateau(), []
    for loss in (1.0, 0.95, 0.91, 0.8, 0.8, 0.79, 0.5, 0.5, 0.5, 0.5, 0.5):
        schedule.observe(spec, state, 2.0, loss)
        seen.append(schedule.rate(spec, 2.0, 0, 0, 1, state))
    assert seen == [2, 2, 1, 1, 1, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]


def problem() -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(50, 4))
    y = x[:, :2] * x[:, 2:] + 0.1
    spec = {
        "dtype": "float64",
        "seed": 5,
        "input_size": 4,
        "layers": [{"units": 12, "activation": "tanh"}, {"units": 2}],
        "optimizer": {"name": "adam", "learning_rate": 0.02},
    }
    return x, y, spec


def test_fit_learns_and_goes_on() -> None:
    x, y, spec = problem()
    net, whole = Net(spec), Net(spec)
    first = net.fit(x, y, epochs=10, batch_size=16)
    second = net.fit(x, y, epochs=20, batch_size=16)
    assert [e["epoch"] for e in first + second] == list(range(1, 31))
    assert second[-1]["loss"] < 0.5 * first[0]["loss"]
    whole.fit(x, y, epochs=30, batch_size=16)
    for name, value in net.params.items():
        np.testing.assert_array_equal(value, whole.params[name])


def test_weights_of_two_are_rows_twice() -> None:
    x, y, spec = problem()
    spec["optimizer"] = {"name": "sgd", "learning_rate": 0.1}
    weighted, doubled = Net(spec), Net(spec)
    w = np.where(np.arange(50) < 20, 2.0, 1.0)
    weighted.fit(x, y, w, epochs=5, batch_size=50, shuffle=False)
    twice = np.r_[np.arange(50), np.arange(20)]
    doubled.fit(x[twice], y[twice], epochs=5, batch_size=70, shuffle=False)
    for name, value in weighted.params.items():
        np.testing.assert_allclose(value, doubled.params[name], rtol=1e-12)


def test_early_stopping_brings_back_the_best_weights() -> None:
    x, y, spec = problem()
    spec["optimizer"]["learning_rate"] = 0.2
    net = Net(spec)
    history = net.fit(x[:20], y[:20], None, (x[20:], y[20:], None), epochs=200, batch_size=5, patience=8)
    losses = [e["val_loss"] for e in history]
    assert len(history) == int(np.argmin(losses)) + 9 < 200
    assert net.evaluate(x[20:], y[20:]) == min(losses)


def test_batch_norm_uses_running_statistics_in_inference() -> None:
    x, y, spec = problem()
    spec["layers"][0] |= {"normalization": "batch", "norm_momentum": 1.0}
    net = Net(spec)
    linear = x @ net.params["0.weight"].T + net.params["0.bias"]
    net.fit(x, y, epochs=1, batch_size=50)
    np.testing.assert_allclose(net.buffers["0.norm.running_mean"], linear.mean(axis=0))
    np.testing.assert_allclose(net.buffers["0.norm.running_var"], linear.var(axis=0, ddof=1))
    np.testing.assert_allclose(net.predict(x[:3]), net.predict(x)[:3])


def test_seed_article_perceptron_is_a_net() -> None:
    article = Perceptron(10, 50, 1, seed=2)
    sigmoid = {"activation": "sigmoid", "bias": False, "initialization": "normal"}
    net = Net(
        {
            "dtype": "float64",
            "input_size": 10,
            "layers": [{"units": 50, **sigmoid}, {"units": 1, **sigmoid}],
            "optimizer": {"name": "sgd", "learning_rate": 1.0},
        }
    )
    net.set_params({"0.weight": article.weights1.T, "1.weight": article.weights2.T})
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(30, 10)), rng.random((30, 1))
    article.train(x, y, epochs=25)
    net.fit(x, y, epochs=25, batch_size=30, shuffle=False)
    np.testing.assert_allclose(net.params["0.weight"].T, article.weights1, rtol=1e-12)
    np.testing.assert_allclose(net.params["1.weight"].T, article.weights2, rtol=1e-12)
    np.testing.assert_allclose(net.predict(x), article.forward(x), rtol=1e-12)
