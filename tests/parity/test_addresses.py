"""Elementwise kernels: the same bits wherever in memory an array lies, and nothing written beside what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import deepseek as ds
from deepseek import _core
from parity.test_activation import ALPHA, NAMES
from parity.test_elementary import FUNCTIONS

Array = NDArray[Any]
kernels = _core.kernels

OFFSETS = range(16)  # a vector's worth of float32, a cache line's worth
SHORT = range(71)
LONG = 70_001  # several workers' worth, and a part that is not whole
UNTOUCHED = -77.0
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 100.0, -100.0]


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """How many workers there may be."""
    before = ds.get_num_threads()
    ds.set_num_threads(request.param)
    yield request.param
    ds.set_num_threads(before)


def numbers(n: int, dtype: str) -> Array:
    """Usual ones, and some special ones among them."""
    x = np.random.default_rng(n).normal(size=n) * 3.0
    x[::11] = np.resize(SPECIAL, len(x[::11]))
    return x.astype(dtype)


def placed(x: Array, offset: int) -> tuple[Array, Array]:
    """A buffer at the start of a cache line, and its part, `offset` elements on, that holds x."""
    spare = np.full(len(x) + 64, UNTOUCHED, x.dtype)
    spare = spare[-spare.ctypes.data % 64 // spare.itemsize :]
    assert spare.ctypes.data % 64 == 0
    part = spare[offset : offset + len(x)]
    part[:] = x
    return spare, part


def bits(x: Array) -> bytes:
    """As bytes; one NaN is like another, since which operand's it is depends on how the compiler orders them."""
    return np.where(np.isnan(x), x.dtype.type(np.nan), x).tobytes()


def check_placed(write: Callable[[Array, Array], object], x: Array, offsets: tuple[int, int]) -> None:
    """`write(x, out)` at those two offsets gives the bits that it gives where NumPy puts its arrays."""
    want = np.empty_like(x)
    write(x, want)
    (whole, at), (around, out) = placed(x, offsets[0]), placed(np.zeros_like(x), offsets[1])
    kept = whole.tobytes()
    write(at, out)
    where = f"{len(x)} elements, x {offsets[0]} and out {offsets[1]} from a cache line"
    assert bits(out) == bits(want), where
    assert whole.tobytes() == kept, f"x was written: {where}"
    end = offsets[1] + len(x)
    assert (around[: offsets[1]] == UNTOUCHED).all() and (around[end:] == UNTOUCHED).all(), where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_activations(name: str, dtype: str, isa: str) -> None:
    for n in SHORT:
        x = numbers(n, dtype)
        for offset in OFFSETS:
            other = (5 * offset + n) % 16
            check_placed(lambda a, out: kernels.activation(name, a, ALPHA, out), x, (offset, other))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_long_activations(name: str, dtype: str, threads: int) -> None:
    x = numbers(LONG, dtype)
    for offset in OFFSETS:
        other = (5 * offset + 3) % 16
        check_placed(lambda a, out: kernels.activation(name, a, ALPHA, out), x, (offset, other))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str, dtype: str, isa: str) -> None:
    """What they write, they allocate themselves."""
    for n in SHORT:
        x = numbers(n, dtype)
        want = bits(kernels.function(name, x))
        for offset in OFFSETS:
            assert bits(kernels.function(name, placed(x, offset)[1])) == want, (n, offset)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_long_functions(name: str, dtype: str, threads: int) -> None:
    x = numbers(LONG, dtype)
    want = b"".join(bits(kernels.function(name, x[i : i + 50])) for i in range(0, LONG, 50))
    for offset in OFFSETS:
        assert bits(kernels.function(name, placed(x, offset)[1])) == want, offset


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_derivatives(name: str, dtype: str, isa: str) -> None:
    for n in SHORT:
        x, dy = numbers(n, dtype), numbers(n + 80, dtype)[:n]
        want = bits(kernels.activation_grad(name, x, dy, ALPHA))
        for offset in OFFSETS:
            at, beside = placed(x, offset)[1], placed(dy, (3 * offset + n) % 16)[1]
            assert bits(kernels.activation_grad(name, at, beside, ALPHA)) == want, (n, offset)
