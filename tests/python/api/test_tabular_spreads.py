"""Prediction intervals of a TabularNet: wide where the errors are large, constant where they are all alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._io.reader import read_model
from deepseek._io.writer import write_model
from deepseek._tabular.spreads import fit_spreads, spreads_of

Array = np.ndarray[Any, Any]


def noisy(rows: int, seed: int, growth: float) -> tuple[Array, Array]:
    """Numbers whose noise has the standard deviation 0.2·exp(growth·x1)."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (rows, 3))
    return X, X[:, 0] + 0.2 * np.exp(growth * X[:, 1]) * rng.normal(size=rows)


def fitted(growth: float, threads: int | None = None) -> ds.TabularNet:
    model = ds.TabularNet(members=5, epochs=15, hidden=(32,), task="regression", threads=threads)
    return model.fit(*noisy(1200, 0, growth))


@pytest.fixture(scope="module")
def growing() -> ds.TabularNet:
    return fitted(1.5)


def test_intervals_follow_the_noise(growing: ds.TabularNet) -> None:
    X, y = noisy(4000, 1, 1.5)
    low, high = growing.predict_quantiles(X, [0.05, 0.95]).T
    calm, wild = X[:, 1] < -0.5, X[:, 1] > 0.5
    ratio = np.mean((high - low)[wild]) / np.mean((high - low)[calm])
    assert 4.0 < ratio < 20.0  # of the noise: e^(1.5·1.5) = 9.5
    inside = (low <= y) & (y <= high)
    for part in (calm, wild, np.full(4000, True)):
        assert 0.82 < inside[part].mean() < 0.97


def test_constant_noise_has_constant_intervals() -> None:
    model = fitted(0.0)
    assert model._state is not None and model._state.spread_nets == []
    X, y = noisy(4000, 1, 0.0)
    low, high = model.predict_quantiles(X, [0.05, 0.95]).T
    assert 0.86 < np.mean((low <= y) & (y <= high)) < 0.94


def test_bits_and_files(growing: ds.TabularNet, tmp_path: Path) -> None:
    growing.save(tmp_path / "a.ds")
    fitted(1.5, threads=1).save(tmp_path / "b.ds")
    assert (tmp_path / "a.ds").read_bytes() == (tmp_path / "b.ds").read_bytes()
    X, _ = noisy(50, 2, 1.5)
    loaded = ds.load(tmp_path / "a.ds")
    assert loaded.predict_quantiles(X).tobytes() == growing.predict_quantiles(X).tobytes()


def test_a_file_with_a_spread_too_few_is_refused(growing: ds.TabularNet, tmp_path: Path) -> None:
    growing.save(tmp_path / "a.ds")
    config, tensors = read_model(tmp_path / "a.ds")
    config["fitted"]["spreads"] = config["fitted"]["spreads"][:-1]
    kept = {name: array for name, array in tensors.items() if not name.startswith("spreads.4.")}
    write_model(tmp_path / "b.ds", config, kept)
    with pytest.raises(ValueError, match="spreads: got 4 nets; expected one for each member"):
        ds.load(tmp_path / "b.ds")


@pytest.mark.parametrize(
    ("rows", "members", "scale"),
    [(0, 5, 1.0), (20, 5, 1.0), (200, 1, 1.0), (200, 5, 0.0)],
    ids=["no row", "few rows", "one member", "no error"],
)
def test_constant_where_nothing_can_be_learned(rows: int, members: int, scale: float) -> None:
    X, y = noisy(rows, 0, 1.5)
    member = np.arange(rows) % members
    assert fit_spreads(X.astype(np.float32), scale * y, member, seed=0, threads=1, device="cpu") == []


def test_spreads_are_bounded(growing: ds.TabularNet) -> None:
    assert growing._state is not None
    found = spreads_of(growing._state.spread_nets, np.full((3, 6), 1e6, np.float32))
    assert found.shape == (3, 5) and (found >= 0.05).all() and (found <= 20.0).all()
