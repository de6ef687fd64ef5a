"""Weights of members and linear models: minima of the out-of-fold loss; conformal quantiles; folds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepseek._tabular.blend import Blend, fit_probabilities, fit_values
from deepseek._tabular.conformal import conformal_quantiles
from deepseek._tabular.folds import assign_folds, holdout
from deepseek._tabular.scores import class_scores, per_class, value_scores


def softmax(logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def sample(rows: int, sharp: float, noise: float, seed: int = 0) -> tuple[Any, Any, Any]:
    """Probabilities of a flat good model and of a noisy one, and classes drawn from the truth."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, 3)) * 2
    truth = softmax(logits)
    codes = (truth.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)
    return softmax(logits / sharp), softmax(logits + noise * rng.normal(size=logits.shape)), codes


def loss(blend: Blend, net: Any, linear: Any, codes: Any) -> float:
    found = blend.probabilities(net, linear)
    return -float(np.mean(np.log(found[np.arange(len(codes)), codes])))


def test_probabilities_have_the_lowest_loss() -> None:
    net, linear, codes = sample(4000, 2.0, 1.5)
    blend = fit_probabilities(net, linear, codes)
    assert blend.net == pytest.approx(2.0, abs=0.25) and blend.linear < 0.2  # sharpens the flat model
    best = loss(blend, net, linear, codes)
    for u in np.arange(0.0, 4.0, 0.2):
        for v in np.arange(0.0, 1.0, 0.1):
            assert best <= loss(Blend(float(u), float(v)), net, linear, codes) + 2e-4


def test_probabilities_of_a_useless_model_have_weight_0() -> None:
    net, _, codes = sample(2000, 1.0, 0.0)
    wrong = softmax(-np.log(net))  # prefers the wrong classes
    blend = fit_probabilities(net, wrong, codes)
    assert 0.9 < blend.net < 1.1 and blend.linear == 0.0
    swapped = fit_probabilities(wrong, net, codes)
    assert (swapped.net, swapped.linear) == (blend.linear, blend.net)


def test_few_rows_get_about_equal_weights() -> None:
    net, linear, codes = sample(2, 1.0, 1.0)
    blend = fit_probabilities(net, linear, codes)
    assert blend.net == pytest.approx(0.5, abs=0.3) and blend.linear == pytest.approx(0.5, abs=0.3)
    assert fit_probabilities(net[:0], linear[:0], codes[:0]) == Blend(0.5, 0.5)
    assert fit_values(net[:0, 0], linear[:0, 0], codes[:0]) == Blend(0.5, 0.5)


def test_certain_classes_have_bounded_weights() -> None:
    codes = np.arange(300) % 3
    net = np.eye(3)[codes] * 0.6 + 0.4 / 3
    blend = fit_probabilities(net, net, codes)
    assert 1.0 < blend.net <= 4.0 and np.isfinite(blend.probabilities(net, net)).all()
    hard = np.eye(3)[codes]
    assert np.isfinite(fit_probabilities(hard, hard[::-1], codes).net)


def test_numbers_have_the_lowest_squared_error() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=5000)
    net, linear = truth + rng.normal(size=5000), truth + 2.0 * rng.normal(size=5000)
    blend = fit_values(net, linear, truth)
    assert blend.net + blend.linear == pytest.approx(1.0) and blend.linear == pytest.approx(0.2, abs=0.02)
    errors = [np.mean((Blend(1 - w, w).values(net, linear) - truth) ** 2) for w in np.linspace(0, 1, 101)]
    assert np.mean((blend.values(net, linear) - truth) ** 2) <= min(errors) + 1e-4
    assert fit_values(truth, truth, truth) == Blend(0.5, 0.5)
    assert fit_values(truth, truth + 50.0, truth).linear < 0.01


def test_conformal_quantiles_cover() -> None:
    rng = np.random.default_rng(1)
    residuals, member = rng.normal(size=999), rng.integers(0, 4, 999)
    centers = np.zeros((3000, 4))
    found = conformal_quantiles(centers, residuals, member, np.array([0.05, 0.5, 0.95]))
    assert (found == found[0]).all()  # every row has the candidates of every residual
    order = np.sort(residuals)
    assert found[0].tolist() == [order[49], order[499], order[949]]  # ranks of 1000·q
    shifted = conformal_quantiles(centers + 3.0, residuals, member, np.array([0.5]))
    assert shifted[0, 0] == pytest.approx(found[0, 1] + 3.0)


def test_folds_hold_out_every_class_alike() -> None:
    codes = np.array([0] * 50 + [1] * 21 + [2])
    fold = assign_folds(72, 5, 0, codes)
    assert fold[-1] == -1  # a class with a single row stays in training
    counts = np.array([[np.sum(fold[codes == c] == k) for k in range(5)] for c in (0, 1)])
    assert counts[0].tolist() == [10] * 5 and sorted(counts[1]) == [4, 4, 4, 4, 5]
    assert sorted(np.bincount(assign_folds(13, 5, 0))) == [2, 2, 3, 3, 3]
    mask = holdout(72, 14, 0, codes)
    assert mask.sum() == 14 and not mask[-1] and mask[codes == 0].sum() == 10


def test_scores() -> None:
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.8, 0.2]])
    codes = np.array([0, 0, 1, 1])
    found = class_scores(probabilities, codes)
    assert found["accuracy"] == 0.5 and found["balanced_accuracy"] == 0.5
    assert found["auc"] == 0.75  # three of four pairs are in order
    assert found["log_loss"] == pytest.approx(-np.mean(np.log([0.9, 0.4, 0.7, 0.2])))
    assert per_class(probabilities, codes)[1] == {"rows": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert np.isnan(class_scores(probabilities, np.zeros(4, int))["auc"])
    assert value_scores(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(
        {"r2": 0.5, "rmse": np.sqrt(1 / 3), "mae": 1 / 3}
    )
