"""Central differences by the five-point stencil: derivatives that know nothing of back-propagation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from parity.tolerances import DIFFERENCES

Array = NDArray[np.float64]

STEP = 2e-4


def slope(f: Callable[[], float], a: Array, direction: Array, step: float = STEP) -> float:
    """df/dε of f at a + ε·direction; `f` reads `a`, which is changed and put back."""
    kept = a.copy()
    values = []
    for k in (-2, -1, 1, 2):
        a[...] = kept + k * step * direction
        values.append(f())
    a[...] = kept
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)


def central_difference(f: Callable[[], float], a: Array, step: float = STEP) -> Array:
    """df/da, one element after another."""
    out = np.empty_like(a)
    for i in np.ndindex(a.shape):
        direction = np.zeros_like(a)
        direction[i] = 1.0
        out[i] = slope(f, a, direction, step)
    return out


def compare(
    value: Callable[[], float],
    grads: dict[str, Array],
    arrays: dict[str, Array],
    whole: bool = False,
    step: float = STEP,
) -> None:
    """Hold gradients against differences: by all elements if `whole`, else along one random direction an array."""
    rng = np.random.default_rng(7)
    assert set(grads) == set(arrays)
    for name, got in grads.items():
        assert got.shape == arrays[name].shape, name
        typical = max(float(np.linalg.norm(got)), 1e-4)
        if whole:
            error = float(np.linalg.norm(got - central_difference(value, arrays[name], step)))
        else:
            direction = rng.normal(size=got.shape)
            direction /= np.linalg.norm(direction)
            error = abs(float((got * direction).sum()) - slope(value, arrays[name], direction, step))
            typical /= got.size**0.5
        assert error < DIFFERENCES * typical, f"{name}: relative error {error / typical:.1e}"
