"""Batch norm (Ioffe & Szegedy 2015) and layer norm (Ba et al. 2016). Mirrors ``csrc/layers/norm``.

Both are y = weight · n + bias with n = (x - mean) / sqrt(variance + eps), the biased variance.
Batch norm uses mean and variance over the batch (axis 0) in training and the running ones in inference.
Layer norm always uses those over the features (axis 1). The running variance is the unbiased one, as in PyTorch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def norm_forward(x: Array, weight: Array, bias: Array, eps: float, axis: int) -> tuple[Array, Array, Array]:
    """Return (y, n, 1 / standard deviation) with statistics of x along `axis`."""
    centred = x - x.mean(axis=axis, keepdims=True)
    scale = 1.0 / np.sqrt((centred * centred).mean(axis=axis, keepdims=True) + eps)
    n = centred * scale
    return n * weight + bias, n, scale


def norm_backward(dy: Array, n: Array, scale: Array, weight: Array, axis: int) -> tuple[Array, Array, Array]:
    """Return (dx, dweight, dbias)."""
    dn = dy * weight
    dx = scale * (dn - dn.mean(axis=axis, keepdims=True) - n * (dn * n).mean(axis=axis, keepdims=True))
    return dx, (dy * n).sum(axis=0), dy.sum(axis=0)


def norm_tangent(dx: Array, n: Array, scale: Array, axis: int) -> Array:
    """Return the tangent of n from that of x; the matrix of this map is symmetric."""
    centred = dx - dx.mean(axis=axis, keepdims=True)
    return np.asarray(scale * (centred - n * (centred * n).mean(axis=axis, keepdims=True)))


def norm_tangent_backward(
    dn: Array, en: Array, tangent: Array, n: Array, scale: Array, axis: int
) -> tuple[Array, Array]:
    """Return the gradients with respect to x and its `tangent` from those with respect to n and its tangent."""

    def mean(a: Array) -> Array:
        return np.asarray(a.mean(axis=axis, keepdims=True))

    centred = tangent - mean(tangent)
    dn = dn - scale * (en * mean(n * centred) + centred * mean(n * en))  # through n in `norm_tangent`
    dscale = mean(en * norm_tangent(tangent, n, scale, axis))  # through the scale
    return norm_tangent(dn, n, scale, axis) - scale * n * dscale, norm_tangent(en, n, scale, axis)


def norm_infer(x: Array, weight: Array, bias: Array, mean: Array, variance: Array, eps: float) -> Array:
    """Return batch norm with given statistics."""
    return (x - mean) / np.sqrt(variance + eps) * weight + bias


def running_statistics(x: Array, mean: Array, variance: Array, momentum: float) -> tuple[Array, Array]:
    """Return the running mean and variance after a batch x."""
    rows = len(x)
    unbiased = x.var(axis=0) * rows / max(rows - 1, 1)
    return mean + momentum * (x.mean(axis=0) - mean), variance + momentum * (unbiased - variance)
