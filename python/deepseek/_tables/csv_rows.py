"""Rows of a CSV file as columns, with errors that name the row."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .. import _core
from .cells import MISSING, Array, merged_cells
from .coded_texts import CodedTexts
from .csv_layout import Layout
from .number_formats import is_code, plain_numbers

_BOOLEANS = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
_SPELLINGS = sorted(MISSING)
_MAX_EXACT = 2.0**53  # whole numbers below are exact in float64
_WHOLE = re.compile(r"[+\-]?[0-9]{1,400}")


def read_rows(data: bytes, start: int, layout: Layout) -> list[Array]:
    """Return the columns of a file.

    Parameters
    ----------
    data : bytes
        Contents of the file in UTF-8.
    start : int
        Offset at which the first row of values begins.
    layout : Layout
        Its delimiter and names.

    Returns
    -------
    list of ndarray, each of shape (rows,)
        int64 or float64 for plain numbers, NaN where missing; bool for True and False; objects of str otherwise,
        None where missing. Codes of one length, such as 01234, are no numbers, nor are whole numbers that int64
        cannot hold, and those of 2**53 or more beside missing values.

    Raises
    ------
    ValueError
        For rows of another length than the header, a quote that is never closed, or no rows.
    """
    width = len(layout.names)
    point_is_text = layout.decimal == ","
    parsed = _core.parse_csv(data, start, width, layout.delimiter, point_is_text, _SPELLINGS)
    unclosed, wrong = parsed["unclosed_row"], parsed["wrong_rows"]
    if unclosed:
        raise ValueError(f"{layout.path}: row {layout.rows + unclosed}: got a quote that is never closed")
    if wrong:
        more = f" ({wrong - 1} other rows have another length too)" if wrong > 1 else ""
        raise ValueError(
            f"{layout.path}: row {layout.rows + parsed['first_wrong_row']}: got {parsed['first_wrong_cells']} cells; "
            f"expected {width}, as many as the header has{more}"
        )
    if not parsed["rows"]:
        raise ValueError(f"{layout.path}: got no rows below the header; expected at least one")
    return [_column(column, point_is_text) for column in parsed["columns"]]


def _column(column: Any, point_is_text: bool) -> Array:
    if isinstance(column, np.ndarray):
        return column
    cells = merged_cells(*column)
    if cells.texts and all(text in _BOOLEANS for text in cells.texts):
        table = np.array([*(_BOOLEANS[text] for text in cells.texts), None], object)
        objects = table[cells.codes]
        return objects if cells.missing.any() else objects.astype(bool)
    numbers = None if is_code(cells.texts) else plain_numbers(cells.texts)
    if numbers is None or point_is_text:
        return CodedTexts.of(cells)
    if (np.abs(numbers) >= _MAX_EXACT).any() and all(map(_WHOLE.fullmatch, cells.texts)):
        whole = [int(text) for text in cells.texts]
        if cells.missing.any() or not -(2**63) <= min(whole) <= max(whole) < 2**63:
            return CodedTexts.of(cells)
        return np.array(whole, np.int64)[cells.codes]
    values = np.append(numbers, np.nan)[cells.codes]
    with np.errstate(invalid="ignore"):
        is_whole = bool((np.abs(values) < _MAX_EXACT).all() and (values == np.floor(values)).all())
    return values.astype(np.int64) if is_whole else values
