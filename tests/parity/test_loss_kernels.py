"""Losses, softmax and reductions over rows: values, exact derivatives, independent rows, one set of bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek import _core
from parity.engine import numbers

kernels = _core.kernels
Array = NDArray[Any]

# Name, options, kind of target: values, 0/1 ("binary"), counts, labels or probabilities.
LOSSES: list[tuple[str, dict[str, float], str]] = [
    ("squared_error", {}, "values"),
    ("absolute_error", {}, "values"),
    ("huber", {"delta": 0.7}, "values"),
    ("quantile", {"quantile": 0.3}, "values"),
    ("poisson", {}, "counts"),
    ("binary_cross_entropy", {}, "binary"),
    ("binary_cross_entropy", {"label_smoothing": 0.2}, "binary"),
    ("binary_cross_entropy", {}, "labels"),
    ("cross_entropy", {}, "labels"),
    ("cross_entropy", {"label_smoothing": 0.1}, "labels"),
    ("cross_entropy", {}, "probabilities"),
    ("cross_entropy", {"label_smoothing": 0.1}, "probabilities"),
    ("focal", {"gamma": 2.0}, "labels"),
    ("focal", {"gamma": 0.0}, "labels"),
    ("focal", {"gamma": 0.5, "alpha": 0.3}, "labels"),
    ("focal_binary", {"gamma": 2.0}, "binary"),
    ("focal_binary", {"gamma": 1.5, "alpha": 0.3}, "binary"),
]
IDS = [f"{name}-{kind}-{'-'.join(f'{k}{v}' for k, v in options.items())}" for name, options, kind in LOSSES]
COLS = [1, 2, 3, 15, 16, 17, 33]
NEEDS_CLASSES = ("cross_entropy", "focal")  # one column is one class: nothing to learn


def cases(*all_cols: int) -> pytest.MarkDecorator:
    """Every loss at every width."""
    return pytest.mark.parametrize(
        ("name", "options", "kind", "cols"),
        [
            pytest.param(*loss, cols, id=f"{label}-{cols}")
            for loss, label in zip(LOSSES, IDS, strict=True)
            for cols in all_cols
            if cols > 1 or loss[0] not in NEEDS_CLASSES
        ],
    )


def loss_of(
    name: str, x: Array, target: Array, options: dict[str, float] | None = None, **arguments: Any
) -> tuple[Array, Array]:
    """The kernel's losses and gradient. "focal_binary" is the focal loss of sigmoid outputs."""
    focal = {"focal": "softmax", "focal_binary": "sigmoid"}
    spec = {"name": "focal" if name in focal else name, **(options or {})}
    return kernels.loss(spec, x, target, output_activation=focal.get(name, ""), **arguments)


def target_of(kind: str, rows: int, cols: int, dtype: str) -> Array:
    raw = numbers(rows, cols, 5, dtype)
    if kind == "binary":
        return (raw > 0).astype(dtype)
    if kind == "counts":
        return np.floor(np.abs(raw) * 2).astype(dtype)
    if kind == "labels":
        return np.argmax(raw, axis=1).astype(np.int64) if cols > 1 else (raw[:, 0] > 0).astype(np.int64)
    if kind == "probabilities":
        return (np.abs(raw) / np.abs(raw).sum(axis=1, keepdims=True)).astype(dtype)
    return raw


def plain_rows(name: str, x: Array, target: Array, o: dict[str, float]) -> Array:
    """The definition, in NumPy and as plainly as it goes."""
    cols = x.shape[1]
    t = target
    if target.ndim == 1:
        t = np.eye(cols)[target] if cols > 1 else target[:, None].astype(np.float64)
    e = x - t
    log_p = x - x.max(1, keepdims=True)
    log_p = log_p - np.log(np.exp(log_p).sum(1, keepdims=True))
    smoothing, gamma, alpha = o.get("label_smoothing", 0.0), o.get("gamma", 2.0), o.get("alpha", -1.0)
    if name == "cross_entropy":
        return -(((1 - smoothing) * t + smoothing / cols) * log_p).sum(1)
    if name == "focal":
        log_p_t = (log_p * np.eye(cols)[target if cols > 1 else np.zeros_like(target)]).sum(1)
        return (alpha if alpha >= 0 else 1.0) * (-((1 - np.exp(log_p_t)) ** gamma) * log_p_t)
    if name == "squared_error":
        losses = e**2 / 2
    elif name == "absolute_error":
        losses = np.abs(e)
    elif name == "huber":
        d = o["delta"]
        losses = np.where(np.abs(e) <= d, e**2 / 2, d * (np.abs(e) - d / 2))
    elif name == "quantile":
        q = o["quantile"]
        losses = np.maximum(-q * e, (1 - q) * e)
    elif name == "poisson":
        losses = np.exp(x) - t * x
    elif name == "binary_cross_entropy":
        t = (1 - smoothing) * t + smoothing / 2
        losses = np.logaddexp(0, x) - t * x
    else:
        s = np.where(t > 0, x, -x)
        weight = np.where(t > 0, alpha, 1 - alpha) if alpha >= 0 else 1.0
        losses = weight * (1 / (1 + np.exp(s))) ** gamma * np.logaddexp(0, -s)
    return losses.mean(1)


@cases(*COLS)
def test_loss_is_its_definition(name: str, options: dict[str, float], kind: str, cols: int, isa: str) -> None:
    for dtype, tolerance in (("float64", 3e-15), ("float32", 2e-6)):
        x, target = numbers(37, cols, 3, dtype), target_of(kind, 37, cols, dtype)
        got, _ = loss_of(name, x, target, options)
        want = plain_rows(name, x.astype(np.float64), target, options)
        assert np.abs(got - want).max() <= tolerance * max(1.0, np.abs(want).max())


@cases(1, 3, 17)
def test_gradient_is_the_exact_derivative(name: str, options: dict[str, float], kind: str, cols: int) -> None:
    x, target = numbers(5, cols, 3), target_of(kind, 5, cols, "float64")
    if (
        kind == "values"
    ):  # keep the kinks of absolute_error, quantile and huber out of reach of the differences
        x = target + np.where(np.abs(x - target) < 0.01, 0.02, x - target)
    scale = np.linspace(0.25, 1.25, 5)
    _, d = loss_of(name, x, target, options, row_scale=scale)
    step = 1e-5
    for i in range(5):
        for j in range(cols):
            values = []
            for h in (2 * step, step, -step, -2 * step):
                moved = x.copy()
                moved[i, j] += h
                values.append((loss_of(name, moved, target, options)[0] * scale).sum())
            difference = (8 * (values[1] - values[2]) - (values[0] - values[3])) / (12 * step)
            assert d[i, j] == pytest.approx(difference, rel=1e-7, abs=1e-9)


@cases(1, 2, 10, 33)
def test_rows_are_independent(name: str, options: dict[str, float], kind: str, cols: int, isa: str) -> None:
    for dtype in ("float32", "float64"):
        x, target = numbers(37, cols, 3, dtype), target_of(kind, 37, cols, dtype)
        loss, d = loss_of(name, x, target, options)
        for i in (0, 1, 15, 16, 36):
            one_loss, one_d = loss_of(name, x[i : i + 1], target[i : i + 1], options)
            assert one_loss.tobytes() == loss[i : i + 1].tobytes()
            assert one_d.tobytes() == d[i : i + 1].tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cols", COLS)
def test_one_set_of_bits(cols: int, dtype: str, fused_isa: str) -> None:
    x = numbers(300, cols, 3, dtype) * 3
    results: list[Array] = []
    for isa in ("scalar", fused_isa):
        _core.force_isa(isa)
        parts = [kernels.softmax(x), kernels.softmax_grad(kernels.softmax(x), x), kernels.col_sum(x)]
        parts += [kernels.argmax(x), np.array(kernels.sum(x.ravel()[: 299 * cols]))]
        for name, options, kind in LOSSES:
            if cols > 1 or name not in NEEDS_CLASSES:
                parts += loss_of(name, x, target_of(kind, 300, cols, dtype), options)
        results.append(np.concatenate([p.ravel().view(np.uint8) for p in parts]))
    assert results[0].tobytes() == results[1].tobytes()


def test_weights_scale_the_gradient_and_not_the_loss() -> None:
    x, target = numbers(8, 4, 3), target_of("labels", 8, 4, "float64")
    weight = np.array([0, 1, 2, 0.5, 0.25, 4, 8, 16], np.float64)
    loss, d = loss_of("cross_entropy", x, target)
    weighted_loss, weighted_d = loss_of("cross_entropy", x, target, row_scale=weight)
    assert np.array_equal(loss, weighted_loss)
    assert np.array_equal(d * weight[:, None], weighted_d)
    assert np.array_equal(d * 0.5, loss_of("cross_entropy", x, target, scale=0.5)[1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_confident_logits(dtype: str, isa: str) -> None:
    """Far out, losses stay finite and gradients keep their digits: no probability is rounded first."""
    eps = float(np.finfo(dtype).eps)
    z = np.array([[50.0], [-50.0]], dtype)
    loss, d = loss_of("binary_cross_entropy", z, np.ones((2, 1), dtype))
    assert loss == pytest.approx([np.exp(-50.0), 50.0], rel=4 * eps)
    assert d.ravel() == pytest.approx([-np.exp(-50.0), -1.0], rel=4 * eps)
    z = np.array([[1000.0, 0.0, -1000.0]] * 3, dtype)
    loss, d = loss_of("cross_entropy", z, np.arange(3))
    assert np.array_equal(loss, np.array([0.0, 1000.0, 2000.0], dtype))
    assert np.array_equal(d, np.array([[0, 0, 0], [1, -1, 0], [1, 0, -1]], dtype))
    for gamma in (0.0, 0.5, 1.0, 2.0, 5.0):
        loss, d = loss_of("focal", z, np.arange(3), {"gamma": gamma})
        assert np.array_equal(loss, np.array([0.0, 1000.0, 2000.0], dtype))
        assert np.isfinite(d).all()


@pytest.mark.parametrize("rows", [0, 1, 2, 255, 256, 257, 513, 1025])
def test_col_sum_is_a_chain_per_chunk(rows: int, isa: str) -> None:
    x = numbers(rows, 37, 3, "float32") / np.float32(3) if rows else np.empty((0, 37), np.float32)
    want = np.zeros(37, np.float32)
    for start in range(0, rows, 256):
        chunk = np.zeros(37, np.float32)
        for row in x[start : start + 256]:
            chunk += row
        want = chunk if start == 0 else want + chunk
    assert kernels.col_sum(x).tobytes() == want.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [0, 1, 7, 15, 16, 17, 31, 33, 1000])
def test_sum_is_sixteen_lanes_in_double(n: int, dtype: str, isa: str) -> None:
    x = (numbers(n, 1, 3, dtype).ravel() / 3).astype(dtype) if n else np.empty(0, dtype)
    lanes = np.zeros(-(-n // 16) * 16)
    lanes[:n] = x
    partial = np.zeros(16)
    for row in lanes.reshape(-1, 16):
        partial += row
    for half in (8, 4, 2, 1):
        partial = partial[:half] + partial[half : 2 * half]
    assert kernels.sum(x) == partial[0]


@pytest.mark.parametrize("cols", COLS)
def test_softmax_and_argmax(cols: int, isa: str) -> None:
    x = numbers(9, cols, 3) * 10
    p = np.exp(x - x.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    assert np.abs(kernels.softmax(x) - p).max() < 1e-15
    dy = numbers(9, cols, 4)
    assert np.abs(kernels.softmax_grad(p, dy) - p * (dy - (p * dy).sum(1, keepdims=True))).max() < 1e-14
    ties = np.round(x / 8)
    assert np.array_equal(kernels.argmax(ties), np.argmax(ties, axis=1))
