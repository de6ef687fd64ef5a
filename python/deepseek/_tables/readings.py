"""How a column was read: its kind, why, and what to choose instead."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("number", "category", "boolean", "date", "text", "left out")

DATE_ORDERS = ("day/month/year", "month/day/year")
"""Orders of a date of which a column does not always show the right one."""

CHOICES = (*KINDS, *DATE_ORDERS)
"""What a user may demand of a column: a kind, or the order of its dates."""


@dataclass(frozen=True)
class Reading:
    """How a column was read.

    Attributes
    ----------
    name : str
        Name of the column.
    kind : {"number", "category", "boolean", "date", "text", "left out"}
        Kind of the column.
    reason : str
        Why, in a few words.
    hint : str
        Kind or order of dates that a user may choose instead for a column whose reading is a guess; "" if there is
        none.
    """

    name: str
    kind: str
    reason: str
    hint: str = ""


def gap_fact(count: int) -> list[str]:
    """Return the number of missing values as a part of a reason; nothing if there are none."""
    return [f"{count} missing"] if count else []
