"""A tangent pass through dense layers, and the reverse pass over both passes: gradients of input gradients.

For a scalar s of the inputs x, vᵀ∇s(x) is the tangent of s if v is the tangent of x. So the gradient of this
product with respect to the parameters follows from back-propagation over the forward pass and the tangent pass
(Pearlmutter 1994). For a layer z = x·Wᵀ + b, y = φ(z), ẋ is the tangent of x; d is the gradient with respect to a
value, e the gradient with respect to its tangent:

    ż = ẋ·Wᵀ      e_z = φ'(z)∘e_y                          dW = d_zᵀ·x + e_zᵀ·ẋ      db = Σ d_z
    ẏ = φ'(z)∘ż   d_z = φ'(z)∘d_y + φ''(z)∘ż∘e_y           d_x = d_z·W               e_x = e_z·W
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import activation
from .layers.dense import dense_backward, dense_forward
from .layers.norm import norm_tangent, norm_tangent_backward
from .mlp import Mlp, Tape

Array = NDArray[np.float64]


class Linear(NamedTuple):
    """A linear map: its weights and, with layer norm, the gain, n and 1 / standard deviation."""

    weight: Array
    gain: Array | None
    n: Array | None
    scale: Array | None


class LinearTangent(NamedTuple):
    """The tangents of the input, of the product, of n, and of the value z."""

    x: Array
    product: Array
    n: Array | None
    z: Array


Tangents = list[LinearTangent]  # by layer


def linear_tangent(x: Array, at: Linear) -> LinearTangent:
    product = dense_forward(x, at.weight, None)
    if at.gain is None or at.n is None or at.scale is None:
        return LinearTangent(x, product, None, product)
    n = norm_tangent(product, at.n, at.scale, 1)
    return LinearTangent(x, product, n, n * at.gain)


def linear_tangent_backward(
    d: Array, e: Array, x: Array, tangent: LinearTangent, at: Linear
) -> tuple[dict[str, Array], Array, Array]:
    """Return (gradients, dx, ex) from the gradients with respect to the value (d) and to its tangent (e).

    `x` is the input. The gradients are those of "weight", "gain", "bias" (a summand of the product) and "shift" (a
    summand of the value).
    """
    grads = {"shift": d.sum(axis=0)}
    if at.gain is not None and at.n is not None and at.scale is not None and tangent.n is not None:
        grads["gain"] = (d * at.n + e * tangent.n).sum(axis=0)
        d, e = norm_tangent_backward(d * at.gain, e * at.gain, tangent.product, at.n, at.scale, 1)
    dx, dweight, grads["bias"] = dense_backward(d, x, at.weight)
    ex, dweight_tangent, _ = dense_backward(e, tangent.x, at.weight)
    grads["weight"] = dweight + dweight_tangent
    return grads, dx, ex


def _linear(mlp: Mlp, i: int, tape: Tape) -> Linear:
    at = f"{mlp.prefix}{i}"
    gain = mlp.params.get(f"{at}.norm.weight")
    return Linear(mlp.params[f"{at}.weight"], gain, tape.get("n"), tape.get("scale"))


def tangent_forward(mlp: Mlp, x: Array, tapes: list[Tape]) -> tuple[Array, Tangents]:
    """Return the tangent of the output from that of the input."""
    tangents: Tangents = []
    for i, (layer, tape) in enumerate(zip(mlp.layers, tapes, strict=True)):
        tangent = linear_tangent(x if tape["mask"] is None else x * tape["mask"], _linear(mlp, i, tape))
        tangents.append(tangent)
        x = activation.backward(layer["activation"], tangent.z, tape["z"], layer["alpha"])
    return x, tangents


def tangent_backward(
    mlp: Mlp, d: Array, e: Array, tapes: list[Tape], tangents: Tangents
) -> tuple[dict[str, Array], Array, Array]:
    """Return (gradients, dx, ex) from the gradients with respect to the output (d) and to its tangent (e)."""
    grads: dict[str, Array] = {}
    for i, layer in reversed(list(enumerate(mlp.layers))):
        tape, tangent, at = tapes[i], tangents[i], f"{mlp.prefix}{i}"
        name, z, alpha = layer["activation"], tape["z"], layer["alpha"]
        d = (
            activation.backward(name, d, z, alpha)
            + activation.second_derivative(name, z, alpha) * tangent.z * e
        )
        e = activation.backward(name, e, z, alpha)
        found, d, e = linear_tangent_backward(d, e, tape["x"], tangent, _linear(mlp, i, tape))
        names = {"weight": "weight", "bias": "bias", "norm.weight": "gain", "norm.bias": "shift"}
        grads |= {f"{at}.{k}": found[v] for k, v in names.items() if f"{at}.{k}" in mlp.params}
        d, e = (d, e) if tape["mask"] is None else (d * tape["mask"], e * tape["mask"])
    return grads, d, e
