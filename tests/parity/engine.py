"""How the parity tests drive the compiled core and the reference alike: one call each, from one specification."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from deepseek import _core
from deepseek.reference import Net
from deepseek.reference.philox import philox4x32
from parity.tolerances import assert_close

Spec = dict[str, Any]
Array = NDArray[Any]
Found = TypeVar("Found")

ISAS = list(_core.isas())
FUSED_ISAS = [isa for isa in ISAS if isa != "baseline"]  # baseline has no fma: other bits, as documented


def with_threads(counts: Sequence[int], isas: Sequence[str] = ISAS, others: int = 3) -> pytest.MarkDecorator:
    """Parameters isa and threads: every number of threads on one instruction set, `others` threads on the others."""
    pairs = [(isa, n) for isa in isas for n in (counts if isa == isas[0] else [others])]
    return pytest.mark.parametrize(("isa", "threads"), pairs, indirect=["isa"])


def kept(train: Callable[..., str]) -> Callable[..., str]:
    """Trains once for each set of bits: where DEEPSEEK_ISA says baseline, some tests still ask for fused sets."""

    @functools.cache
    def by_bits(fused: bool, *arguments: str | int) -> str:
        return train(*arguments)

    @functools.wraps(train)
    def of(*arguments: str | int) -> str:
        return by_bits(_core.isa() in FUSED_ISAS, *arguments)

    return of


def bits(found: Any) -> bytes:
    """The bytes of arrays and numbers, however nested; equal only where all the values are, NaN included."""
    if isinstance(found, Mapping):
        return b"".join(str(key).encode() + bits(value) for key, value in found.items())
    if isinstance(found, list | tuple):
        return b"".join(map(bits, found))
    return np.ascontiguousarray(found).tobytes()


def each_isa(names: Sequence[str] = ISAS) -> Iterator[str]:
    """Use each instruction set in turn; afterwards the default again."""
    try:
        for isa in names:
            _core.force_isa(isa)
            yield isa
    finally:
        _core.force_isa(None)


def on_every_isa(run: Callable[[], Found], check: Callable[[Found], None]) -> None:
    """Call `run` on each instruction set. One with fused multiply-add is checked; the others have to have its bits.

    Baseline, which has bits of its own, is checked as well.
    """
    definition: bytes | None = None
    for isa in each_isa():
        found = run()
        if isa in FUSED_ISAS and definition is not None:
            assert bits(found) == definition, f"{isa} has other bits than {FUSED_ISAS[0]}"
            continue
        try:
            check(found)
        except AssertionError as error:
            error.add_note(f"on {isa}")
            raise
        if isa in FUSED_ISAS:
            definition = bits(found)


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


HISTORY = ("epoch", "loss", "val_loss", "learning_rate")


class Training(NamedTuple):
    """Results of a training: history by column, parameters, outputs and loss on the training data."""

    history: dict[str, Array]
    params: dict[str, Array]
    outputs: Array
    loss: float


def columns(records: Sequence[Mapping[str, float]]) -> dict[str, Array]:
    """The history of a training by column."""
    return {key: np.array([record[key] for record in records]) for key in HISTORY}


def compare_trainings(found: Training, expected: Training, dtype: str, tolerance: float) -> None:
    """Compare a training of the engine with that of the reference."""
    for key, want in expected.history.items():
        got = found.history[key]
        assert (np.isnan(got) == np.isnan(want)).all()
        assert_close(np.nan_to_num(got), np.nan_to_num(want), 0.0 if key == "epoch" else tolerance, key)
    assert set(found.params) == set(expected.params)
    for key, want in expected.params.items():
        assert found.params[key].dtype == dtype
        assert_close(found.params[key], want, tolerance, key)
    assert_close(found.outputs, expected.outputs, tolerance, "predict")
    assert_close(found.loss, expected.loss, tolerance, "evaluate")


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
