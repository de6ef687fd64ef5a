"""Inputs: the same numbers give the same bits however they lie in memory; everything else is refused by name."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from programs import models

Array = np.ndarray[Any, np.dtype[Any]]

WHOLE = np.arange(24).reshape(6, 4) % 7 - 3
"""Numbers that every type below holds exactly."""


def misaligned(x: Array) -> Array:
    raw = np.zeros(x.nbytes + 1, np.uint8)[1:]
    return raw.view(x.dtype).reshape(x.shape)


def filled(target: Array, x: Array) -> Array:
    target[...] = x
    return target


def frozen(x: Array) -> Array:
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS: dict[str, Callable[[Array], Any]] = {
    "as it is": lambda x: x,
    "columns first": np.asfortranarray,
    "every second row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "every third column": lambda x: np.repeat(x, 3, axis=1)[:, ::3],
    "backwards": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "misaligned": lambda x: filled(misaligned(x), x),
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "little-endian": lambda x: x.astype(x.dtype.newbyteorder("<")),
    "read-only": frozen,
    "nested lists": lambda x: x.tolist(),
    "tuples of arrays": lambda x: tuple(x),
    "matrix": lambda x: x.view(type("Sub", (np.ndarray,), {})),
    "masked, nothing hidden": np.ma.masked_array,
    "memoryview": memoryview,
    "DLPack": lambda x: type(
        "Capsule", (), {"__dlpack__": x.__dlpack__, "__dlpack_device__": x.__dlpack_device__}
    )(),
    "__array__": lambda x: type("Frame", (), {"__array__": lambda self, dtype=None, copy=None: x})(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layouts_do_not_matter(layout: str, dtype: str) -> None:
    X, y = models.data(60)
    X = X.astype(dtype)
    net, expected = (models.net(dtype=dtype) for _ in range(2))
    expected.fit(X, y, epochs=2)
    before = X.tobytes()
    net.fit(LAYOUTS[layout](X), y, epochs=2)
    assert models.weights(net) == models.weights(expected)
    np.testing.assert_array_equal(net.predict(LAYOUTS[layout](X)), expected.predict(X))
    assert net.evaluate(LAYOUTS[layout](X), y) == expected.evaluate(X, y)
    assert X.tobytes() == before


REAL = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "longdouble", ">i2", ">u4", ">f2", ">f8",
]  # fmt: skip


@pytest.mark.parametrize("kind", REAL)
def test_every_real_type(kind: str) -> None:
    numbers = WHOLE != 0 if kind == "bool" else np.abs(WHOLE) if "u" in kind else WHOLE
    net = ds.Net([4, 3, 1], seed=4)
    expected = net.predict(numbers.astype(np.float32))
    np.testing.assert_array_equal(net.predict(numbers.astype(kind)), expected)
    np.testing.assert_array_equal(net.predict(np.asfortranarray(numbers.astype(kind))), expected)


@pytest.mark.peers
def test_small_floats_of_other_libraries() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    net = ds.Net([4, 1])
    expected = net.predict(WHOLE.astype(np.float32))
    np.testing.assert_array_equal(net.predict(WHOLE.astype(ml_dtypes.bfloat16)), expected)


def test_memory_maps(tmp_path: Path) -> None:
    X, y = models.data(60)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    net, expected = models.net(), models.net()
    net.fit(mapped, y, epochs=2)
    expected.fit(X, y, epochs=2)
    assert models.weights(net) == models.weights(expected)


FOREIGN = {
    "pandas": "pandas.DataFrame(whole, columns=list('abcd'))",
    "polars": "polars.DataFrame(whole.tolist(), schema=list('abcd'), orient='row')",
    "torch": "torch.tensor(whole)",
    "jax": "jax.numpy.asarray(whole, dtype='float32')",
}


@pytest.mark.peers
@pytest.mark.parametrize("library", FOREIGN)
def test_frames_and_tensors_of_other_libraries(library: str) -> None:
    """In a process of its own: some of them start threads when imported."""
    if importlib.util.find_spec(library) is None:
        pytest.importorskip(library)
    script = f"""
import numpy
whole = numpy.arange(24).reshape(6, 4) % 7 - 3
import deepseek as ds
net = ds.Net([4, 1])
expected = net.predict(whole)
import {library}
assert (net.predict({FOREIGN[library]}) == expected).all()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nullable_columns() -> None:
    """As pandas gives them: objects in ``__array__``, numbers in ``to_numpy``; a hole is a NaN."""

    class Nullable:
        columns = ("a", "b")

        def __init__(self, values: Array, kind: str) -> None:
            self.values = values
            self.dtypes = [type("Dtype", (), {"kind": kind})()] * 2

        def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
            return self.values.astype(object)

        def to_numpy(self, dtype: str, na_value: float) -> Array:
            return self.values.astype(dtype)

    net = ds.Net([2, 1])
    numbers = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(net.predict(Nullable(numbers, "i")), net.predict(numbers))
    with pytest.raises(TypeError, match="got objects"):
        net.predict(Nullable(numbers, "O"))
    numbers[1, 0] = np.nan
    with pytest.raises(ValueError, match="X: got nan in row 1, column 0; expected finite numbers"):
        net.predict(Nullable(numbers, "i"))


@pytest.mark.parametrize(
    ("X", "error", "said"),
    [
        (np.ones((2, 4), complex), TypeError, r"X: got complex numbers .*; expected real numbers"),
        (
            np.full((2, 4), None),
            TypeError,
            r"X: got None in row 0, column 0 \(dtype object\); expected real num",
        ),
        (np.full((2, 4), Decimal(1)), TypeError, r"X: got objects \(dtype object\); expected real numbers"),
        (np.full((2, 4), "1"), TypeError, r"X: got text \(dtype .*\); expected real numbers"),
        ([["1", "2", "3", "4"]], TypeError, r"X: got text \(dtype .*\); expected real numbers"),
        (np.full((2, 4), b"1"), TypeError, r"X: got text \(dtype .*\); expected real numbers"),
        (np.zeros((2, 4), "M8[s]"), TypeError, r"X: got dates .*; expected real numbers"),
        (np.zeros((2, 4), "m8[s]"), TypeError, r"X: got times .*; expected real numbers"),
        (np.zeros(2, "f4,f4,f4,f4"), TypeError, "X: got values of type .*'f0'.*; expected real numbers"),
        ([[2**70] * 4], TypeError, r"X: got objects \(dtype object\); expected real numbers"),
        (None, TypeError, "X: got a value of type NoneType; expected an array of numbers"),
        ({1: 2}, TypeError, "X: got a value of type dict; expected an array of numbers"),
        ((i for i in range(4)), TypeError, "X: got a value of type generator; expected an array of numbers"),
        (object(), TypeError, "X: got a value of type object; expected an array of numbers"),
        ("1234", TypeError, r"X: got text \(dtype .*\); expected real numbers"),
        ([[1.0, 2.0, 3.0, 4.0], [1.0]], ValueError, "X: got a value of type list; expected an array of"),
        (7.0, ValueError, r"X: got shape \(\); expected 2-D \(rows, columns\)\. Use \[\[X\]\] for one row"),
        (np.ones(4), ValueError, r"Use X.reshape\(1, -1\) for a single row"),
        (np.ones((2, 2, 2)), ValueError, r"Use X.reshape\(len\(X\), -1\) to flatten each row"),
        (np.ones((2, 5)), ValueError, "X: got 5 columns; expected 4, one per input of the model"),
        (np.ones((2, 0)), ValueError, "X: got 0 columns; expected 4, one per input of the model"),
        (
            np.ma.masked_array(np.ones((2, 4)), mask=np.eye(2, 4)),
            ValueError,
            "X: got masked values; expected none",
        ),
        ([[1e39, 0, 0, 0]], ValueError, r"X: got 1e\+39 in row 0, column 0, which is too large for float32"),
    ],
)
def test_what_is_refused(X: Any, error: type[Exception], said: str) -> None:
    net = ds.Net([4, 3, 1])
    before = models.bits(net)
    calls: list[Callable[[], Any]] = [
        lambda: net.predict(X),
        lambda: net.fit(X, [1, 2]),
        lambda: net.evaluate(X, [1, 2]),
    ]
    for call in calls:
        with pytest.raises(error, match=said):
            call()
    assert models.bits(net) == before


def test_a_column_is_asked_for_where_there_is_one_input() -> None:
    with pytest.raises(ValueError, match=r"Use X.reshape\(-1, 1\) for rows of one number"):
        ds.Net([1, 1]).predict(np.ones(5))


def test_an_array_that_raises_is_named() -> None:
    class Broken:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
            raise RuntimeError("on another device")

    with pytest.raises(TypeError, match=r"X: got a value of type Broken; expected .* \(on another device\)"):
        ds.Net([4, 1]).predict(Broken())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (3, 2), (5, 3), (4, 0)])
@pytest.mark.parametrize("kind", ["float16", "float32", "float64", ">f4"])
def test_nan_and_infinity_by_row_and_column(value: float, place: tuple[int, int], kind: str) -> None:
    X = WHOLE.astype(kind)
    X[place] = value
    later = X.copy()
    later[5, 3] = value  # the first one is named
    net = ds.Net([4, 3, 1])
    said = f"X: got {value} in row {place[0]}, column {place[1]}; expected finite numbers"
    for array in (X, later, np.asfortranarray(X), X.tolist()):
        with pytest.raises(ValueError, match=said):
            net.predict(array)
        with pytest.raises(ValueError, match=said):
            net.fit(array, np.ones(6))


@pytest.mark.parametrize("columns", [1, 3, 64, 1000])
def test_nan_is_found_anywhere(columns: int) -> None:
    net = ds.Net([columns, 1])
    for at in {0, columns - 1, 5 * columns // 2, 7 * columns - 1}:
        X = np.zeros((7, columns), np.float32)
        X.reshape(-1)[at] = np.nan
        with pytest.raises(ValueError, match=f"in row {at // columns}, column {at % columns};"):
            net.predict(X)


def test_nan_in_targets_and_weights_by_row() -> None:
    X, values, weights = WHOLE.astype(np.float32), np.ones(6), np.ones(6)
    values[4] = np.inf
    weights[2] = np.nan
    net = ds.Net([4, 1])
    with pytest.raises(ValueError, match="y: got inf in row 4, column 0; expected finite numbers"):
        net.fit(X, values)
    with pytest.raises(ValueError, match="sample_weight: got nan in row 2; expected finite numbers"):
        net.fit(X, np.ones(6), sample_weight=weights)


Y: dict[str, tuple[Any, int, Any, str]] = {
    "too few": ("squared_error", 1, np.ones(5), "y: got 5 rows; expected 6, as many as X has"),
    "too many": ("cross_entropy", 3, np.zeros(7, int), "y: got 7 rows; expected 6, as many as X has"),
    "one number": ("squared_error", 1, 3.0, "y: got a single number; expected an array of 6 targets"),
    "1-D for two": ("squared_error", 2, np.ones(6), r"y: got shape \(6,\); expected \(rows, 2\)"),
    "3-D": ("squared_error", 1, np.ones((6, 1, 1)), r"y: got shape \(6, 1, 1\); expected \(rows, 1\)"),
    "wrong width": (
        "cross_entropy",
        3,
        np.ones((6, 4)),
        r"y: got shape \(6, 4\); expected \(rows, 3\) or .*class",
    ),
    "class too high": (
        "cross_entropy",
        3,
        [0, 1, 2, 3, 0, 0],
        r"y: got 3 in row 3; expected class indices 0 to 2 \(the model has 3 outputs\)\. For labels of",
    ),
    "class below 0": ("cross_entropy", 3, [0, -1, 2, 1, 0, 0], "y: got -1 in row 1; .*class indices 0 to 2"),
    "half a class": (
        "cross_entropy",
        3,
        [0, 1, 0.5, 1, 0, 0],
        r"y: got 0\.5 in row 2; .*class indices 0 to 2",
    ),
    "no class": ("cross_entropy", 3, [0, 1, np.nan, 1, 0, 0], "y: got nan in row 2; .*class indices 0 to 2"),
    "infinite class": (
        "cross_entropy",
        3,
        [0, 1, np.inf, 1, 0, 0],
        "y: got inf in row 2; .*class indices 0 to 2",
    ),
    "sum of 2": ("cross_entropy", 2, np.ones((6, 2)), "y: got a sum of 2 in row 0; .*that sum to 1"),
    "negative share": (
        "cross_entropy",
        2,
        [[2, -1]] * 6,
        "y: got -1 in row 0, column 1; expected probabilities, at least 0",
    ),
    "rows for focal": ("focal", 2, [[1, 0]] * 6, r"y: got shape \(6, 2\); expected class indices of shape"),
    "half for focal": (
        "focal",
        1,
        [0.5] * 6,
        r"y: got 0\.5 in row 0, column 0; .* 0 or 1 for the focal loss",
    ),
    "beyond yes": (
        "binary_cross_entropy",
        1,
        [0, 1, 2, 0, 0, 0],
        "y: got 2 in row 2, column 0; .* from 0 to 1",
    ),
    "negative count": (
        "poisson",
        1,
        [0, 1, -2, 0, 0, 0],
        "y: got -2 in row 2, column 0; .*at least 0 for the poisson",
    ),
}


@pytest.mark.parametrize("name", Y)
def test_wrong_targets(name: str) -> None:
    loss, outputs, y, said = Y[name]
    net = ds.Net([4, outputs], loss=loss)
    before = models.bits(net)
    for call in (net.fit, net.partial_fit, net.evaluate):
        with pytest.raises(ValueError, match=said):
            call(WHOLE, y)
    assert models.bits(net) == before


@pytest.mark.parametrize("labels", [list("abcabc"), np.array(list("abcabc"), object)])
def test_labels_of_other_kinds(labels: Any) -> None:
    with pytest.raises(TypeError, match=r"y: got .*\); expected real numbers"):
        ds.Net([4, 3], loss="cross_entropy").fit(WHOLE, labels)


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 2, 0, 1, 2],
        np.array([0, 1, 2, 0, 1, 2], np.uint8),
        np.array([0, 1, 2, 0, 1, 2], ">i4")[:, None],
        np.array([0.0, 1.0, 2.0, 0.0, 1.0, 2.0]),
        np.repeat([0, 1, 2, 0, 1, 2], 2)[::2],
    ],
)
def test_class_indices_of_every_type(labels: Any) -> None:
    net, expected = (ds.Net([4, 5, 3], loss="cross_entropy") for _ in range(2))
    net.fit(WHOLE, labels, epochs=3)
    expected.fit(WHOLE, np.array([0, 1, 2, 0, 1, 2]), epochs=3)
    assert models.weights(net) == models.weights(expected)


def test_certain_probabilities_are_class_indices() -> None:
    indices, rows = (ds.Net([4, 5, 3], loss="cross_entropy", dtype="float64") for _ in range(2))
    y = np.array([0, 1, 2, 0, 1, 2])
    indices.fit(WHOLE, y, epochs=3)
    rows.fit(WHOLE, np.eye(3)[y], epochs=3)
    for name, array in indices.state_dict().items():
        np.testing.assert_allclose(array, rows.state_dict()[name], rtol=1e-12, atol=1e-15)
    third = np.full((6, 3), 1 / 3, np.float32)  # sums to 1 but for rounding
    assert indices.evaluate(WHOLE, third)["loss"] > 0


def test_one_output_takes_a_flat_y() -> None:
    flat, column = (ds.Net([4, 3, 1]) for _ in range(2))
    flat.fit(WHOLE, np.arange(6), epochs=2)
    column.fit(WHOLE, np.arange(6.0)[:, None], epochs=2)
    assert models.weights(flat) == models.weights(column)


def test_no_rows() -> None:
    net = ds.Net([4, 1])
    empty = np.empty((0, 4))
    assert net.predict(empty).shape == (0, 1)
    for call in (net.fit, net.partial_fit, net.evaluate):
        with pytest.raises(ValueError, match=r"X: got no rows, shape \(0, 4\); expected at least one"):
            call(empty, np.empty(0))
