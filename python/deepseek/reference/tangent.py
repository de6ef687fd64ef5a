"""A tangent pass through dense layers, and the reverse pass over both: gradients of input gradients.

For a scalar s of the inputs x, vᵀ∇s(x) is the tangent of s as x moves along v. So the gradient of such a product
by the parameters is what back-propagation makes of the forward pass and its tangent together (Pearlmutter 1994).
Of a layer z = x·Wᵀ + b, y = φ(z), with the tangent ẋ of x, and d and e the gradients by a value and by its tangent:

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
    """A linear map and its layer norm, if it has one: the weights, the norm's gain, n and 1/deviation."""

    weight: Array
    gain: Array | None
    n: Array | None
    scale: Array | None


class Moved(NamedTuple):
    """The tangents of its input, of the product, of n, and of the value."""

    x: Array
    product: Array
    n: Array | None
    z: Array


Tangents = list[Moved]  # by layer


def linear_tangent(x: Array, at: Linear) -> Moved:
    product = dense_forward(x, at.weight, None)
    if at.gain is None or at.n is None or at.scale is None:
        return Moved(x, product, None, product)
    n = norm_tangent(product, at.n, at.scale, 1)
    return Moved(x, product, n, n * at.gain)


def linear_tangent_backward(
    d: Array, e: Array, x: Array, moved: Moved, at: Linear
) -> tuple[dict[str, Array], Array, Array]:
    """(gradients, dx, ex) from those by the value and by its tangent; x is the input.

    Of the weight and the gain, and of what is added to the product ("bias") and to the value ("shift").
    """
    grads = {"shift": d.sum(axis=0)}
    if at.gain is not None and at.n is not None and at.scale is not None and moved.n is not None:
        grads["gain"] = (d * at.n + e * moved.n).sum(axis=0)
        d, e = norm_tangent_backward(d * at.gain, e * at.gain, moved.product, at.n, at.scale, 1)
    dx, by_value, grads["bias"] = dense_backward(d, x, at.weight)
    ex, by_tangent, _ = dense_backward(e, moved.x, at.weight)
    grads["weight"] = by_value + by_tangent
    return grads, dx, ex


def _linear(mlp: Mlp, i: int, tape: Tape) -> Linear:
    at = f"{mlp.prefix}{i}"
    gain = mlp.params.get(f"{at}.norm.weight")
    return Linear(mlp.params[f"{at}.weight"], gain, tape.get("n"), tape.get("scale"))


def tangent_forward(mlp: Mlp, x: Array, tapes: list[Tape]) -> tuple[Array, Tangents]:
    """The tangent of the output, from that of the input."""
    tangents: Tangents = []
    for i, (layer, tape) in enumerate(zip(mlp.layers, tapes, strict=True)):
        moved = linear_tangent(x if tape["mask"] is None else x * tape["mask"], _linear(mlp, i, tape))
        tangents.append(moved)
        x = activation.backward(layer["activation"], moved.z, tape["z"], layer["alpha"])
    return x, tangents


def tangent_backward(
    mlp: Mlp, d: Array, e: Array, tapes: list[Tape], tangents: Tangents
) -> tuple[dict[str, Array], Array, Array]:
    """(gradients, dx, ex) from the gradients d by the output and e by its tangent."""
    grads: dict[str, Array] = {}
    for i, layer in reversed(list(enumerate(mlp.layers))):
        tape, moved, at = tapes[i], tangents[i], f"{mlp.prefix}{i}"
        name, z, alpha = layer["activation"], tape["z"], layer["alpha"]
        d = activation.backward(name, d, z, alpha) + activation.curvature(name, z, alpha) * moved.z * e
        e = activation.backward(name, e, z, alpha)
        found, d, e = linear_tangent_backward(d, e, tape["x"], moved, _linear(mlp, i, tape))
        names = {"weight": "weight", "bias": "bias", "norm.weight": "gain", "norm.bias": "shift"}
        grads |= {f"{at}.{k}": found[v] for k, v in names.items() if f"{at}.{k}" in mlp.params}
        d, e = (d, e) if tape["mask"] is None else (d * tape["mask"], e * tape["mask"])
    return grads, d, e
