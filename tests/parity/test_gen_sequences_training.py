"""GANs of sequences: the compiled core against the NumPy reference, and its bits."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from parity import engine
from parity import gen_sequence_trainings as trainings
from parity.gen_sequence_trainings import CASES
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
def reference(name: str, dtype: str) -> Any:
    return trainings.trained_reference(CASES[name], dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_training_agrees_with_the_reference(name: str, dtype: str) -> None:
    case, tolerance = CASES[name], PLAYERS[dtype]
    gen, pretrained, history = reference(name, dtype)
    core, data = trainings.core_of(case, dtype), trainings.data_of(case, dtype)
    of_pretraining, records = trainings.fit(core, case, data)
    for key, got, want in [(k, records, history) for k in HISTORY] + [
        (k, of_pretraining, pretrained) for k in ("loss", "learning_rate")
    ]:
        assert_close(np.array([r[key] for r in got]), np.array([h[key] for h in want]), tolerance, key)
    params, expected_params = core.get_params(), gen.get_params()
    assert set(params) == set(expected_params)
    for key, want in expected_params.items():
        assert_close(params[key], want, tolerance, key)
    lengths = np.arange(9) % case.spec["steps"] + 1
    if case.spec.get("eos_token", -1) >= 0:
        lengths = np.full(9, case.spec["steps"])
    labels = None if data.y is None else np.arange(9) % trainings.CLASSES
    samples = core.sample(9, labels, lengths, 3)
    for made, n, want in zip(samples, lengths, gen.sample(9, labels, 3, lengths), strict=True):
        if case.spec.get("vocabulary"):
            assert (made[: len(want)] == want).all()
        else:
            assert_close(made[:n], want, tolerance, "sample")
    count = case.count // 4 * 4
    some = None if data.y is None else data.y[:count]
    scores = core.scores(data.x, data.starts[:count], data.lengths[:count], some)
    assert_close(scores, gen.discriminate(data.sequences[:count], some), tolerance, "scores")


def trained(name: str, dtype: str, threads: int = 1, budget: float = 10.0) -> str:
    case = CASES[name]
    core = trainings.core_of(case, dtype, threads)
    trainings.fit(core, case, trainings.data_of(case, dtype), budget)
    return engine.digest(core)


@engine.kept
def expected(name: str, dtype: str) -> str:
    return trained(name, dtype)


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("name", CASES)
def test_threads(name: str, threads: int) -> None:
    assert trained(name, "float32", threads) == expected(name, "float32")


@pytest.mark.parametrize("name", CASES)
def test_instruction_sets(name: str, fused_isa: str) -> None:
    assert trained(name, "float32") == expected(name, "float32")


@pytest.mark.parametrize("name", ["series-gru-r1r2", "pretrained", "texts-lstm-soft"])
def test_samples_by_number(name: str) -> None:
    case = CASES[name]
    core, data = trainings.core_of(case, "float32", 2), trainings.data_of(case, "float32")
    trainings.fit(core, case, data)
    lengths = np.arange(150) % case.spec["steps"] + 1
    labels = np.arange(150) % trainings.CLASSES
    whole = core.sample(150, labels, lengths, 5)
    for begin, end in ((0, 1), (0, 70), (100, 150)):
        part = core.sample(end - begin, labels[begin:end].copy(), lengths[begin:end].copy(), 5, begin)
        assert part.tobytes() == whole[begin:end].tobytes()
