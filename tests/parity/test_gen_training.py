"""GANs, the compiled core against the NumPy reference: weights, history, samples, scores."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from parity import gen_trainings
from parity.gen_trainings import ALL, CASES, WIDE
from parity.tolerances import PLAYERS, assert_close

HISTORY = (
    "loss",
    "penalty",
    "real_score",
    "fake_score",
    "generator_loss",
    "learning_rate",
    "generator_learning_rate",
)


@functools.cache
def reference(name: str, dtype: str) -> tuple[Any, list[dict[str, float]]]:
    return gen_trainings.trained_reference(ALL[name], dtype)


def check(name: str, dtype: str, threads: int) -> None:
    case = ALL[name]
    gen, history = reference(name, dtype)
    core = gen_trainings.core_of(case, dtype, threads)
    x, y = gen_trainings.data_of(case, dtype)
    records = gen_trainings.fit(core, case, x, y)
    tolerance = PLAYERS[dtype]
    assert [r["epoch"] for r in records] == [h["epoch"] for h in history]
    for key in HISTORY:
        assert_close(np.array([r[key] for r in records]), np.array([h[key] for h in history]), tolerance, key)
    params, expected_params = core.get_params(), gen.get_params()
    assert list(params) == [row[0] for row in core.layout()]
    assert set(params) == set(expected_params)
    for key, want in expected_params.items():
        assert params[key].shape == want.shape
        assert_close(params[key], want, tolerance, key)
    labels = None if y is None else np.arange(9) % gen_trainings.CLASSES
    assert_close(core.sample(9, labels, 3), gen.sample(9, labels, 3), tolerance, "samples")
    together = gen.spec["pac"] * max(gen.spec["minibatch_std"], 1)
    n = len(x) // together * together
    some = None if y is None else y[:n]
    assert_close(core.scores(x[:n], some), gen.discriminate(x[:n], some), tolerance, "scores")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_training_agrees_with_the_reference(name: str, dtype: str) -> None:
    check(name, dtype, 1)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("name", WIDE)
def test_wide_players(name: str, threads: int) -> None:
    check(name, "float64", threads)
