"""The elementary functions: distance from the truth, limits, symmetry, one set of bits.

Here about a million float32 bit patterns a function, spread over all of them, and some hundred thousand
float64 numbers; ``tests/cpp/ulp_sweep.cpp`` goes through every float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek import _core
from parity.engine import FUSED_ISAS, each_isa

Array = NDArray[Any]

# Units in the last place: the largest error of the full sweep (float32: over all of them), rounded up. The baseline
# build, without fused multiply-add, rounds a little more often.
LIMITS = {
    "exp": {"float32": 1.1, "float64": 1.1},
    "expm1": {"float32": 1.7, "float64": 2.0},
    "log": {"float32": 0.9, "float64": 0.9},
    "log1p": {"float32": 1.5, "float64": 1.5},
    "tanh": {"float32": 2.0, "float64": 2.1},
    "sigmoid": {"float32": 1.7, "float64": 1.8},
    "softplus": {"float32": 1.8, "float64": 1.7},
    "erf": {"float32": 1.3, "float64": 1.6},
}
BASELINE_MORE = 0.2
INF, NAN = math.inf, math.nan
# Arguments and exact results, of either type.
EDGES: dict[str, list[tuple[float, float]]] = {
    "exp": [(-INF, 0), (-1e4, 0), (0.0, 1), (-0.0, 1), (1e4, INF), (INF, INF), (NAN, NAN)],
    "expm1": [(-INF, -1), (-1e4, -1), (0.0, 0.0), (-0.0, -0.0), (1e4, INF), (INF, INF), (NAN, NAN)],
    "log": [(-INF, NAN), (-1, NAN), (0.0, -INF), (-0.0, -INF), (1, 0.0), (INF, INF), (NAN, NAN)],
    "log1p": [(-INF, NAN), (-2, NAN), (-1, -INF), (0.0, 0.0), (-0.0, -0.0), (INF, INF), (NAN, NAN)],
    "tanh": [(-INF, -1), (-100, -1), (0.0, 0.0), (-0.0, -0.0), (100, 1), (INF, 1), (NAN, NAN)],
    "sigmoid": [(-INF, 0), (-1e4, 0), (0.0, 0.5), (-0.0, 0.5), (100, 1), (INF, 1), (NAN, NAN)],
    "softplus": [(-INF, 0), (-1e4, 0), (1e4, 1e4), (INF, INF), (NAN, NAN)],
    "erf": [(-INF, -1), (-10, -1), (0.0, 0.0), (-0.0, -0.0), (10, 1), (INF, 1), (NAN, NAN)],
}
FUNCTIONS = list(LIMITS)


def limit(name: str, dtype: str, isa: str) -> float:
    return LIMITS[name][dtype] + (BASELINE_MORE if isa == "baseline" else 0.0)


def truth(name: str, x: Array) -> Array:
    """The function of x, in x's own type (float64 or longer)."""
    if name == "erf":
        return np.fromiter(map(math.erf, x.tolist()), np.float64, len(x))
    if name == "sigmoid":
        e = np.exp(-np.abs(x))
        return np.where(x < 0, e, 1) / (1 + e)
    if name == "softplus":
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    function: Callable[[Array], Array] = getattr(np, name)
    return function(x)


def units_off(got: Array, want: Array) -> Array:
    """|got - want| in units of got's last place at want; 0 where both are NaN or want rounds to got."""
    info = np.finfo(got.dtype)
    _, exponent = np.frexp(want.astype(np.float64) if got.dtype == np.float32 else want)
    ulp = np.maximum(exponent, info.minexp + 1) - (info.nmant + 1)
    with np.errstate(invalid="ignore", over="ignore"):
        rounded = want.astype(got.dtype)
        off = np.abs(np.ldexp(got.astype(want.dtype) - want, -ulp)).astype(np.float64)
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    return np.where(same, 0.0, off)


def all_sorts_of_float32() -> Array:
    patterns = np.arange(0, 1 << 32, 4093, dtype=np.uint64).astype(np.uint32)
    return patterns.view(np.float32)


def all_sorts_of_float64(n: int) -> Array:
    random = np.random.default_rng(7)
    anything = random.integers(0, 1 << 64, n, dtype=np.uint64).view(np.float64)
    usual = random.uniform(-40, 40, n)
    small = np.ldexp(random.uniform(1, 2, n), random.integers(-60, 10, n)) * random.choice([-1.0, 1.0], n)
    return np.concatenate([anything, usual, small])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_within_units(name: str, isa: str) -> None:
    x = all_sorts_of_float32()
    with np.errstate(all="ignore"):
        want = truth(name, x.astype(np.float64))
    off = units_off(_core.kernels.function(name, x), want)
    worst = int(np.argmax(np.where(np.isnan(off), np.inf, off)))
    assert off[worst] <= limit(name, "float32", isa), f"{name}({x[worst]!r}) is {off[worst]:.3f} units off"


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long double is double here")
@pytest.mark.parametrize("name", [f for f in FUNCTIONS if f != "erf"])
def test_float64_within_units(name: str, isa: str) -> None:
    x = all_sorts_of_float64(100_000)
    with np.errstate(all="ignore"):
        want = truth(name, x.astype(np.longdouble))
    off = units_off(_core.kernels.function(name, x), want)
    worst = int(np.argmax(np.where(np.isnan(off), np.inf, off)))
    assert off[worst] <= limit(name, "float64", isa), f"{name}({x[worst]!r}) is {off[worst]:.3f} units off"


@pytest.mark.peers
def test_float64_erf_within_units(isa: str) -> None:
    mpmath = pytest.importorskip("mpmath")
    x = np.concatenate(
        [np.linspace(-6.5, 6.5, 2001), np.linspace(0.9, 1.2, 1001), np.geomspace(1e-310, 1, 300)]
    )
    got = _core.kernels.function("erf", x)
    with mpmath.workdps(30):
        for a, b in zip(x.tolist(), got.tolist(), strict=True):
            off = abs(mpmath.mpf(b) - mpmath.erf(a)) / mpmath.mpf(math.ulp(abs(b)))
            assert off <= limit("erf", "float64", isa), f"erf({a!r}) is {float(off):.3f} units off"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_limits_and_nan(name: str, dtype: str, isa: str) -> None:
    x, want = (np.array(column, dtype) for column in zip(*EDGES[name], strict=True))
    got = _core.kernels.function(name, x)
    assert np.array_equal(got, want, equal_nan=True)
    number = ~np.isnan(want)
    assert np.array_equal(np.signbit(got[number]), np.signbit(want[number]))


@pytest.mark.parametrize("name", ["tanh", "erf"])
def test_odd(name: str, isa: str) -> None:
    for x in (all_sorts_of_float32(), all_sorts_of_float64(10_000)):
        positive = np.abs(x[~np.isnan(x)])
        assert np.array_equal(
            -_core.kernels.function(name, positive), _core.kernels.function(name, -positive)
        )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_same_bits_on_every_instruction_set(name: str) -> None:
    for x in (all_sorts_of_float32(), all_sorts_of_float64(50_000)):
        results = []
        for _ in each_isa(FUSED_ISAS):
            y = _core.kernels.function(name, x)
            results.append(np.where(np.isnan(y), x.dtype.type(NAN), y).tobytes())
        assert len(set(results)) == 1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_element_does_not_depend_on_its_place(name: str, isa: str) -> None:
    for dtype in ("float32", "float64"):
        x = np.linspace(0.1, 5, 50, dtype=dtype)
        whole = _core.kernels.function(name, x)
        for n in range(51):
            assert _core.kernels.function(name, x[:n]).tobytes() == whole[:n].tobytes()
            assert _core.kernels.function(name, x[n:]).tobytes() == whole[n:].tobytes()
