"""Cells of a column as distinct texts: what is missing, what is equal, and how a cell is quoted in a message.

A column of objects is dictionary-encoded once; every rule about its content then runs over the distinct texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MISSING = frozenset(["", "?", ".", "na", "n/a", "#n/a", "#na", "<na>", "n.a.", "nan", "nat", "null"])
"""Texts that stand for a missing value, in lower case and without outer blanks."""

PLACEHOLDERS = frozenset(["-", "--", "none", "nil", "missing", "unknown"])
"""Texts that stand for a missing value among numbers, dates and booleans; among other texts they are a category."""

_NUMBERS = (int, float, np.number, Decimal)

_LONGEST = max(map(len, MISSING | PLACEHOLDERS))  # longer texts need no look


@dataclass(frozen=True)
class Cells:
    """A column of texts in dictionary encoding.

    Attributes
    ----------
    texts : list of str
        Distinct texts without outer blanks, in the order of their first rows; none of them is missing.
    codes : ndarray of int64, shape (rows,)
        Index of each row's text; -1 where the value is missing.
    has_numbers : bool
        Whether some values were numbers instead of texts, see `split_numbers`.
    """

    texts: list[str]
    codes: NDArray[np.int64]
    has_numbers: bool = False

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Mask of the rows without a value, shape (rows,)."""
        return self.codes < 0

    def counts(self) -> NDArray[np.int64]:
        """Return the number of rows of each text, shape (texts,)."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))

    def take(self, rows: Any) -> Cells:
        """Return some rows, given by numbers or a mask."""
        codes = self.codes[rows]
        first = np.full(len(self.texts) + 1, len(codes))  # the last entry is that of missing values
        first[codes[::-1]] = np.arange(len(codes))[::-1]
        order = np.argsort(first[:-1], kind="stable")
        order = order[first[order] < len(codes)]
        target = np.full(len(first), -1)
        target[order] = np.arange(len(order))
        return Cells([self.texts[i] for i in order.tolist()], target[codes], self.has_numbers)

    def without_placeholders(self) -> Cells:
        """Return the column with `PLACEHOLDERS` as missing values."""
        if not _has_any(self.texts, PLACEHOLDERS):
            return self
        kept = [text for text in self.texts if text.lower() not in PLACEHOLDERS]
        index = {text: code for code, text in enumerate(kept)}
        target = np.array([*(index.get(text, -1) for text in self.texts), -1], np.int64)
        return Cells(kept, target[self.codes], self.has_numbers)


def read_cells(array: Array) -> Cells:
    """Return the dictionary encoding of a column of any dtype.

    Whole numbers of a float column read like those of an int column: 1.0 becomes "1". Objects other than text
    become `str(object)`, which is an ISO date for dates and a plain number for `decimal.Decimal`.
    """
    known = getattr(array, "cells", None)  # of CodedTexts
    if known is not None:
        return known  # type: ignore[no-any-return]
    if array.dtype.kind in "fiub":
        return _number_cells(array)
    if array.dtype.kind in "Mm":
        distinct, codes = np.unique(array, return_inverse=True)
        gone = np.isnat(distinct)
        return merged_cells(
            [None if na else str(item) for item, na in zip(distinct, gone, strict=True)], codes
        )
    items = array.tolist()
    if (types := set(map(type, items))) & {int, float} and bool in types:
        items = [
            int(item) if item is True or item is False else item for item in items
        ]  # True equals 1 as a key
    try:
        position = dict.fromkeys(items)
    except TypeError:  # lists, dictionaries and arrays are not hashable
        items = [str(item) for item in items]
        position = dict.fromkeys(items)
    seen = {item: code for code, item in enumerate(position)}
    codes = np.fromiter(map(seen.__getitem__, items), np.int64, len(items))
    return merged_cells(list(seen), codes)


def _number_cells(array: Array) -> Cells:
    distinct, codes = np.unique(array, return_inverse=True)
    return merged_cells(distinct.tolist(), codes)


def merged_cells(items: Sequence[Any], codes: Array) -> Cells:
    """Return the cells of a column from its distinct items and their code in each row; equal texts are merged."""
    try:
        texts = list(map(str.strip, items))
    except TypeError:  # other items than texts
        pass
    else:
        are_distinct = texts == items or len(set(texts)) == len(texts)  # stripping may make texts equal
        if are_distinct and not _has_any(texts, MISSING):
            return Cells(texts, codes.astype(np.int64, copy=False))
    index: dict[str, int] = {}
    target = np.empty(len(items), np.int64)
    for i, item in enumerate(items):
        text = _text(item)
        target[i] = -1 if text is None else index.setdefault(text, len(index))
    codes = target[codes.reshape(-1)] if len(items) else np.empty(0, np.int64)
    has_numbers = any(isinstance(item, _NUMBERS) and not isinstance(item, bool) for item in items)
    return Cells(list(index), codes, has_numbers)


def split_numbers(array: Array) -> tuple[NDArray[np.float64], Array]:
    """Return the numbers of a column of objects, NaN elsewhere, and its other values, None elsewhere.

    A number has a value of its own: the decimal mark of the texts beside it says nothing about it.
    """
    values, others = np.full(len(array), np.nan), array.astype(object)
    for row, item in enumerate(array.tolist()):
        if isinstance(item, _NUMBERS):
            values[row], others[row] = _float(item), None
    return values, others


def _float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number beyond float64
        return float("inf") if number > 0 else float("-inf")
    except ValueError:  # a signalling NaN
        return float("nan")


def _has_any(texts: Sequence[str], words: frozenset[str]) -> bool:
    """Whether some text is one of some words in lower case, of which none is longer than `_LONGEST`."""
    return not words.isdisjoint([text.lower() for text in texts if len(text) <= _LONGEST])


def _text(item: Any) -> str | None:
    """Return the text of a value without outer blanks, or None if it is missing."""
    if isinstance(item, str):
        text = item.strip()
    elif item is None or type(item).__name__ in ("NAType", "NaTType") or item != item:
        return None
    elif isinstance(item, bytes):
        text = item.decode("utf-8", "replace").strip()
    elif isinstance(item, (float, np.floating)):
        return number_text(float(item))
    else:
        text = str(item).strip()
    return None if text.lower() in MISSING else text


def number_text(value: float | int | bool) -> str:
    """Return the shortest text of a number; whole numbers have no decimal point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def canonical_text(text: str) -> str:
    """Return `number_text` of a text that is a number, and the text itself otherwise; whole numbers are exact."""
    try:
        if text.isdecimal() or (text[:1] in ("+", "-") and text[1:].isdecimal()):
            return str(int(text))
        return text if "_" in text else number_text(float(text))
    except ValueError:
        return text


def printable(text: str) -> str:
    """Return a text with control characters escaped, which a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def quoted(text: str, limit: int = 40) -> str:
    """Return a text in double quotes for a message: control characters escaped, at most `limit` characters."""
    shown = printable(text)
    return f'"{shown if len(shown) <= limit else shown[: limit - 1] + "…"}"'


def listed(names: Iterable[str], limit: int = 8) -> str:
    """Return quoted names as a short list for a message."""
    items = list(names)
    more = f", … ({len(items)} in all)" if len(items) > limit else ""
    return ", ".join(quoted(item) for item in items[:limit]) + more
