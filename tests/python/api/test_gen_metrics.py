"""The figures of a Gen's monitors, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from deepseek._gen.collapse import collapse_reason
from deepseek._gen.tstr import tstr
from deepseek._metrics import samples
from deepseek._metrics.tabular import kolmogorov_smirnov


def rows(count: int, columns: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, columns))


def test_frechet_of_normal_rows() -> None:
    a, b = rows(4000), rows(4000, seed=1)
    assert samples.frechet(a, a) == pytest.approx(0.0, abs=1e-9)
    assert samples.frechet(a, b) < 0.02
    # independent columns: Σ (m - m')² + (s - s')²
    moved = b * [1.0, 2.0, 1.0, 1.0] + [0.0, 0.0, 3.0, 0.0]
    assert samples.frechet(a, moved, scaled=False) == pytest.approx(1.0 + 9.0, rel=0.03)
    assert samples.frechet(10 * a, 10 * moved) == pytest.approx(samples.frechet(a, moved), rel=1e-9)


def test_frechet_knows_covariance() -> None:
    a = rows(4000, 2)
    correlated = np.stack([a[:, 0], 0.9 * a[:, 0] + np.sqrt(1 - 0.81) * a[:, 1]], axis=1)
    # tr(C + C' - 2 (C C')^½) of the unit matrix and one with eigenvalues 1.9 and 0.1
    assert samples.frechet(a, correlated, scaled=False) == pytest.approx(
        4 - 2 * (1.9**0.5 + 0.1**0.5), rel=0.1
    )


def test_frechet_of_constant_columns() -> None:
    a = np.concatenate([rows(50), np.ones((50, 1))], axis=1)
    assert samples.frechet(a, a) == pytest.approx(0.0, abs=1e-9)


def test_mmd_is_the_double_sum() -> None:
    a, b = rows(30, 3), rows(20, 3, seed=1) + 0.5
    scale, mean = a.std(axis=0), a.mean(axis=0)
    x, y = (a - mean) / scale, (b - mean) / scale
    far = [np.linalg.norm(p - q) for i, p in enumerate(x) for q in x[:i]]
    width = 2 * np.median(np.square(far))

    def kernel(p: np.ndarray, q: np.ndarray) -> float:
        return float(np.exp(-np.square(p - q).sum() / width))

    within = np.mean([kernel(p, q) for i, p in enumerate(x) for j, q in enumerate(x) if i != j])
    among = np.mean([kernel(p, q) for i, p in enumerate(y) for j, q in enumerate(y) if i != j])
    between = np.mean([kernel(p, q) for p in x for q in y])
    assert samples.mmd(a, b) == pytest.approx(within + among - 2 * between, rel=1e-9)
    assert abs(samples.mmd(rows(900), rows(900, seed=1))) < 0.003


def test_ks_is_the_largest_gap() -> None:
    assert kolmogorov_smirnov(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0])) == 0.5
    assert kolmogorov_smirnov(np.array([1.0, 1.0]), np.array([2.0])) == 1.0
    assert samples.ks([[0.0, 1.0], [1.0, 2.0]], [[0.0, 5.0], [1.0, 6.0]]) == 0.5


def test_tstr_of_labels_that_mean_something_or_nothing() -> None:
    y = np.arange(300) % 3
    X = 3.0 * np.eye(3)[y] + 0.5 * rows(300, 3)
    assert tstr(X, y, X, y, 3) > 0.97
    assert tstr(X, y, X, np.roll(y, 1), 3) < 0.1


def test_spread() -> None:
    assert samples.spread([[0.0, 0.0], [3.0, 4.0]]) == 5.0
    assert samples.spread([[0.0], [0.0], [6.0]]) == pytest.approx(4.0)
    assert samples.spread([[1.0, 2.0]]) == 0.0


def test_collapse_reason() -> None:
    y = np.arange(200) % 2
    real = 5.0 * y[:, None] + rows(200, 2)
    assert collapse_reason(real, y, real[::-1], y[::-1]) is None
    assert "mean distance" in str(collapse_reason(real, None, 0.01 * real, None))
    two_rows = 5.0 * y[:, None] + 0.001 * rows(200, 2)
    assert collapse_reason(real, None, two_rows, None) is None
    assert collapse_reason(real, y, two_rows, y) == "the samples of each label are nearly equal"
    half = np.where(y[:, None] == 1, two_rows, real)
    assert collapse_reason(real, y, half, y) is None, "one label of two is left"
    assert collapse_reason(np.ones((50, 2)), None, np.ones((50, 2)), None) is None, "as the data are"
