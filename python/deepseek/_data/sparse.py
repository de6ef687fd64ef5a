"""Validation of sparse rows: matrices of SciPy and their relatives become the CSR arrays that the engine reads.

They are recognised by their attributes and methods; SciPy is never imported. Values of the engine's type whose
columns are sorted are read in place. The indices are always copied, because the engine trusts them. No dense copy
is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .inputs import as_array, as_finite, as_matrix, check_matrix

Array = NDArray[Any]


class SparseMatrix(Protocol):
    """Sparse matrix of SciPy, in any format."""

    def tocsr(self) -> Any:
        """Return the matrix in the CSR format."""


_CSR = ("indptr", "indices", "data", "shape")


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows in the form of the engine: CSR arrays whose columns ascend in each row.

    Attributes
    ----------
    indptr : ndarray of int64, shape (rows + 1,)
        Positions: row i has the entries ``indptr[i]`` to ``indptr[i + 1] - 1``.
    indices : ndarray of int32, shape (entries,)
        Columns of the entries.
    data : ndarray of shape (entries,)
        Values of the entries.
    shape : tuple of int
        Numbers of rows and columns.
    """

    indptr: Array
    indices: Array
    data: Array
    shape: tuple[int, int]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Array) -> SparseRows:
        indptr, indices, data = _core.take_sparse_rows(
            self.indptr, self.indices, self.data, np.asarray(rows, np.int64)
        )
        return SparseRows(indptr, indices, data, (len(rows), self.shape[1]))


Inputs = Array | SparseRows


def is_sparse(value: Any) -> bool:
    """Whether a value is a sparse matrix: it has the arrays of CSR, or can be converted to CSR."""
    return not isinstance(value, np.ndarray) and (
        hasattr(type(value), "tocsr") or all(hasattr(value, name) for name in _CSR)
    )


def as_inputs(X: Any, dtype: np.dtype[Any], columns: int, name: str = "X", *, empty: bool = False) -> Inputs:
    """Return dense or sparse inputs in the form of the engine; see `as_matrix` and `as_sparse_rows`."""
    read: Callable[..., Inputs] = as_sparse_rows if is_sparse(X) else as_matrix
    return read(X, dtype, columns, name, empty=empty)


def as_sparse_rows(
    X: Any, dtype: np.dtype[Any], columns: int, name: str = "X", *, empty: bool = False
) -> SparseRows:
    """Return a sparse matrix as sorted rows of `dtype` in which every value is finite.

    Parameters
    ----------
    X : sparse matrix of shape (rows, columns)
        A matrix of SciPy in any format, or an object with ``indptr``, ``indices``, ``data`` and ``shape`` of a CSR
        matrix. Values in the same place are added.
    dtype : dtype
        Element type of the result, float32 or float64.
    columns : int
        Required number of columns.
    name : str, default="X"
        Name of the argument in error messages.
    empty : bool, default=False
        Whether zero rows are accepted.

    Returns
    -------
    SparseRows

    Raises
    ------
    TypeError
        If X holds anything but real numbers, or its indices are no integers.
    ValueError
        If X has another shape, invalid indices, or holds NaN or infinity; the message names row and column.
    """
    csr = X if isinstance(X, SparseRows) else _as_csr(X, name)
    shape = tuple(csr.shape)
    check_matrix(shape, columns, name, empty=empty)
    indptr, indices, ascends = _core.copy_sparse_rows(*_index_arrays(csr, name), columns, name)
    if len(indptr) != shape[0] + 1:
        raise ValueError(
            f"{name}: got {len(indptr)} positions in indptr for {shape[0]} rows; expected {shape[0] + 1}"
        )
    count = int(indptr[-1])
    values = as_array(csr.data, name)
    if values.ndim != 1 or len(values) < count:
        raise ValueError(
            f"{name}: got data of shape {values.shape}; expected ({count},), one value per index"
        )
    indices, values = indices[:count], values[:count]
    if not ascends:
        indices, values = _sorted(indptr, indices, values)

    def location(entry: int) -> str:
        row = int(np.searchsorted(indptr, entry, side="right")) - 1
        return f"row {row}, column {indices[entry]}"

    return SparseRows(indptr, indices, as_finite(values, dtype, name, location), (shape[0], columns))


def _as_csr(X: Any, name: str) -> Any:
    """Return the object itself if it is a CSR matrix, else its conversion to one."""
    convert = getattr(X, "tocsr", None)
    if callable(convert):
        X = convert()
    missing = [attribute for attribute in _CSR if not hasattr(X, attribute)]
    layout = getattr(X, "format", "csr")
    if missing or layout != "csr":
        got = f"the format {layout!r}" if layout != "csr" else f"no attribute {', '.join(missing)}"
        raise TypeError(
            f"{name}: got a sparse {type(X).__name__} with {got}; expected a CSR matrix (use scipy.sparse.csr_array)"
        )
    return X


def _index_arrays(csr: Any, name: str) -> tuple[Array, Array]:
    """Return indptr and indices, both as int32 or both as int64."""
    arrays = [as_array(getattr(csr, part), f"{name}.{part}") for part in ("indptr", "indices")]
    for part, array in zip(("indptr", "indices"), arrays, strict=True):
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise TypeError(
                f"{name}.{part}: got {array.dtype} of shape {array.shape}; expected integers (n,)"
            )
    dtype = np.int32 if all(array.dtype == np.int32 for array in arrays) else np.int64
    indptr, indices = (np.require(array, dtype, ("C_CONTIGUOUS", "ALIGNED")) for array in arrays)
    return indptr, indices


def _sorted(indptr: Array, indices: Array, values: Array) -> tuple[Array, Array]:
    """Sort each row by column, and add the values of equal columns; `indptr` and `indices` are changed."""
    own = np.array(values, np.float32 if values.dtype == np.float32 else np.float64)
    count = _core.sort_sparse_rows(indptr, indices, own)
    own = own[:count]
    return indices[:count], np.minimum(own, 1.0) if values.dtype.kind == "b" else own
