"""Every tolerance of the parity tests, in one table. It only tightens.

All are relative to the largest magnitude of the array compared, or to `FLOOR` where that is smaller: a bias below
batch normalisation has a gradient of zero, and what is left of it is rounding (see `assert_close`). What is promised
bit for bit is not here: those tests compare bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# One forward or backward pass: rounding of sums of some hundred terms.
STEP = {"float64": 1e-13, "float32": 5e-6}
# The same through layer normalisation of a recurrent net's states: while these are small it magnifies their rounding,
# once a step.
STEEP = {"float64": 1e-13, "float32": 1e-5}
# Weights, losses and predictions after whole training runs: rounding, carried along by a few dozen updates.
TRAINED = {"float64": 1e-10, "float32": 1e-4}
# The same for both players of a GAN: gradients of gradients, and small differences of their scores.
PLAYERS = {"float64": 1e-10, "float32": 3e-4}
# Where a sign decides a whole step (Lion): in float32 a gradient near zero may fall on the other side.
SIGNED = {"float64": 1e-10, "float32": 2e-2}
# Initial weights: the reference draws with NumPy's log and cos.
INITIAL = {"float64": 1e-14, "float32": 1e-7}
# Gradients against central differences, in float64.
DIFFERENCES = 1e-7
# Weights and losses of the test cases are around 1; nothing smaller than this is compared relative to itself.
FLOOR = 1e-3


def assert_close(got: NDArray[Any] | float, want: NDArray[Any] | float, tolerance: float, what: str) -> None:
    """|got - want| <= tolerance · max(max|want|, FLOOR) everywhere."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    assert got.shape == want.shape, f"{what}: shape {got.shape} instead of {want.shape}"
    scale = max(float(np.abs(want).max(initial=0.0)), FLOOR)
    error = float(np.abs(got - want).max(initial=0.0)) / scale
    assert error <= tolerance, f"{what}: relative error {error:.1e} above {tolerance:.0e}"
