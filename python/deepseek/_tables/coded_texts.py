"""A column of texts that remembers its dictionary encoding, so that nothing hashes the texts again."""

from __future__ import annotations

from typing import Any

import numpy as np

from .cells import Array, Cells


class CodedTexts(np.ndarray[Any, Any]):
    """Read-only array of objects, shape (rows,): str, or None where missing.

    Attributes
    ----------
    cells : Cells or None
        Dictionary encoding; None for a part or a copy of the array.
    """

    cells: Cells | None

    def __array_finalize__(self, array: Any) -> None:
        self.cells = None

    @staticmethod
    def of(cells: Cells) -> CodedTexts:
        """Return the texts of all rows."""
        table = np.empty(len(cells.texts) + 1, object)
        table[:-1] = cells.texts
        result = table[cells.codes].view(CodedTexts)
        result.cells = cells
        result.flags.writeable = False  # a change would not reach the encoding; a copy may be changed
        return result


def take_rows(column: Array, rows: Any) -> Array:
    """Return some rows of a column, given by numbers or a mask; texts stay encoded."""
    if isinstance(column, CodedTexts) and column.cells is not None:
        return CodedTexts.of(column.cells.take(rows))
    part: Array = column[rows]
    return part
