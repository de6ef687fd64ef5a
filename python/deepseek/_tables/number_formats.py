"""Numbers as people write them: 1,234.5 · 1.234,5 · $5 · 5% · (1).

A format belongs to a whole column: a column of which one cell does not read so is text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CELL = re.compile(
    r"(?P<open>\()?(?P<sign>[+\-\u2212])?\s*(?P<before>[$€£¥₹])?\s*(?P<inner>[+\-\u2212])?"
    r"(?P<core>[0-9.,'\u2019 \u00a0\u202f]*[0-9][.,]?(?:[eE][+\-]?[0-9]+)?)\s*(?P<after>[%$€£¥₹])?(?P<close>\))?"
)
_GROUP = r"'\u2019 \u00a0\u202f"
_CORES = {
    mark: re.compile(
        rf"[0-9]*(?:[{mark}][0-9]*)?(?:[eE][+\-]?[0-9]+)?"
        rf"|[1-9][0-9]{{0,2}}(?P<group>[{other}{_GROUP}])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*(?:[{mark}][0-9]*)?"
    )
    for mark, other in ((".", ","), (",", "."))
}
_OTHER = {".": ",", ",": "."}
_GROUPS = str.maketrans("", "", ",.'\u2019 \u00a0\u202f")


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal : {".", ","}
        Decimal mark; the other one may stand between thousands.
    affix : str
        Currency sign or "%" that the cells may carry; "" if they have none.
    grouped : bool
        Whether some cell has a mark between thousands.
    """

    decimal: str = "."
    affix: str = ""
    grouped: bool = False


PLAIN = NumberFormat()


def is_code(texts: Sequence[str]) -> bool:
    """Whether texts are codes of three or more digits, all of one length, some with a leading zero, such as 01234."""
    length = len(texts[0]) if texts else 0
    if length < 3 or not texts[0].isdecimal() or not any(text.startswith("0") for text in texts):
        return False
    return all(len(text) == length for text in texts) and "".join(texts).isdecimal()


def plain_numbers(texts: Sequence[str]) -> Floats | None:
    """Return the texts as float64, shape (texts,); None if one is no plain number such as -1.5e3."""
    try:
        values = np.fromiter(map(float, texts), np.float64, len(texts))
    except (ValueError, TypeError):
        return None
    return None if "_" in "".join(texts) else values


def _with_comma(texts: Sequence[str]) -> Floats | None:
    """Return texts with decimal commas and no other marks as float64, shape (texts,), or None."""
    if texts and plain_numbers([texts[0].replace(",", ".")]) is None:
        return None  # as in most columns of words
    joined = "\n".join(texts)
    return None if "." in joined else plain_numbers(joined.replace(",", ".").split("\n"))


def number_format(texts: Sequence[str], decimal: str | None = None) -> NumberFormat | None:
    """Return the common format of the numbers of a column.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts of the column.
    decimal : {".", ","}, optional
        Decimal mark of the file, which is tried first. Default: plain numbers first; "1,234" without further
        evidence has a comma between thousands.

    Returns
    -------
    NumberFormat or None
        None if the texts do not all read as numbers of one format.
    """
    if not texts:
        return None
    first = _common_format(texts, ",") if decimal == "," else None
    if first is None and plain_numbers(texts) is not None:
        return PLAIN
    return first or _common_format(texts, ".") or (_common_format(texts, ",") if decimal is None else None)


def _common_format(texts: Sequence[str], decimal: str) -> NumberFormat | None:
    """Return the format of numbers with a given decimal mark; None if one text does not read so."""
    if decimal == "," and _with_comma(texts) is not None:
        return NumberFormat(",")
    affixes, grouped = set(), False
    for text in texts:
        match = _match(text, decimal)
        if match is None:
            return None
        affixes.add(match["before"] or match["after"] or "")
        whole = match["core"].partition(decimal)[0]
        grouped = grouped or whole.translate(_GROUPS) != whole
    affix = max(affixes)
    has_plain = len(affixes) > 1  # "$5" may stand beside "5", but "5%" is another number than "5"
    if affixes - {"", affix} or (affix == "%" and has_plain):
        return None
    return NumberFormat(decimal, affix, grouped)


def read_numbers(texts: Sequence[str], style: NumberFormat, decimal: str | None = None) -> Floats:
    """Return the numbers of the texts of a column, shape (texts,); NaN for a text that is none.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts of the column.
    style : NumberFormat
        Format of the numbers, as far as it is known.
    decimal : {".", ","}, optional
        Decimal mark of the file, which comes before that of `style`.
    """
    style = with_mark(texts, style, decimal)
    plain = plain_numbers(texts) if style.decimal == "." else _with_comma(texts)
    return np.array([_read(text, style.decimal) for text in texts], np.float64) if plain is None else plain


def with_mark(texts: Sequence[str], style: NumberFormat, decimal: str | None = None) -> NumberFormat:
    """Return a format with the decimal mark of a column, one for all its texts, as "1,234" reads with either.

    It is that of the file or else of `style`, unless some texts read only with the other mark, and none only with
    this one.
    """
    mark = decimal or style.decimal
    other = _OTHER[mark]
    has_other_only = False
    for text in texts if any(other in text for text in texts) else ():
        if _match(text, mark) is None:
            has_other_only = has_other_only or _match(text, other) is not None
        elif _match(text, other) is None:
            has_other_only = False
            break
    return replace(style, decimal=other if has_other_only else mark)


def _read(text: str, mark: str) -> float:
    for decimal in (mark, _OTHER[mark]):  # the other mark if only that one fits
        match = _match(text, decimal)
        if match is not None:
            return _value(match, decimal)
    try:
        return float("nan") if "_" in text else float(text)
    except ValueError:
        return float("nan")


def _match(text: str, decimal: str) -> re.Match[str] | None:
    """Return the parts of a formatted number, or None."""
    match = _CELL.fullmatch(text)
    if match is None or (match["open"] is None) != (match["close"] is None):
        return None
    return match if _CORES[decimal].fullmatch(match["core"]) else None


def _value(match: re.Match[str], decimal: str) -> float:
    whole, mark, rest = match["core"].partition(decimal)
    value = float(whole.translate(_GROUPS) + ("." if mark else "") + rest)
    negative = match["open"] or (match["sign"] or match["inner"] or "+") != "+"
    return -value if negative else value
