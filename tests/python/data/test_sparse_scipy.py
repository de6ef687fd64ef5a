"""Sparse matrices of SciPy in a Net: every format gives the bits of the dense rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy")
from scipy import sparse

import deepseek as ds
from deepseek._data.sparse import as_sparse_rows
from parity import engine
from parity.sparse import thinned
from programs import harness, models

pytestmark = pytest.mark.peers

X = thinned(engine.numbers(24, 12, 1, "float32"), 0.3, 2)
Y = engine.numbers(24, 2, 3, "float32")
FORMATS = ["csr", "csc", "coo", "lil", "dok", "dia", "bsr"]


def matrix(layout: str, kind: str) -> Any:
    return getattr(sparse, f"{layout}_{kind}")(X)


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("layout", FORMATS)
def test_formats(layout: str, kind: str) -> None:
    nets = [ds.Net([12, 5, 2], seed=2) for _ in range(2)]
    for net, x in zip(nets, (X, matrix(layout, kind)), strict=True):
        net.fit(x, Y, epochs=2, batch_size=7, validation_data=(x, Y), verbose=False)
    assert models.weights(nets[0]) == models.weights(nets[1])
    assert nets[0].evaluate(X, Y) == nets[1].evaluate(matrix(layout, kind), Y)
    assert nets[0].predict(X).tobytes() == nets[1].predict(matrix(layout, kind)).tobytes()


@pytest.mark.parametrize("kind", ["float64", "int32", "bool", "uint8"])
def test_duplicates_are_added_as_toarray_adds_them(kind: str) -> None:
    rng = np.random.default_rng(1)
    row, column = np.sort(rng.integers(0, 9, 200)), rng.integers(0, 12, 200)
    indptr = np.searchsorted(row, np.arange(10))
    data = rng.integers(0, 2, 200) if kind in ("bool", "uint8") else rng.normal(0, 100, 200)
    x = sparse.csr_array((data.astype(kind), column, indptr), shape=(9, 12))
    assert not x.has_canonical_format
    rows = as_sparse_rows(x, np.dtype("float64"), 12)
    own = sparse.csr_array((rows.data, rows.indices, rows.indptr), shape=(9, 12))
    assert own.has_canonical_format
    assert own.toarray().tobytes() == x.toarray().astype("float64").tobytes()
    assert not x.has_canonical_format


def test_a_csr_matrix_is_read_in_place() -> None:
    x = sparse.csr_matrix(X)
    assert np.shares_memory(as_sparse_rows(x, np.dtype("float32"), 12).data, x.data)


def test_vectors_and_wrong_widths_are_refused() -> None:
    net = ds.Net([12, 1])
    with pytest.raises(ValueError, match=r"X: got shape \(12,\); expected 2-D"):
        net.predict(sparse.coo_array(X[0]))
    with pytest.raises(ValueError, match=r"X: got 24 columns; expected 12"):
        net.predict(sparse.csr_array(X.T))
    with pytest.raises(ValueError, match=r"X: got nan in row 3, column 5"):
        net.predict(sparse.csr_array(([np.nan], ([3], [5])), shape=(8, 12)))


def test_train_test_split() -> None:
    y = np.arange(24)
    dense, split = ds.datasets.train_test_split(X, y), ds.datasets.train_test_split(sparse.coo_array(X), y)
    assert split.X_train.toarray().tobytes() == dense.X_train.tobytes()
    assert split.X_test.toarray().tobytes() == dense.X_test.tobytes()
    assert (split.y_train == dense.y_train).all()


def test_memory_is_that_of_the_entries() -> None:
    """2 000 rows of 300 000 columns: 2.4 GB as a dense array, and 0.3 GB for a dense mini-batch."""
    grown = float(harness.run("sparse_memory.py"))
    assert grown < 100, f"{grown} MiB"
