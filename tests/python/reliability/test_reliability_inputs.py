"""Promises D1, D2, D5: what cannot be learned from is refused by row and column; what runs away is caught.

After every refusal the model is what it was, bit for bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import models, recs

KINDS: dict[str, Callable[[Any], Any]] = {
    "float32": lambda a: a.astype("f4"),
    "float64": lambda a: a.astype("f8"),
    "float16": lambda a: a.astype("f2"),
    "longdouble": lambda a: a.astype(np.longdouble),
    "big_endian": lambda a: a.astype(">f4"),
    "fortran": lambda a: np.asfortranarray(a.astype("f4")),
    "strided": lambda a: np.repeat(a.astype("f4"), 3, axis=1)[:, ::3],
    "reversed": lambda a: a.astype("f4")[::-1].copy()[::-1],
    "unaligned": lambda a: np.frombuffer(b"x" + a.astype("f4").tobytes(), "f4", offset=1).reshape(a.shape),
    "list": lambda a: a.tolist(),
    "tuple": lambda a: tuple(map(tuple, a.tolist())),
    "object": lambda a: a.astype("f4").__array__().view(Stranger),
}


class Stranger(np.ndarray[Any, Any]):
    """An array of a class of its own."""


@pytest.fixture
def net() -> ds.Net:
    """A net in the middle of its training."""
    X, y = models.data()
    net = models.net()
    net.fit(X, y, epochs=1)
    return net


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (17, 4), (199, 5)])
def test_nan_and_infinity_are_named_by_row_and_column(
    net: ds.Net, kind: str, value: float, place: tuple[int, int]
) -> None:
    X, y = models.data()
    X[place] = value
    before = models.bits(net)
    given = KINDS[kind](X)
    words = rf"row {place[0]}, column {place[1]}\b"
    for call in (
        lambda: net.fit(given, y),
        lambda: net.predict(given),
        lambda: net.evaluate(given, y),
        lambda: net.fit(*models.data(), validation_data=(given, y)),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    assert models.bits(net) == before


@pytest.mark.parametrize("row", [0, 57, 199])
def test_nan_in_targets_and_weights_is_named_by_row(row: int) -> None:
    X, _ = models.data()
    net = ds.Net([6, 8, 2], loss="squared_error")
    y, w = np.zeros((200, 2)), np.ones(200)
    before = models.bits(net)
    y[row, 1] = np.nan
    with pytest.raises(ValueError, match=rf"y: got nan in row {row}, column 1\b"):
        net.fit(X, y)
    w[row] = np.inf
    with pytest.raises(ValueError, match=rf"sample_weight: got inf in row {row}\b"):
        net.fit(X, np.zeros((200, 2)), sample_weight=w)
    assert models.bits(net) == before


def test_a_number_too_large_for_float32_is_named(net: ds.Net) -> None:
    X, y = models.data()
    wide = X.astype("f8")
    wide[3, 2] = 1e39
    with pytest.raises(ValueError, match="row 3, column 2"):
        net.fit(wide, y)
    assert np.isfinite(models.net(dtype="float64").predict(wide)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_array_gives_the_same_bits(kind: str) -> None:
    X, y = models.data()
    X = X.astype("f2").astype("f4")  # so that every kind can hold it
    plain, other = models.net(), models.net()
    plain.fit(X, y, epochs=2)
    given = KINDS[kind](X)
    other.fit(given, y.tolist(), epochs=2)
    assert models.bits(plain) == models.bits(other)
    assert plain.predict(X).tobytes() == other.predict(given).tobytes()


@pytest.mark.parametrize(
    ("options", "scale"),
    [
        ({"optimizer": ds.SGD(1e6)}, 1.0),
        ({"optimizer": ds.SGD(1e30)}, 1.0),
        ({"optimizer": ds.SGD(1e6, momentum=0.9), "dtype": "float64"}, 1e3),
        ({"optimizer": ds.Adam(1e30), "dropout": 0.2}, 1.0),
        ({"optimizer": ds.SGD(1e6), "activation": "identity"}, 1e4),
        ({"optimizer": ds.RMSProp(1e25), "activation": "relu"}, 1e10),
        ({"optimizer": ds.SGD(0.1), "activation": "relu"}, 1e18),
    ],
)
def test_divergence_is_caught_at_the_step_it_happens(options: dict[str, Any], scale: float) -> None:
    X, _ = models.data()
    y = (X @ np.arange(6.0).reshape(6, 1)) * scale
    net = ds.Net([6, 32, 32, 1], **{"activation": "relu", "loss": "squared_error", "seed": 1, **options})
    with pytest.raises(ds.DivergenceError) as caught:
        net.fit(X, y, epochs=500, batch_size=10)
    assert caught.value.step >= 0 and "diverged" in str(caught.value)
    state = net.state_dict()
    assert all(np.isfinite(array).all() for array in state.values())
    assert net.predict(X).shape == (200, 1)
    before = models.weights(net)
    with pytest.raises(ds.DivergenceError):
        net.fit(X, y, epochs=500, batch_size=10)  # it stays broken, and says so again
    assert all(np.isfinite(array).all() for array in net.state_dict().values()), before
    net.reset()
    fresh = ds.Net([6, 32, 32, 1], **{"activation": "relu", "loss": "squared_error", "seed": 1, **options})
    assert models.weights(net) == models.weights(fresh)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("sequence of values", {"cell": "rnn", "cell_activation": "relu", "optimizer": ds.SGD(1e6)}),
        ("next", {"optimizer": ds.SGD(1e30), "bptt_steps": 3}),
        ("last", {"cell": "lstm", "head": [9, 9], "optimizer": ds.Adam(1e30), "dropout": 0.2}),
        ("mean", {"optimizer": ds.SGD(1e30), "dtype": "float64", "bidirectional": True, "head": [5]}),
        ("next token", {"cell": "rnn", "cell_activation": "relu", "optimizer": ds.RMSProp(1e25)}),
        ("ctc", {"head": [9], "optimizer": ds.SGD(1e30)}),
    ],
)
def test_recurrences_that_explode_are_caught(kind: str, options: dict[str, Any]) -> None:
    X, y = recs.lists(kind, 40, longest=30)
    rec = recs.rec(kind, **options)
    with pytest.raises(ds.DivergenceError):
        rec.fit(X, y, epochs=500, batch_size=8)
    assert all(np.isfinite(array).all() for array in rec.state_dict().values())
    assert len(rec.predict(X)) == 40
    assert models.weights(rec.reset()) == models.weights(recs.rec(kind, **options))


def test_the_weights_kept_are_those_of_the_last_good_step() -> None:
    """The same training, stopped in time, has them too."""
    X, y = models.data()
    options = {"optimizer": ds.SGD(1e8, momentum=0.99), "activation": "identity", "loss": "squared_error"}
    targets = np.eye(3)[y]
    net = models.net((6, 3), **options)
    with pytest.raises(ds.DivergenceError) as caught:
        net.fit(X, targets, epochs=500, batch_size=200, shuffle=False)
    good = caught.value.epoch - 1  # one step is one epoch here
    assert caught.value.step == 0 and net.history.epochs == good > 0
    again = models.net((6, 3), **options)
    again.fit(X, targets, epochs=good, batch_size=200, shuffle=False)
    assert models.weights(again) == models.weights(net)


@pytest.mark.parametrize(
    "layers",
    [
        [2**40, 10],
        [10, 2**40, 1],
        [10, 2**62],
        [10, 2**63],
        [10, 2**64 + 1],
        [2**31 - 1, 2**31 - 1, 2],
        [2**31 - 1] * 40,
        [10, 0, 1],
        [0, 1],
        [10, -1],
        [10],
        [],
    ],
)
def test_impossible_sizes_are_refused_at_once(layers: list[int]) -> None:
    start = time.perf_counter()
    with pytest.raises(ValueError, match=r"layers|parameters"):
        ds.Net(layers)
    assert time.perf_counter() - start < 1  # the promise is 10 ms


def test_no_rows_at_all(net: ds.Net) -> None:
    before = models.bits(net)
    empty = np.zeros((0, 6), "f4")
    assert net.predict(empty).shape == (0, 3)
    for call in (
        lambda: net.fit(empty, np.zeros(0, int)),
        lambda: net.evaluate(empty, np.zeros(0, int)),
        lambda: net.fit(*models.data(), validation_data=(empty, np.zeros(0, int))),
    ):
        with pytest.raises(ValueError, match=r"row"):
            call()
    assert models.bits(net) == before


@pytest.mark.parametrize(
    "shape", [(), (6,), (200,), (200, 5), (200, 7), (200, 6, 1), (0,), (6, 0), (1, 200, 6), (2**40, 0)]
)
def test_wrong_shapes_are_refused(net: ds.Net, shape: tuple[int, ...]) -> None:
    before = models.bits(net)
    X, y = np.zeros(shape, "f4"), models.data()[1]
    for call in (lambda: net.fit(X, y), lambda: net.predict(X), lambda: net.evaluate(X, y)):
        with pytest.raises(ValueError, match="X"):
            call()
    assert models.bits(net) == before


@pytest.mark.parametrize(
    "X",
    ["text", b"bytes", None, 3, {1: 2}, object(), [["a"] * 6], [[1j] * 6], [[None] * 6], [[1] * 6, [1]],
     {1}, np.zeros((3, 6), "c8"), np.zeros((3, 6), "M8[s]"), np.zeros((3, 6), "m8[s]"), np.zeros((3, 6), "S3"),
     np.zeros((3, 6), [("a", "f4")]), np.full((3, 6), None), lambda: 0, ...],
)  # fmt: skip
def test_what_holds_no_numbers_is_refused(net: ds.Net, X: Any) -> None:
    before = models.bits(net)
    for call in (lambda: net.fit(X, [0, 1, 2]), lambda: net.predict(X), lambda: net.evaluate(X, [0, 1, 2])):
        with pytest.raises((ValueError, TypeError), match="X"):
            call()
    assert models.bits(net) == before
