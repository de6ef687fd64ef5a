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
    """Hold gradients against differences: by all elements if `whole`, else along one random direction an array.

    A gradient has to agree at one of two steps: rounding divides by the step, the stencil's error grows with it.
    """
    rng = np.random.default_rng(7)
    assert set(grads) == set(arrays)
    for name, got in grads.items():
        assert got.shape == arrays[name].shape, name
        typical = max(float(np.linalg.norm(got)), 1e-4) / (1.0 if whole else got.size**0.5)
        direction = rng.normal(size=got.shape)
        direction /= np.linalg.norm(direction)
        errors = []
        for h in (step, 4 * step):
            if whole:
                errors.append(float(np.linalg.norm(got - central_difference(value, arrays[name], h))))
            else:
                errors.append(abs(float((got * direction).sum()) - slope(value, arrays[name], direction, h)))
            if errors[-1] < DIFFERENCES * typical:
                break
        assert min(errors) < DIFFERENCES * typical, f"{name}: relative error {min(errors) / typical:.1e}"
