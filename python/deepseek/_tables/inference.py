"""What a column of a table is, found by its content: number, boolean, category, date, text, or left out.

The rules look at distinct values, so their cost is small beside reading the table.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import dates
from .cells import Array, Cells, quoted, read_cells
from .encoders.dates import Times
from .encoders.numbers import TRUE_FALSE, Numbers, found_format, written_texts
from .fit_column import (
    CONSTANT,
    FEW,
    UNIQUE,
    Fitted,
    fit_boolean,
    fit_category,
    fit_date,
    fit_number,
    fit_text,
    is_identifier,
)
from .number_formats import PLAIN, is_code, read_numbers, with_mark
from .readings import DATE_ORDERS, Reading

_REPEATS = 5  # mean rows per text from which more texts are categories
_MAX_EXACT = 2**53  # whole numbers below are exact in float64
_LONGEST = 300  # digits of a whole number that float64 holds
_MOSTLY = 0.95  # share of rows that are numbers from which a column of many values is a number


def infer(
    name: str, array: Array, kind: str | None = None, decimal: str | None = None, declared: str | None = None
) -> Fitted:
    """Decide how a column is read, and fit its encoder.

    Parameters
    ----------
    name : str
        Name of the column.
    array : ndarray of shape (rows,)
        Values of the training rows.
    kind : {"number", "category", "boolean", "date", "text", "left out"} or one of `DATE_ORDERS`, optional
        Kind that the user demands. Default: found by content.
    decimal : {".", ","}, optional
        Decimal mark of the file, if known.
    declared : {"category"}, optional
        Kind that the table itself declares; a constant column is left out all the same.

    Returns
    -------
    (Reading, encoder or None)
        No encoder for a column that is left out.

    Raises
    ------
    ValueError
        If the values do not have the demanded kind.
    """
    if kind == "left out":
        return Reading(name, "left out", "as asked"), None
    if kind is not None:
        return _demanded(name, array, kind, decimal)
    if array.dtype.kind in "if" and declared is None and dates.are_days(array):
        return fit_date(name, Times.read(array, dates.DAYS), dates.DAYS)
    if array.dtype.kind in "fium" and declared is None and not _merges_whole(array):
        return fit_number(name, Numbers.read(array))
    if array.dtype.kind == "M":
        return fit_date(name, Times.read(array, ""), "year-month-day")
    cells = read_cells(array)
    if not cells.texts:
        return Reading(name, "left out", "no values"), None
    if len(cells.texts) == 1 and not cells.missing.any():
        return Reading(name, "left out", CONSTANT, "category"), None
    if declared == "category":
        return fit_category(name, cells, "declared")
    return _by_content(name, array, cells, decimal) or _words(name, cells)


def _by_content(name: str, array: Array, cells: Cells, decimal: str | None) -> Fitted | None:
    """Read texts as booleans, numbers or dates; None if they are none of these."""
    firm = cells.without_placeholders()
    if not firm.texts:
        return None
    words = {text.lower() for text in firm.texts} if len(firm.texts) < 5 else set()
    if array.dtype.kind == "b" or any(words == set(pair) for pair in TRUE_FALSE):
        return fit_boolean(name, firm)
    if is_code(firm.texts):
        return None
    style = found_format(array, cells, decimal)
    if style is not None and _merges_whole(array, firm):
        return None
    if style is not None:
        read = Numbers.read(array, style, decimal, cells)
        if style == PLAIN and dates.are_days(read.values):
            return fit_date(name, Times.of(firm, dates.read_dates(firm.texts, dates.DAYS)), dates.DAYS)
        return fit_number(name, read, style)
    parsed = dates.parse_dates(firm.texts)
    if parsed is not None:
        other = dates.other_order(firm.texts, parsed[1])
        return fit_date(name, Times.of(firm, parsed[0]), parsed[1], other=other)
    if len(firm.texts) > FEW and _has_numbers(firm.texts[:100]):
        style = with_mark(written_texts(array, cells), PLAIN, decimal)
        mostly = Numbers.read(array, style, cells=cells)
        if mostly.bad_rows <= (1 - _MOSTLY) * int(firm.counts().sum()):
            return fit_number(name, mostly, style, demanded=True)
    return None


def _merges_whole(array: Array, cells: Cells | None = None) -> bool:
    """Whether float64 makes different whole numbers equal, so that a column of them holds codes."""
    if array.dtype.kind in "iu":
        if not len(array) or max(-int(array.min()), int(array.max())) < _MAX_EXACT:
            return False
        distinct = np.unique(array)
        return len(np.unique(distinct.astype(np.float64))) < len(distinct)
    long = [text for text in cells.texts if len(text) > 15] if cells is not None else []
    whole = {int(text) for text in long if text.lstrip("+-").isdecimal() and len(text) < _LONGEST}
    return len({float(number) for number in whole}) < len(whole)


def _has_numbers(texts: Sequence[str]) -> bool:
    """Whether at least half of the texts are plain numbers."""
    return int(np.isnan(read_numbers(texts, PLAIN)).sum()) <= len(texts) // 2


def _words(name: str, cells: Cells) -> Fitted:
    """Decide on texts that are neither numbers nor dates."""
    present, distinct = int((~cells.missing).sum()), len(cells.texts)
    is_unique = distinct == present and present > 2
    if not is_unique and (distinct <= FEW or present >= _REPEATS * distinct):
        return fit_category(name, cells)
    if is_identifier(name):
        why = UNIQUE if is_unique else f"an identifier: {distinct} different texts"
        return Reading(name, "left out", why, "text"), None
    reading, encoder = fit_text(name, cells)
    if encoder is None and not is_unique and present >= 2 * distinct:
        return fit_category(name, cells)
    return reading, encoder


def _demanded(name: str, array: Array, kind: str, decimal: str | None) -> Fitted:
    if kind in ("date", *DATE_ORDERS) and array.dtype.kind == "M":
        return fit_date(name, Times.read(array, ""), "year-month-day", "as asked")
    if kind == "number" and array.dtype.kind in "fiubm":
        return fit_number(name, Numbers.read(array), reason="as asked", demanded=True)
    cells = read_cells(array)
    if kind == "category":
        return fit_category(name, cells, "as asked")
    if kind == "text":
        reading, encoder = fit_text(name, cells, "as asked")
        if encoder is None:
            raise ValueError(
                f"column {quoted(name)}: got no words that repeat; expected some in a column of text"
            )
        return reading, encoder
    cells = cells.without_placeholders()
    if kind == "boolean":
        return fit_boolean(name, cells, "as asked")
    got = quoted(cells.texts[0]) if cells.texts else "no values"
    if kind == "date":
        parsed = dates.parse_dates(cells.texts)
        if parsed is None:
            raise ValueError(
                f"column {quoted(name)}: got {got}; expected dates of one style, such as 2026-01-31"
            )
        other = dates.other_order(cells.texts, parsed[1])
        return fit_date(name, Times.of(cells, parsed[0]), parsed[1], "as asked", other)
    if kind in DATE_ORDERS:
        times = Times.of(cells, dates.read_dates(cells.texts, kind))
        if times.bad or not cells.texts:
            got = quoted(times.bad[0]) if times.bad else got
            raise ValueError(f"column {quoted(name)}: got {got}; expected dates written as {kind}")
        return fit_date(name, times, kind, "as asked")
    written = written_texts(array, cells)
    style = found_format(array, cells, decimal) or with_mark(written, PLAIN, decimal)
    read = Numbers.read(array, style, decimal, cells)
    if np.isnan(read.values).all():
        raise ValueError(f"column {quoted(name)}: got no numbers, for example {got}; expected some")
    return fit_number(name, read, style, "as asked", demanded=True)
