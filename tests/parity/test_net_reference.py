"""Whole training runs: the compiled core against the NumPy reference, weights, losses and predictions."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from deepseek import _core
from deepseek.reference import complete, init
from parity import engine
from parity.cases import CASES, Case
from parity.tolerances import INITIAL, SIGNED, STEP, TRAINED, assert_close

DTYPES = ("float32", "float64")
THREADED = [name for name in CASES if name.startswith("big")]


class Data:
    """Arrays of a case in one dtype."""

    def __init__(self, case: Case, dtype: str) -> None:
        self.x = engine.numbers(case.rows, case.spec["input_size"], 1, dtype)
        self.y = engine.targets(case.spec, case.rows, 1, dtype)
        self.w = np.abs(engine.numbers(case.rows, 1, 5, dtype)[:, 0]) if case.weighted else None
        self.validation = None
        if case.held_out:
            x = engine.numbers(case.held_out, case.spec["input_size"], 2, dtype)
            w = np.abs(engine.numbers(case.held_out, 1, 6, dtype)[:, 0]) if case.weighted else None
            self.validation = (x, engine.targets(case.spec, case.held_out, 2, dtype), w)
        self.options = {"epochs": case.epochs, "batch_size": case.batch, **case.fit}


@functools.cache
def trained_reference(name: str, dtype: str) -> engine.Training:
    case = CASES[name]
    data = Data(case, dtype)
    net = engine.reference_of({**case.spec, "dtype": dtype})
    history = engine.columns(net.fit(data.x, data.y, data.w, data.validation, **data.options))
    loss = net.evaluate(data.x, data.y, data.w)
    return engine.Training(history, net.get_params(), net.predict(data.x), loss)


def check(name: str, dtype: str, threads: int) -> None:
    case = CASES[name]
    data = Data(case, dtype)
    expected = trained_reference(name, dtype)
    tolerance = (SIGNED if "lion" in name else TRAINED)[dtype]

    def run() -> engine.Training:
        core = _core.NetCore({**case.spec, "dtype": dtype, "threads": threads})
        records = engine.fit(core, data.x, data.y, data.w, data.validation, **data.options)
        params = core.get_params()
        assert list(params) == [row[0] for row in core.layout()]
        history = engine.columns(records)
        loss = core.evaluate(data.x, data.y, data.w)
        return engine.Training(history, params, core.predict(data.x), loss)

    engine.on_every_isa(run, lambda found: engine.compare_trainings(found, expected, dtype, tolerance))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_training(name: str, dtype: str) -> None:
    check(name, dtype, 1)


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", THREADED)
def test_training_by_several_threads(name: str, dtype: str, threads: int) -> None:
    check(name, dtype, threads)


@pytest.mark.parametrize("name", CASES)
def test_specification_is_completed_alike(name: str) -> None:
    spec = CASES[name].spec
    assert _core.NetCore(spec).spec() == complete(spec)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(17, 40), (40, 17), (9, 9), (1, 33)])
@pytest.mark.parametrize("name", init.NAMES)
def test_initial_weights(name: str, shape: tuple[int, int], dtype: str) -> None:
    layer = {"units": shape[0], "initialization": name, "init_gain": 1.5}
    spec = {
        "dtype": dtype,
        "seed": 99,
        "input_size": shape[1],
        "layers": [layer, {"units": 3, "initialization": name}],
    }
    params = _core.NetCore(spec).get_params()
    for key, want in engine.reference_of(spec).get_params().items():
        assert_close(params[key], want, INITIAL[dtype], key)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_one_step_of_gradients(name: str, dtype: str) -> None:
    """One step of plain gradient descent with rate 1 moves each weight by its gradient."""
    case = CASES[name]
    data = Data(case, dtype)
    spec = {
        **case.spec,
        "dtype": dtype,
        "optimizer": {"name": "sgd", "learning_rate": 1.0},
        "schedule": {"name": "constant"},
    }
    before = _core.NetCore(spec).get_params()
    loss, grads, _ = engine.reference_of(spec, before).gradients(data.x, data.y, data.w)

    def run() -> tuple[float, dict[str, Any], dict[str, Any]]:
        core = _core.NetCore(spec)
        start = core.get_params()
        record = engine.fit(core, data.x, data.y, data.w, epochs=1, batch_size=case.rows, shuffle=False)[0]
        return record["loss"], start, core.get_params()

    def compare(found: tuple[float, dict[str, Any], dict[str, Any]]) -> None:
        got, start, after = found
        assert engine.bits(start) == engine.bits(before), "initial weights depend on the instruction set"
        assert_close(got, loss, STEP[dtype], "loss")
        for key, want in grads.items():
            moved = before[key].astype(np.float64) - after[key].astype(np.float64)
            # The difference is exact up to the weights' own rounding.
            slack = np.abs(before[key]).max() / max(float(np.abs(want).max()), 1e-300) * np.finfo(dtype).eps
            if np.abs(want).max() < 1e-12:  # zero but for rounding, as a bias under batch normalisation
                assert np.abs(moved).max() < 1e3 * np.finfo(dtype).eps
            else:
                assert_close(moved, want, STEP[dtype] + slack, key)

    engine.on_every_isa(run, compare)


def test_seed_article_network(isa: str) -> None:
    """The article's perceptron itself, in the same epochs."""
    from deepseek.reference.seed import Perceptron

    article = Perceptron(10, 50, 1, seed=3)
    layer = {"activation": "sigmoid", "bias": False, "initialization": "normal"}
    core = _core.NetCore(
        {
            "dtype": "float64",
            "input_size": 10,
            "layers": [{"units": 50, **layer}, {"units": 1, **layer}],
            "optimizer": {"name": "sgd", "learning_rate": 1.0},
        }
    )
    core.set_params({"0.weight": article.weights1.T.copy(), "1.weight": article.weights2.T.copy()})
    x, y = engine.numbers(40, 10, 1), (engine.numbers(40, 1, 2) + 2) / 4
    article.train(x, y, epochs=50)
    engine.fit(core, x, y, epochs=50, batch_size=40, shuffle=False)
    assert_close(core.get_params()["0.weight"].T, article.weights1, TRAINED["float64"], "weights1")
    assert_close(core.get_params()["1.weight"].T, article.weights2, TRAINED["float64"], "weights2")
    assert_close(core.predict(x), article.forward(x), TRAINED["float64"], "outputs")
