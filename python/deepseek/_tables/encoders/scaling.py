"""Robust scale of numbers with smooth clipping.

Numbers are centred at the median, divided by the interquartile range, and clipped smoothly, x / sqrt(1 + (x/3)²),
as in RealMLP (Holzmüller, Grinsztajn, Steinwart 2024, arXiv:2407.04491).
"""

from __future__ import annotations

import numpy as np

from .encoded import Floats


def robust_scale(values: Floats) -> tuple[float, float]:
    """Return the median and the factor of the robust scale of finite values.

    The factor is 1 / (third quartile - first quartile); if the quartiles are equal, as in a column of mostly zeros,
    1 / the median distance of the other values from the median; 0 for a constant column.
    """
    low, centre, high = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    spread = high - low
    if not spread > 0:
        others = values[values != centre]
        spread = float(np.median(np.abs(others - centre))) if len(others) else 0.0
    factor = 1.0 / spread if spread > 0 else 0.0
    return centre, factor if np.isfinite(factor) else 0.0


def smooth_clip(values: Floats) -> Floats:
    """Return x / sqrt(1 + (x/3)²), which stays within -3 and 3; infinite values become ±3."""
    bounded = np.clip(values, -1e100, 1e100)
    return bounded / np.sqrt(1.0 + (bounded / 3.0) ** 2)


def scaled(values: Floats, centre: float, factor: float) -> Floats:
    """Return numbers robustly scaled and smoothly clipped; 0 where they are NaN."""
    with np.errstate(over="ignore", invalid="ignore"):
        result = smooth_clip((values - centre) * factor)
    result[np.isnan(result)] = 0.0
    return result
