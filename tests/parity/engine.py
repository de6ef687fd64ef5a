"""How the parity tests drive the compiled core and the reference alike: one call each, from one specification."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepseek import _core
from deepseek.reference import Net
from deepseek.reference.philox import philox4x32

Spec = dict[str, Any]
Array = NDArray[Any]

ISAS = list(_core.isas())
FUSED_ISAS = [isa for isa in ISAS if isa != "baseline"]  # baseline has no fma: other bits, as documented


def kept(train: Callable[..., str]) -> Callable[..., str]:
    """Trains once for each set of bits: where DEEPSEEK_ISA says baseline, some tests still ask for fused sets."""

    @functools.cache
    def by_bits(fused: bool, *arguments: str | int) -> str:
        return train(*arguments)

    @functools.wraps(train)
    def of(*arguments: str | int) -> str:
        return by_bits(_core.isa() in FUSED_ISAS, *arguments)

    return of


def fit(
    core: Any,
    x: Array,
    y: Array,
    w: Array | None = None,
    validation: tuple[Array, Array, Array | None] | None = None,
    *,
    max_epochs: int = 1 << 20,
    budget: float = math.inf,
    **options: Any,
) -> list[dict[str, float]]:
    """A whole fit of a NetCore, in pieces of `max_epochs` or of `budget` seconds; the epochs' records."""
    core.begin(x, y, w, *(validation or (None, None, None)), options)
    records: list[dict[str, float]] = []
    finished = False
    while not finished:
        block = core.run(max_epochs, budget)
        assert not block["diverged"]
        records += block["epochs"]
        finished = block["finished"]
    core.end()
    return records


def digest(core: Any) -> str:
    """SHA-256 over all parameters, in the order of their names."""
    sha = hashlib.sha256()
    for name, value in sorted(core.get_params().items()):
        sha.update(name.encode())
        sha.update(np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<")).tobytes())
    return sha.hexdigest()


def numbers(rows: int, cols: int, key: int, dtype: str = "float64") -> Array:
    """Numbers in [-2, 2) in steps of 2⁻¹⁰: the same on every machine, and exact in float32."""
    counters = np.zeros((-(-rows * cols // 4), 4), np.uint32)
    counters[:, 0] = np.arange(len(counters))
    words = philox4x32((key, 77), counters).ravel()[: rows * cols].reshape(rows, cols)
    return ((words >> 20).astype(np.float64) / 1024 - 2).astype(dtype)


def targets(spec: Spec, rows: int, key: int, dtype: str = "float64") -> Array:
    """Targets that suit the specification's loss."""
    name, units = spec.get("loss", {}).get("name", "squared_error"), spec["layers"][-1]["units"]
    raw = numbers(rows, units, key + 1000, dtype)
    if name == "cross_entropy" or (name == "focal" and spec["layers"][-1]["activation"] == "softmax"):
        return np.argmax(raw, axis=1).astype(np.int64)
    if name in ("binary_cross_entropy", "focal"):
        return (raw > 0).astype(dtype)
    if name == "poisson":
        return np.floor(np.abs(raw) * 2).astype(dtype)
    return raw


def reference_of(spec: Spec, params: dict[str, Array] | None = None) -> Net:
    net = Net(spec)
    if params is not None:
        net.set_params(params)
    return net
