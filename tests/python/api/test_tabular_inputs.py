"""Inputs of TabularNet's members: scales and bins of columns in which one value has most rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek._tables.encoders.scaling import robust_scale, scaled
from deepseek._tabular.piecewise import PiecewiseEncoder


def zeros_and(rows: int) -> np.ndarray[Any, Any]:
    """900 zeros and rows numbers above 1000."""
    rng = np.random.default_rng(0)
    return np.concatenate([np.zeros(900), 1000.0 + 500.0 * rng.exponential(size=rows)])


def test_the_scale_of_mostly_zeros_is_that_of_the_others() -> None:
    values = np.append(zeros_and(99), 1e6)  # an outlier
    centre, factor = robust_scale(values)
    assert centre == 0.0 and factor == pytest.approx(1.0 / np.median(values[values > 0]))
    others = scaled(values, centre, factor)[900:999]
    assert others.min() > 0.5 and np.ptp(others) > 0.8
    assert robust_scale(np.full(10, 3.0)) == (3.0, 0.0)
    assert robust_scale(np.arange(5.0)) == (2.0, 0.5)


def test_no_value_takes_more_than_one_bin() -> None:
    column = zeros_and(100).astype(np.float32)
    (edges,) = PiecewiseEncoder.fit(column[:, None]).edges
    assert len(edges) == 17 and edges[0] == 0.0 and edges[1] >= 1000.0 and edges[-1] == column.max()
    counts = np.histogram(column[900:], edges[1:])[0]
    assert counts.min() >= 4 and counts.max() <= 9  # of 100 values in 15 bins


def test_bins_of_different_values_are_quantiles() -> None:
    column = np.random.default_rng(1).normal(size=1600).astype(np.float32)
    (edges,) = PiecewiseEncoder.fit(column[:, None]).edges
    assert np.abs(np.histogram(column, edges)[0] - 100).max() <= 1
    few = np.repeat(np.arange(5, dtype=np.float32), 20)[:, None]
    assert PiecewiseEncoder.fit(few).edges[0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert not len(PiecewiseEncoder.fit(np.ones((50, 1), np.float32)).edges[0])


def test_a_table_without_targets_is_refused_for_that_reason() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the message is compared below)
        ds.TabularNet().fit({"x": np.arange(20.0), "y": [None] * 20}, "y")
    assert str(caught.value) == 'column "y": got no values; expected a target'


def test_a_name_with_other_blanks_is_suggested() -> None:
    net = ds.TabularNet(members=2, epochs=2).fit({"x": np.arange(20.0), "y": np.arange(20.0) / 7}, "y")
    with pytest.raises(ValueError, match='did you mean " x " for "x"'):
        net.predict({" x ": np.arange(3.0)})


@pytest.mark.parametrize("unit", [1e-200, 1e-300, 1e160, 1e300])
def test_targets_of_any_magnitude(unit: float) -> None:
    x = np.linspace(-1.0, 1.0, 200)
    net = ds.TabularNet(members=2, epochs=30).fit({"x": x, "y": (x + 1.5) * unit}, "y")
    assert np.abs(net.predict({"x": x}) / unit - (x + 1.5)).max() < 0.3
