"""The ablation of the members: scores, paired differences, every variant trains."""

from __future__ import annotations

import numpy as np
import pytest

from deepseek._tabular.recipe import InputShape
from deepseek.bench.tables import ablation, intervals


def test_scores() -> None:
    probabilities, codes = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2]], np.float32), np.array([0, 1, 1])
    score, loss = ablation.scores(probabilities, codes, 2)
    assert score == pytest.approx(200 / 3)
    assert loss == pytest.approx(-np.mean(np.log([0.9, 0.6, 0.2])), rel=1e-6)
    score, loss = ablation.scores(np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 2.0, 3.0]), None)
    assert score == pytest.approx(50.0) and loss == pytest.approx(np.sqrt(1 / 3))


def test_differences_are_paired() -> None:
    results = {
        "a 0": {ablation.BASE: [80.0, 0.5, 1.0], "plain": [79.0, 0.6, 2.0]},
        "b 0": {ablation.BASE: [60.0, 0.4, 1.0], "plain": [63.0, 0.4, 4.0]},
    }
    base, plain = ablation.summary(results, [ablation.BASE, "plain"])[1:]
    assert " ".join(base.split()) == "periodic 0.1 70.00 +0.00 ± 0.00 0/2 +0.00 ± 0.00 1.00"
    assert " ".join(plain.split()) == "plain 71.00 +1.00 ± 2.00 1/2 +10.00 ± 10.00 3.00"


@pytest.mark.parametrize("name", ["plain", "piecewise 16", "input scales, rate 6", "256-256-256"])
def test_variants_train(name: str) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(80, 6)).astype(np.float32)
    codes = (matrix[:, 0] > 0).astype(np.int64)
    shape = InputShape(continuous=3, plain=4, width=6)
    found = ablation.outputs(ablation.VARIANTS[name], (matrix, codes), matrix, shape, 2)
    assert found.shape == (80, 2) and ablation.scores(found, codes, 2)[0] > 90.0


def test_scores_of_intervals() -> None:
    target = np.array([-1.0, 1.0, -1.0, 1.0])
    quantiles = np.tile(np.linspace(-0.8, 0.8, 9), (4, 1))
    quantiles[:2, [1, 7]] = [-1.0, 1.0]
    loss, inside = intervals.scores(quantiles, target)
    error = target[:, None] - quantiles
    pinball = np.where(error > 0, intervals.LEVELS * error, (intervals.LEVELS - 1) * error)
    assert loss == pytest.approx(100 * pinball.mean()) and inside == 0.5
