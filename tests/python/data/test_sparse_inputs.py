"""Sparse inputs of a Net, without SciPy: what is accepted, what is refused, and what is read in place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import deepseek as ds
from deepseek._data.sparse import SparseRows, as_sparse_rows
from parity import engine
from parity.sparse import rows_of, thinned
from programs import models

Array = NDArray[Any]
FLOAT32 = np.dtype("float32")


def csr(x: Array, index: Any = np.int32) -> SimpleNamespace:
    """A CSR matrix of another library, of which only the attributes are known."""
    rows = rows_of(x)
    return SimpleNamespace(
        indptr=rows.indptr.astype(index), indices=rows.indices.astype(index), data=rows.data, shape=x.shape
    )


X = thinned(engine.numbers(12, 7, 1, "float32"), 0.4, 2)
Y = engine.numbers(12, 2, 3, "float32")


def read(x: Any, columns: int = 7, dtype: str = "float32") -> SparseRows:
    return as_sparse_rows(x, np.dtype(dtype), columns)


def dense(rows: SparseRows) -> Array:
    out = np.zeros(rows.shape, rows.data.dtype)
    for i in range(len(rows)):
        part = slice(rows.indptr[i], rows.indptr[i + 1])
        out[i, rows.indices[part]] = rows.data[part]
    return out


def fitted(x: Any, **options: Any) -> tuple[str, bytes]:
    net = ds.Net([7, 5, 2], activation="tanh", seed=3)
    net.fit(x, Y, **{"epochs": 3, "batch_size": 5, "verbose": False, **options})
    return models.weights(net), net.predict(x).tobytes()


@pytest.mark.parametrize("index", [np.int32, np.int64, np.uint16, ">i4"])
def test_index_types(index: Any) -> None:
    rows = read(csr(X, index))
    assert (rows.indptr.dtype, rows.indices.dtype) == (np.int64, np.int32)
    assert dense(rows).tobytes() == X.tobytes()
    assert fitted(csr(X, index)) == fitted(X)


@pytest.mark.parametrize("kind", ["float16", "float64", ">f4", "int8", "int64", "uint8", "bool"])
def test_value_types(kind: str) -> None:
    x = np.abs(np.round(X * 2)).astype(kind)
    assert dense(read(csr(x))).tobytes() == x.astype("float32").tobytes()
    assert fitted(csr(x)) == fitted(x)


def test_values_are_read_in_place_and_indices_are_copied() -> None:
    source = csr(X, np.int64)
    for array in vars(source).values():
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    rows = read(source)
    assert np.shares_memory(rows.data, source.data)
    assert not np.shares_memory(rows.indices, source.indices)
    assert not np.shares_memory(rows.indptr, source.indptr)
    assert fitted(source) == fitted(X)


def test_indices_that_change_during_the_fit_change_nothing() -> None:
    source = csr(X)

    def spoil(epoch: int, logs: dict[str, Any]) -> None:
        source.indices[:] = 1 << 30
        source.indptr[:] = -5

    nets = [ds.Net([7, 5, 2]) for _ in range(2)]
    nets[0].fit(X, Y, epochs=3, verbose=False)
    nets[1].fit(source, Y, epochs=3, callbacks=ds.LambdaCallback(on_epoch_end=spoil), verbose=False)
    assert models.weights(nets[0]) == models.weights(nets[1])


def test_entries_in_any_order_and_repeated() -> None:
    """Equal columns are added in their order, as SciPy's `toarray` adds them."""
    source = SimpleNamespace(
        indptr=np.array([0, 4, 4, 6]),
        indices=np.array([5, 0, 5, 2, 6, 6]),
        data=np.array([1e8, 2, 1, -1, 0.5, -0.5], np.float32),
        shape=(3, 7),
    )
    expected = np.zeros((3, 7), np.float32)
    expected[0, [0, 2, 5]] = [2, -1, np.float32(1e8) + np.float32(1)]
    assert dense(read(source)).tobytes() == expected.tobytes()
    assert read(source).indices.tolist() == [0, 2, 5, 6]
    assert source.indices.tolist() == [5, 0, 5, 2, 6, 6]
    source.data = np.array([1, 1, 1, 0, 1, 1], bool)
    assert dense(read(source))[[0, 2]].tolist() == [[1, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0, 1]]


def test_more_values_than_positions() -> None:
    """SciPy leaves room behind the last entry."""
    source = csr(X)
    source.indices = np.append(source.indices, [99, 99]).astype(np.int32)
    source.data = np.append(source.data, [np.nan, np.nan]).astype(np.float32)
    assert dense(read(source)).tobytes() == X.tobytes()


def test_rows_without_entries_and_no_rows() -> None:
    zeros = np.zeros((4, 7), np.float32)
    net = ds.Net([7, 5, 2])
    assert net.predict(csr(zeros)).tobytes() == net.predict(zeros).tobytes()
    assert net.predict(csr(zeros[:0])).shape == (0, 2)
    with pytest.raises(ValueError, match=r"X: got no rows, shape \(0, 7\); expected at least one"):
        net.fit(csr(zeros[:0]), Y[:0])


Change = dict[str, Any]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"indices": [0, 7, 1]}, ValueError, r"X: got column 7 in row 0; expected columns 0 to 6"),
        ({"indices": [0, 1, -1]}, ValueError, r"X: got column -1 in row 1; expected columns 0 to 6"),
        ({"indices": [0, 1, 1 << 40]}, ValueError, r"X: got column 1099511627776 in row 1"),
        ({"indices": [0.0, 1.0, 1.0]}, TypeError, r"X\.indices: got float64 of shape \(3,\); expected integers"),
        ({"indices": [[0, 1, 1]]}, TypeError, r"X\.indices: got int64 of shape \(1, 3\); expected integers"),
        ({"indices": [0]}, ValueError, r"X: got indptr up to 2 for 1 entries"),
        ({"indptr": [0, 2, 1]}, ValueError, r"X: got indptr that falls from 2 to 1 in row 1"),
        ({"indptr": [1, 2, 3]}, ValueError, r"X: got indptr\[0\] = 1; expected 0"),
        ({"indptr": [0, 2, 9]}, ValueError, r"X: got indptr up to 9 for 3 entries"),
        ({"indptr": [0, 2]}, ValueError, r"X: got 2 positions in indptr for 2 rows; expected 3"),
        ({"indptr": []}, ValueError, r"X: got an empty indptr"),
        ({"data": [1.0, 2.0]}, ValueError, r"X: got data of shape \(2,\); expected \(3,\), one value per index"),
        ({"data": [[1.0, 2.0, 3.0]]}, ValueError, r"X: got data of shape \(1, 3\)"),
        ({"data": [1.0, np.nan, 3.0]}, ValueError, r"X: got nan in row 0, column 4; expected finite numbers"),
        ({"data": [1.0, 2.0, -np.inf]}, ValueError, r"X: got -inf in row 1, column 2; expected finite numbers"),
        ({"data": [1.0, 2.0, 1e300]}, ValueError, r"X: got 1e\+300 in row 1, column 2, which is too large for float32"),
        ({"data": [1j, 2, 3]}, TypeError, r"X: got complex numbers"),
        ({"data": ["a", "b", "c"]}, TypeError, r"X: got text"),
        ({"shape": (2, 9)}, ValueError, r"X: got 9 columns; expected 7, one per input of the model"),
        ({"shape": (2,)}, ValueError, r"X: got shape \(2,\); expected 2-D \(rows, columns\)"),
        ({"format": "csc"}, TypeError, r"X: got a sparse SimpleNamespace with the format 'csc'; expected a CSR matrix"),
    ],
)  # fmt: skip
def test_what_is_refused(change: Change, error: type[Exception], said: str) -> None:
    parts: Change = {
        "indptr": [0, 2, 3],
        "indices": [0, 4, 2],
        "data": [1.0, 2.0, 3.0],
        "shape": (2, 7),
    } | change
    source = SimpleNamespace(**{k: np.array(v) if isinstance(v, list) else v for k, v in parts.items()})
    if "indptr" in change and not change["indptr"]:
        source.indptr = np.array([], np.int64)
    net = ds.Net([7, 5, 2])
    before = models.everything(net)
    for call in (
        lambda: net.predict(source),
        lambda: net.fit(source, Y[:2]),
        lambda: net.partial_fit(source, Y[:2]),
    ):
        with pytest.raises(error, match=said):
            call()
    with pytest.raises(error, match="validation_data's " + said):
        net.fit(X, Y, validation_data=(source, Y[:2]))
    assert models.everything(net) == before


def test_fit_evaluate_and_partial_fit_equal_those_of_dense_rows() -> None:
    nets = [ds.Net([7, 5, 2], seed=3, input_dropout=0.2) for _ in range(2)]
    w = np.linspace(0, 1, 12)
    found = []
    for net, x in zip(nets, (X, csr(X)), strict=True):
        history = net.fit(
            x,
            Y,
            epochs=4,
            batch_size=5,
            sample_weight=w,
            validation_fraction=0.3,
            early_stopping=True,
            verbose=False,
        )
        net.fit(x, Y, epochs=2, validation_data=(x, Y, w), shuffle=False, verbose=False)
        loss = net.partial_fit(x, Y, sample_weight=w)
        scores = net.evaluate(x, Y, sample_weight=w)
        found.append((history["val_loss"], net.history["loss"], loss, scores, models.weights(net)))
    assert found[0] == found[1]


def test_classes_and_class_weights() -> None:
    x, y = thinned(engine.numbers(30, 9, 1, "float64"), 0.3, 2), np.arange(30) % 3
    nets = [ds.Net([9, 6, 3], loss="cross_entropy", dtype="float64") for _ in range(2)]
    for net, rows in zip(nets, (x, csr(x)), strict=True):
        net.fit(rows, y, epochs=2, class_weight={1: 2.0}, verbose=False)
    assert models.weights(nets[0]) == models.weights(nets[1])
    assert (nets[0].predict_classes(x) == nets[1].predict_classes(csr(x))).all()


def test_an_interrupted_fit_is_completed(tmp_path: Any) -> None:
    def stopped(x: Any) -> ds.Net:
        net = ds.Net([7, 5, 2], seed=3)
        stop = ds.LambdaCallback(on_epoch_end=lambda epoch, logs: net.stop() if epoch == 2 else None)
        net.fit(x, Y, epochs=5, batch_size=5, callbacks=stop, checkpoint=tmp_path / "c", verbose=False)
        resumed: ds.Net = ds.load(tmp_path / "c")
        resumed.fit(x, Y, resume=True, verbose=False)
        return resumed

    whole = ds.Net([7, 5, 2], seed=3)
    whole.fit(X, Y, epochs=5, batch_size=5, verbose=False)
    assert models.weights(stopped(csr(X))) == models.weights(whole)


def test_fit_many() -> None:
    nets = [ds.Net([7, 5, 2], seed=seed) for seed in range(4)]
    samples = [np.arange(seed, 12) for seed in range(4)]
    for x in (X, csr(X)):
        for net in nets:
            net.reset()
        ds.fit_many(nets, x, Y, rows=samples, epochs=2)
        if x is X:
            expected = [models.weights(net) for net in nets]
    assert [models.weights(net) for net in nets] == expected


class Sparse:
    """A matrix of SciPy, as far as a refusal looks at it."""

    shape = (2, 4)

    def tocsr(self) -> Any:
        raise AssertionError("is not converted")


@pytest.mark.parametrize(
    "call",
    [
        lambda: ds.Net([4, 1]).fit(np.ones((2, 4)), Sparse()),
        lambda: ds.Net([4, 1]).fit(np.ones((2, 4)), [1, 2], sample_weight=Sparse()),
        lambda: ds.Rec(input_size=4, hidden=3, output_size=1).fit(Sparse(), [1, 2]),
        lambda: ds.Gen(data_size=4).fit(Sparse()),
        lambda: ds.Gen(data_size=4).discriminate(Sparse()),
    ],
)
def test_what_takes_no_sparse_matrix_says_so(call: Any) -> None:
    with pytest.raises(
        TypeError, match=r"\w+: got a sparse matrix; expected a dense array \(use \w+\.toarray\(\)\)"
    ):
        call()


@pytest.mark.parametrize(
    ("option", "value"), [("numeric_embedding", ds.PeriodicEmbedding()), ("input_scale_rate", 6.0)]
)
def test_layers_that_need_dense_rows_say_so(option: str, value: Any) -> None:
    net = ds.Net([7, 5, 2], **{option: value})
    said = rf"X: got a sparse matrix for a net with {option}; expected a dense array \(use X\.toarray\(\)\)"
    for call in (lambda: net.predict(csr(X)), lambda: net.fit(csr(X), Y), lambda: net.evaluate(csr(X), Y)):
        with pytest.raises(ValueError, match=said):
            call()


def test_a_conversion_that_fails_is_named() -> None:
    class Broken:
        shape = (2, 7)

        def tocsr(self) -> Any:
            return object()

    with pytest.raises(
        TypeError, match=r"X: got a sparse object with no attribute indptr, .*; expected a CSR matrix"
    ):
        ds.Net([7, 1]).predict(Broken())
