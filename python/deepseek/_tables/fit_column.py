"""A column of a known kind: its encoder, fitted to the training rows, and how it was read."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from . import dates
from .cells import Cells, canonical_text, quoted
from .column_encoders import ColumnEncoder
from .encoders.categories import CategoryEncoder
from .encoders.dates import DateEncoder, Times
from .encoders.numbers import BooleanEncoder, NumberEncoder, Numbers, boolean_sign
from .encoders.scaling import robust_scale
from .encoders.texts import TextEncoder
from .ngrams import frequent_buckets
from .number_formats import PLAIN, NumberFormat, plain_numbers
from .readings import Reading, gap_fact

MAX_CATEGORIES = 255
"""Largest number of categories with a code of their own; the others share code 0."""

FEW = 50
"""Number of distinct texts that are categories however often each occurs."""

Fitted = tuple[Reading, ColumnEncoder | None]

_NAMELESS = re.compile(
    r"|Unnamed: ?\d+(_level_\d+)?|column \d+|index|level_0|#|no\.|nr\.?|s\.?\s?no\.?"
    r"|row[ _.]?(names?|numbers?|no\.?|nr\.?)?",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(
    r".*[a-z0-9](Id|ID)|(.*[\s_.\-])?[iI][dD][sS]?|(?i:(.*[\s_.\-])?(uuid|guid|index|row_?id))"
)
CONSTANT = "the same value in every row"
UNIQUE = "an identifier: every value occurs once"
DIFFERENT = "a different text in every row"


def is_nameless(name: str) -> bool:
    """Whether a column has the name that pandas or R give to the numbers or names of rows."""
    return _NAMELESS.fullmatch(name) is not None


def is_identifier(name: str) -> bool:
    """Whether the name of a column says that it identifies the row."""
    return is_nameless(name) or _IDENTIFIER.fullmatch(name) is not None


def fit_number(
    name: str, read: Numbers, style: NumberFormat = PLAIN, reason: str = "", demanded: bool = False
) -> Fitted:
    """Fit a column of numbers; one that carries no information is left out unless `demanded`."""
    values = read.values
    missing = np.isnan(values)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return Reading(name, "left out", "no values"), None
    optional = bool(missing.any())
    useless = "" if demanded else _useless(name, finite, optional or len(finite) < len(values))
    if useless:
        return Reading(name, "left out", useless, "number"), None
    facts = [reason] if reason else []
    if style.affix:
        facts.append(f'written with "{style.affix}"')
    if style.decimal == ",":
        facts.append("decimal comma")
    elif style.grouped and not style.affix:
        facts.append("grouped thousands")
    if read.bad:
        shown = f"{read.bad_rows} cells such as" if read.bad_rows > 1 else "1 cell,"
        facts.append(f"{shown} {quoted(read.bad[0])} count as missing")
    facts += gap_fact(int(missing.sum()) - read.bad_rows)
    infinite = len(values) - len(finite) - int(missing.sum())
    facts += [f"{infinite} infinite"] if infinite else []
    centre, factor = robust_scale(finite)
    encoder = NumberEncoder(
        name, centre, factor, optional, style.decimal, style.affix, bool(read.bad), infinite > 0
    )
    return Reading(name, "number", ", ".join(facts), "category" if read.bad else ""), encoder


def _useless(name: str, values: NDArray[np.float64], gaps: bool) -> str:
    """Return why numbers carry no information about another row; "" if they may."""
    if gaps:
        return ""
    if (values == values[0]).all():
        return CONSTANT
    if not is_identifier(name) or len(values) < 3 or (values != np.floor(values)).any():
        return ""
    if len(np.unique(values)) < len(values):
        return ""
    return "row numbers" if is_nameless(name) else UNIQUE


def fit_boolean(name: str, cells: Cells, reason: str = "") -> Fitted:
    """Fit a column of true and false; raise ValueError if a text says neither."""
    wrong = [text for text in cells.texts if boolean_sign(text) == 0.0]
    if wrong:
        raise ValueError(f"column {quoted(name)}: got {quoted(wrong[0])}; expected only true and false")
    gaps = cells.missing
    if len(cells.texts) < 2 and not gaps.any():
        return Reading(name, "left out", CONSTANT, "boolean"), None
    facts = ([reason] if reason else []) + gap_fact(int(gaps.sum()))
    return Reading(name, "boolean", ", ".join(facts)), BooleanEncoder(name, bool(gaps.any()))


def fit_date(name: str, read: Times, style: str, reason: str = "", other: str = "") -> Fitted:
    """Fit a column of dates that are written in one style, or in the `other` one if that is a guess."""
    missing = read.missing
    optional = bool(missing.any())
    valid = read.distinct[read.distinct != dates.NO_DATE]
    if not len(valid):
        return Reading(name, "left out", "no values"), None
    if not optional and (valid == valid[0]).all():
        return Reading(name, "left out", CONSTANT, "date"), None
    days = (read.distinct / dates.DAY)[read.codes[~missing]]
    centre, factor = robust_scale(days)
    is_clock = style == "time of day"
    is_monthly = style == "year-month" or len(np.unique(dates.month_day(valid))) < 5
    parts = [] if is_clock or float(days.max() - days.min()) < 60 else ["year sin", "year cos"]
    parts += ["day sin", "day cos"] if (np.mod(valid, dates.DAY) != 0).any() else []
    parts += [] if is_clock or is_monthly else ["day of month"]
    has_weekday = not is_clock and not is_monthly and len(np.unique(dates.weekday(valid))) > 1
    facts = [reason] * bool(reason) + [style] + ["a guess"] * bool(other) + gap_fact(int(missing.sum()))
    encoder = DateEncoder(name, style, centre, factor, parts, has_weekday, optional)
    return Reading(name, "date", ", ".join(facts), other), encoder


def fit_category(name: str, cells: Cells, reason: str = "") -> Fitted:
    """Fit a column of categories; rare ones share a code."""
    counts: dict[str, int] = {}
    numeric = plain_numbers(cells.texts) is not None
    for text, count in zip(cells.texts, cells.counts().tolist(), strict=True):
        key = canonical_text(text) if numeric else text
        counts[key] = counts.get(key, 0) + count
    order = sorted(counts, key=lambda text: (-counts[text], text))
    least = 2 if len(order) > FEW else 1
    kept = [text for text in order[:MAX_CATEGORIES] if counts[text] >= least]
    kept.sort(key=lambda text: (float(text), text) if numeric else (0.0, text))
    rare = len(order) - len(kept)
    facts = ([reason] if reason else []) + [f"{len(order)} categories"]
    facts += [f"{rare} rare ones as one"] if rare else []
    gaps = int(cells.missing.sum())
    encoder = CategoryEncoder(name, kept, gaps > 0, rare > 0)
    return Reading(name, "category", ", ".join(facts + gap_fact(gaps))), encoder


def fit_text(name: str, cells: Cells, reason: str = "") -> Fitted:
    """Fit a column of texts; it is left out if no n-gram is frequent.

    The first characters of texts that are all different, such as keys and hashes, are no features.
    """
    counts = cells.counts()
    unique = bool((counts == 1).all()) and len(counts) > 2
    with_prefixes = not unique or bool(reason)
    buckets = frequent_buckets(cells.texts, counts, with_prefixes)
    distinct = f"{len(counts)} different texts"
    if not buckets:
        why = DIFFERENT if unique else f"{distinct} without words that repeat"
        return Reading(name, "left out", why, "text"), None
    facts = ([reason] if reason else []) + [distinct, f"{len(buckets)} frequent words"]
    facts[-1] += " and prefixes" * with_prefixes
    gaps = int(cells.missing.sum())
    encoder = TextEncoder(name, buckets, gaps > 0)
    return Reading(name, "text", ", ".join(facts + gap_fact(gaps)), "left out"), encoder
