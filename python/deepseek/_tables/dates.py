"""Dates and times of day written as text, and the calendar parts that a network learns from.

Milliseconds since 1970 are kept as int64. Sines come from a polynomial, as NumPy's differ between processors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_DATE = np.iinfo(np.int64).min
"""Milliseconds of a text that is no date."""

DAY = 86_400_000  # milliseconds
_FEW = 10  # numbers that are looked at first
_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = r"(?:[T ,]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?)?"
_CLOCK += r"\s*(?P<half>[AaPp][Mm])?\s*(?:Z|UTC|GMT|(?P<zone>[+-][0-9]{2}:?[0-9]{2}))?)?"
_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+)?"
_YEAR, _MONTH, _MDAY = r"(?P<year>[0-9]{4})", r"(?P<month>[0-9]{1,2})", r"(?P<day>[0-9]{1,2})"
_SHORT = r"(?P<year>[0-9]{4}|[0-9]{2})"

STYLES = {
    "year-month-day": re.compile(rf"{_YEAR}[-/.]{_MONTH}[-/.]{_MDAY}{_CLOCK}"),
    "year-month": re.compile(rf"{_YEAR}[-/]{_MONTH}"),
    "day.month.year": re.compile(rf"{_MDAY}\.\s?{_MONTH}\.\s?{_SHORT}{_CLOCK}"),
    "month/day/year": re.compile(rf"{_MONTH}[-/]{_MDAY}[-/]{_SHORT}{_CLOCK}"),
    "day/month/year": re.compile(rf"{_MDAY}[-/]{_MONTH}[-/]{_SHORT}{_CLOCK}"),
    "month name day year": re.compile(rf"{_WEEKDAY}{_NAME}\s+{_MDAY},?\s+{_YEAR}{_CLOCK}"),
    "day month name year": re.compile(rf"{_WEEKDAY}{_MDAY}[\s-]+{_NAME}[\s,-]+{_SHORT}{_CLOCK}"),
    "yearmonthday": re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"),
    "time of day": re.compile(
        r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?\s*(?P<half>[AaPp][Mm])?"
    ),
}
"""Ways to write a date, in the order in which they are tried."""

_OTHER_QUANTITIES = ("year-month", "time of day")

DAYS = "yearmonthday"
"""Style of whole numbers such as 20260131."""

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,3})?)?)?")


def parse_dates(texts: Sequence[str]) -> tuple[Ints, str] | None:
    """Return milliseconds since 1970 of distinct texts, shape (texts,), and their style.

    Returns
    -------
    (ndarray of int64, str) or None
        None if the texts do not all read as dates of one style. Where day and month could be exchanged in every
        text, the month comes first.
    """
    for style, pattern in STYLES.items():
        if texts and pattern.fullmatch(texts[0]):
            values = read_dates(texts, style)
            if not (values == NO_DATE).any():
                return values, style
    return None


def other_order(texts: Sequence[str], style: str) -> str:
    """Return the order of day and month in which distinct texts read as other dates; "" if there is none."""
    other = {"month/day/year": "day/month/year", "day/month/year": "month/day/year"}.get(style, "")
    if not other:
        return ""
    values = read_dates(texts, other)
    is_guess = NO_DATE not in values and not np.array_equal(values, read_dates(texts, style))
    return other if is_guess else ""


def read_in_any_style(texts: Sequence[str], style: str) -> Ints:
    """Return `read_dates` in the style of the training, or in the only other one in which all texts are dates.

    A year and month or a time of day is another quantity, and not read instead of a date.
    """
    values = read_dates(texts, style)
    if style in _OTHER_QUANTITIES or not (values == NO_DATE).any():
        return values
    found = []
    for other, pattern in STYLES.items():
        if other not in (style, *_OTHER_QUANTITIES) and pattern.fullmatch(texts[0]):
            read = read_dates(texts, other)
            found += [read] if not (read == NO_DATE).any() else []
    return found[0] if found and all((read == found[0]).all() for read in found) else values


def are_days(numbers: NDArray[Any]) -> bool:
    """Whether a column of numbers, NaN where missing, holds days of 1900 to 2099 such as 20260131."""
    head = numbers[:_FEW]
    if not ((head >= 19000101) & (head < 21000000) | (head != head)).all():
        return False
    distinct = np.unique(numbers[numbers == numbers])
    if (
        not len(distinct)
        or distinct[0] < 19000101
        or distinct[-1] >= 21000000
        or (distinct != distinct // 1).any()
    ):
        return False
    return not (read_dates([str(int(day)) for day in distinct.tolist()], DAYS) == NO_DATE).any()


def read_dates(texts: Sequence[str], style: str) -> Ints:
    """Return milliseconds since 1970 of texts of a known style, shape (texts,); NO_DATE for another text."""
    if style == "year-month-day" and all(map(_ISO.fullmatch, texts)):
        try:
            return np.array(texts, "M8[ms]").astype(np.int64)
        except ValueError:  # a day such as February 30
            pass
    pattern = STYLES[style]
    return np.array([_milliseconds(pattern.fullmatch(text)) for text in texts], np.int64)


def _milliseconds(match: re.Match[str] | None) -> int:
    if match is None:
        return NO_DATE
    found = match.groupdict()
    year, month = found.get("year") or "1970", found.get("month") or "1"
    full = int(year) + (0 if len(year) == 4 else 2000 if int(year) < 69 else 1900)  # as POSIX strptime
    hour, minute, second = (int(found.get(key) or 0) for key in ("hour", "minute", "second"))
    try:
        if found.get("name"):
            month = str(_MONTHS.index(found["name"][:3].lower()) + 1)
        days = date(full, int(month), int(found.get("day") or 1)).toordinal() - _EPOCH
    except ValueError:  # no such month or day
        return NO_DATE
    if found.get("half"):
        if not 1 <= hour <= 12:
            return NO_DATE
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    if hour > 24 or minute > 59 or second > 60:
        return NO_DATE
    fraction = int((found.get("part") or "0").ljust(3, "0")[:3])
    return days * DAY + ((hour * 60 + minute) * 60 + second) * 1000 + fraction


def wave(phase: Floats) -> Floats:
    """Return sin(2π·phase) of any phase, with an error below 1e-7, by additions and products alone."""
    turn = phase - np.floor(phase + 0.5)  # -0.5 … 0.5
    quarter = np.where(np.abs(turn) > 0.25, np.copysign(0.5, turn) - turn, turn)
    x = quarter * 6.283185307179586
    s = x * x
    series = 1.0 + s * (-1 / 6 + s * (1 / 120 + s * (-1 / 5040 + s * (1 / 362880 + s * (-1 / 39916800)))))
    return x * series


def cosine(phase: Floats) -> Floats:
    """Return cos(2π·phase), see `wave`."""
    return wave(phase + 0.25)


def day_phase(times: Ints) -> Floats:
    """Return the time of day from 0 at midnight to 1, shape (rows,)."""
    return np.asarray(np.mod(times, DAY) / DAY, np.float64)


def year_phase(times: Ints) -> Floats:
    """Return the position within the calendar year from 0 on January 1 to 1, shape (rows,)."""
    moments = times.view("M8[ms]")
    years = moments.astype("M8[Y]")
    start = years.astype("M8[ms]")
    length = ((years + 1).astype("M8[ms]") - start).astype(np.float64)
    return np.asarray((moments - start).astype(np.float64) / length)


def weekday(times: Ints) -> Ints:
    """Return the day of the week, 0 on Monday to 6 on Sunday, shape (rows,)."""
    return np.asarray(np.mod(np.floor_divide(times, DAY) + 3, 7), np.int64)


def month_day(times: Ints) -> Floats:
    """Return the day of the month, 1 to 31, shape (rows,)."""
    moments = times.view("M8[ms]")
    return np.asarray((moments.astype("M8[D]") - moments.astype("M8[M]")).astype(np.float64) + 1)


PARTS: dict[str, Callable[[Ints], Floats]] = {
    "year sin": lambda times: wave(year_phase(times)),
    "year cos": lambda times: cosine(year_phase(times)),
    "day sin": lambda times: wave(day_phase(times)),
    "day cos": lambda times: cosine(day_phase(times)),
    "day of month": lambda times: (month_day(times) - 16.0) / 15.0,
}
"""Calendar parts as numbers."""
