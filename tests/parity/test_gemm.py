"""Matrix products: exact on integers, one order of summation, the same bits on every path, and no stray byte.

The order is the contract: one fma chain in ascending k per chunk of 256, the chunk sums added in ascending order, then
the bias. `chain` spells it out in NumPy.
"""

from __future__ import annotations

import ctypes
import mmap
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek import _core
from parity.engine import FUSED_ISAS, each_isa

Array = NDArray[Any]

CHUNK = 256
SIZES = [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 513]
# Sizes on both sides of each path's borders: one row, one column, few columns, in place, packed, several chunks.
SHAPES = [
    (1, 1, 50),
    (1, 50, 10),
    (10, 50, 1),
    (1, 300, 700),
    (300, 1, 700),
    (7, 1, 30),
    (9, 1, 19),
    (77, 1, 800),
    (37, 2, 300),
    (33, 4, 77),
    (50, 8, 513),
    (21, 11, 47),
    (8, 513, 257),
    (64, 10, 128),
    (100, 600, 520),
    (61, 1025, 129),
    (25, 1030, 530),
    (53, 530, 1030),
]
GUARDED = [0, 1, 2, 3, 5, 8, 9, 16, 17, 31, 33, 65, 257]


def operands(m: int, n: int, k: int, dtype: str, seed: int = 0) -> tuple[Array, Array, Array]:
    """A, B and a bias of ordinary numbers."""
    random = np.random.default_rng([seed, m, n, k])
    a, b, bias = random.standard_normal((m, k)), random.standard_normal((k, n)), random.standard_normal(n)
    return a.astype(dtype), b.astype(dtype), bias.astype(dtype)


def product(a: Array, b: Array, bias: Array | None = None, layout: int = 0, **options: Any) -> Array:
    """A·B by the core; bits 1 and 2 of `layout` store A and B transposed, 4 inside larger matrices, unaligned."""

    def stored(x: Array, transpose: bool) -> Array:
        x = x.T if transpose else x
        buffer = np.full((x.shape[0], x.shape[1] + 7), np.nan, x.dtype)
        inner = buffer[:, 3 : 3 + x.shape[1]]
        inner[:] = x
        return inner if layout & 4 else np.ascontiguousarray(x)

    ta, tb = bool(layout & 1), bool(layout & 2)
    c = _core.kernels.gemm(stored(a, ta), stored(b, tb), bias=bias, transpose_a=ta, transpose_b=tb, **options)
    assert isinstance(c, np.ndarray)
    return c


def fma(a: Array, b: Array, c: Array) -> Array:
    """a·b + c rounded once, float32: the product is exact in float64, the sum is rounded to odd there."""
    p = a.astype(np.float64) * b
    s = p + c
    t = s - p
    error = (p - (s - t)) + (c - t)
    even = (s.view(np.int64) & 1) == 0
    odd = np.where((error != 0) & even, np.nextafter(s, np.where(error > 0, np.inf, -np.inf)), s)
    return odd.astype(np.float32)


def chain(a: Array, b: Array, bias: Array, start_from: Array | None = None) -> Array:
    """A·B + bias, float32, in the contract's order, on top of `start_from` if there is one."""
    total = np.zeros((len(a), b.shape[1]), np.float32) if start_from is None else start_from
    for start in range(0, a.shape[1], CHUNK):
        part = np.zeros_like(total)
        for k in range(start, min(start + CHUNK, a.shape[1])):
            part = fma(a[:, k : k + 1], b[k : k + 1], part)
        total = part if start == 0 and start_from is None else total + part
    return total + bias


@pytest.mark.parametrize("shift", [0, 8, 17])
def test_integers_are_exact(shift: int) -> None:
    """Every pair of sizes meets, in every two of m, n and k."""
    random = np.random.default_rng(1)
    for i, m in enumerate(SIZES):
        for j, n in enumerate(SIZES):
            k = SIZES[(i + 7 * j + shift) % len(SIZES)]
            a, b = random.integers(-8, 9, (m, k)), random.integers(-8, 9, (k, n))
            bias = random.integers(-8, 9, n) if (i + j) % 3 == 0 else None
            want = a.astype(np.float64) @ b + (0 if bias is None else bias)
            dtype = np.float64 if (i * j) % 5 == 1 else np.float32
            numbers = a.astype(dtype), b.astype(dtype), None if bias is None else bias.astype(dtype)
            for isa in each_isa():
                got = product(
                    *numbers,
                    layout=(i + 3 * j + shift) % 8,
                    packed=(i + 2 * j) % 3 == 0,
                    threads=1 + (i + j) % 4,
                )
                assert np.array_equal(got, want), (m, n, k, isa)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_order_of_summation(shape: tuple[int, int, int]) -> None:
    a, b, bias = operands(*shape, "float32")
    held = np.random.default_rng(2).standard_normal(shape[:2]).astype(np.float32)
    want, added = chain(a, b, bias), chain(a, b, bias, held)
    for isa in each_isa(FUSED_ISAS):
        for layout in range(8):
            for packed in (False, True):
                got = product(a, b, bias, layout, packed=packed)
                assert got.tobytes() == want.tobytes(), (isa, layout, packed)
                buffer = np.full((shape[0], shape[1] + 3), np.nan, np.float32)
                out = buffer[:, : shape[1]] if layout & 1 else np.empty_like(held)
                out[:] = held
                got = product(a, b, bias, layout, packed=packed, out=out, accumulate=True)
                assert got.tobytes() == added.tobytes(), (isa, layout, packed)
                assert np.isnan(buffer[:, shape[1] :]).all()


def test_the_order_of_summation_in_float64(fused_isa: str) -> None:
    """Python's exact fractions, rounded once a step."""
    a, b, bias = operands(2, 3, CHUNK + 9, "float64")
    want = np.empty((2, 3))
    for i, j in np.ndindex(2, 3):
        sums = []
        for start in (0, CHUNK):
            s = 0.0
            for x, y in zip(a[i, start : start + CHUNK], b[start : start + CHUNK, j], strict=True):
                s = float(Fraction(float(x)) * Fraction(float(y)) + Fraction(s))
            sums.append(s)
        want[i, j] = (sums[0] + sums[1]) + bias[j]
    for layout in range(8):
        assert product(a, b, bias, layout).tobytes() == want.tobytes(), layout


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_set_of_bits(dtype: str) -> None:
    """Over instruction sets, layouts, numbers of workers, and a row alone against the row in its matrix."""
    further = [(257, 300, 129), (2, 200, 300), (5, 97, 520), (1, 4100, 520), (4100, 1, 520), (530, 520, 300)]
    for shape in [*SHAPES, *further]:
        a, b, bias = operands(*shape, dtype)
        row = len(a) // 2
        want: Array | None = None
        for isa in each_isa(FUSED_ISAS):
            want = product(a, b, bias) if want is None else want
            for case, threads in enumerate([1, 2, 3, 4]):
                layout = (case + len(isa)) % 8
                got = product(a, b, bias, layout, threads=threads)
                assert got.tobytes() == want.tobytes(), (isa, shape, threads)
                got = product(a, b, bias, layout, threads=threads, packed=True)
                assert got.tobytes() == want.tobytes(), (isa, shape, threads, "packed")
            assert product(a[row : row + 1], b, bias).tobytes() == want[row].tobytes(), (isa, shape)


def test_nothing_to_sum(isa: str) -> None:
    """k = 0 gives the bias; no rows or no columns give nothing."""
    for m, n in [(1, 1), (1, 7), (7, 1), (33, 65)]:
        a, b, bias = operands(m, n, 0, "float32")
        for layout in range(8):
            out = np.full((m, n), np.nan, np.float32)
            assert np.array_equal(product(a, b, bias, layout, out=out), np.broadcast_to(bias, (m, n)))
            out[:] = np.nan
            assert not product(a, b, None, layout, out=out).any()
            assert product(a[:0], b, bias, layout).shape == (0, n)
            assert product(a, b[:, :0], bias[:0], layout).shape == (m, 0)


@pytest.mark.parametrize("shape", [(1, 1, 50), (9, 1, 50), (1, 40, 300), (13, 37, 300), (61, 1025, 260)])
def test_nan_and_infinity_pass_through(shape: tuple[int, int, int], isa: str) -> None:
    """0·NaN is NaN and 0·inf is NaN: no zero is skipped; C's old contents do not matter."""
    m, n, k = shape
    for bad in (np.nan, np.inf):
        for layout in range(8):
            a, b = np.zeros((m, k), np.float32), np.ones((k, n), np.float32)
            b[k // 2, n // 2] = bad
            got = product(a, b, None, layout, out=np.full((m, n), np.nan, np.float32))
            want = np.zeros((m, n), np.float32)
            want[:, n // 2] = np.nan
            assert np.array_equal(got, want, equal_nan=True), (bad, layout)
    a, b = np.ones((m, k), np.float32), np.ones((k, n), np.float32)
    a[m // 2, k - 1] = -np.inf
    got = product(a, b)
    assert (got[m // 2] == -np.inf).all() and np.isfinite(np.delete(got, m // 2, axis=0)).all()


def test_zero_keeps_its_sign_as_a_sum_does(fused_isa: str) -> None:
    """The chain starts at +0, so a sum of negative zeros is +0."""
    a, b = np.full((3, 5), -0.0, np.float32), np.ones((5, 40), np.float32)
    for columns in (1, 7, 40):
        assert not np.signbit(product(a, b[:, :columns])).any()


class Guarded:
    """Memory whose last (or first) byte borders on a page that may not be touched."""

    def __init__(self, size: int) -> None:
        page = mmap.PAGESIZE
        self.inner = -(-max(size, 1) // page) * page
        self.map = mmap.mmap(-1, self.inner + 2 * page)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        for at in (start, start + page + self.inner):
            assert protect(ctypes.c_void_p(at), ctypes.c_size_t(page), 0) == 0

    def matrix(self, values: Array, at_end: bool) -> Array:
        offset = mmap.PAGESIZE + (self.inner - values.nbytes if at_end else 0)
        inner = np.frombuffer(self.map, values.dtype, values.size, offset).reshape(values.shape)
        inner[:] = values
        return inner


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mprotect"), reason="no page protection here")
def test_no_stray_byte(isa: str) -> None:
    """Operands flush against forbidden pages, canaries round the result."""
    largest = max(GUARDED) ** 2 * 8
    ga, gb = Guarded(largest), Guarded(largest)
    for i, m in enumerate(GUARDED):
        for j, n in enumerate(GUARDED):
            k = GUARDED[(i + 5 * j) % len(GUARDED)]
            dtype = ("float32", "float64")[(i + j) % 2]
            a, b, bias = operands(m, n, k, dtype)
            ta, tb = bool((i + j) & 2), bool((2 * i + j) & 4)
            for at_end in (True, False):
                buffer = np.full((m + 2, n + 37), 77, dtype)
                got = _core.kernels.gemm(
                    ga.matrix(a.T if ta else a, at_end),
                    gb.matrix(b.T if tb else b, at_end),
                    bias=bias,
                    transpose_a=ta,
                    transpose_b=tb,
                    out=buffer[1 : 1 + m, 5 : 5 + n],
                    packed=(i + j) % 3 == 0,
                )
                assert np.allclose(got, a @ b + bias, atol=1e-3)
                buffer[1 : 1 + m, 5 : 5 + n] = 77
                assert (buffer == 77).all(), (m, n, k)
