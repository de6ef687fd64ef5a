"""The vector Philox of every instruction set: Random123's known answers, and the reference's words."""

from __future__ import annotations

import numpy as np
import pytest

from deepseek import _core
from deepseek.reference import philox
from parity import engine

# counter, key, words: kat_vectors of Random123 1.14, philox4x32 10.
KNOWN = [
    ((0, 0, 0, 0), 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, 2**64 - 1, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        0x299F31D0A4093822,
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers(counter: tuple[int, ...], key: int, words: tuple[int, ...], isa: str) -> None:
    for n in (1, 2, 9):  # in the first lane, in a tail, in all lanes
        counters = np.tile(np.array(counter, np.uint32), (n, 1))
        assert (_core.kernels.philox(key, counters) == np.array(words, np.uint32)).all()


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 1000])
def test_words_are_the_references(n: int, isa: str) -> None:
    seed = 0xFEDCBA9876543210
    counters = np.random.default_rng(n).integers(0, 2**32, (n, 4), dtype=np.uint32)
    want = philox.philox4x32((seed & 0xFFFFFFFF, seed >> 32), counters)
    np.testing.assert_array_equal(_core.kernels.philox(seed, counters), want)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("units", [1, 15, 63, 64, 65, 150])
def test_dropout_takes_the_references_masks(units: int, dtype: str, isa: str) -> None:
    """A sum over dropped-out inputs is an integer: an inputs' mask that differs in one place changes it."""
    rows, rate, inputs = 5, 0.5, units
    spec = {
        "dtype": dtype,
        "seed": 2**63 + 5,
        "input_size": inputs,
        "input_dropout": rate,
        "layers": [{"units": 1, "activation": "identity", "bias": False}],
        "loss": {"name": "squared_error"},
        "optimizer": {"name": "sgd", "learning_rate": 2.0**-20},
    }
    x = np.ascontiguousarray(np.resize(2.0 ** (np.arange(inputs) % 16), (rows, inputs)).astype(dtype))
    y = np.zeros((rows, 1), dtype)
    weights = np.ones((1, inputs), dtype)
    core, reference = _core.NetCore(spec), engine.reference_of(spec)
    for net in (core, reference):
        net.set_params({"0.weight": weights})
    options = {"epochs": 3, "batch_size": rows, "shuffle": False}
    records = engine.fit(core, x, y, **options)
    want = reference.fit(x, y, None, None, **options)
    # The first loss is exact in either dtype; a wrong mask is off by at least a unit in it.
    assert records[0]["loss"] == pytest.approx(want[0]["loss"], rel=1e-6)
    np.testing.assert_allclose(core.get_params()["0.weight"], reference.get_params()["0.weight"], rtol=2e-4)
