"""How a table was read, in a few lines, with the option that changes each guess."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from .._tables.readings import DATE_ORDERS, KINDS, Reading
from .._tables.target import TargetEncoder

_MAX_CLASSES = 100  # whole numbers of a target that a hint calls classes
_MAX_NAMES = 10  # columns of one kind that are named


def target_line(target: TargetEncoder) -> str:
    """Return how the target was read and, where that is a guess, the option that changes it."""
    kind = "a number" if target.classes is None else f"{len(target.classes)} classes"
    hint = ""
    if target.classes is not None and target.classes.dtype.kind in "iuf" and target.reason != "as asked":
        hint = "; --task regression predicts a number"
    elif target.classes is None and _may_be_classes(target.reason):
        hint = "; --task classification predicts a class"
    return f"target: {target.name}, {kind} ({target.reason}{hint})"


def _may_be_classes(reason: str) -> bool:
    """Whether a number has few enough values, such as "24 different whole numbers", to be a class."""
    count, _, what = reason.partition(" ")
    return what == "different whole numbers" and int(count) <= _MAX_CLASSES


def column_lines(readings: Sequence[Reading]) -> list[str]:
    """Return how the columns were read: a line for each kind, then one for each column that is left out."""
    lines = []
    for kind in KINDS[:-1]:
        found = [reading for reading in readings if reading.kind == kind]
        if not found:
            continue
        plural = {"category": "categories"}.get(kind, f"{kind}s")
        names = [f"{r.name} ({r.reason})" if r.reason else r.name for r in found[:_MAX_NAMES]]
        names += [f"… {len(found) - _MAX_NAMES} more"] * (len(found) > _MAX_NAMES)
        guess = next((reading for reading in found if reading.hint), None)
        hint = "" if guess is None else f"; {_option(guess)}"
        lines.append(f"{len(found)} {kind if len(found) == 1 else plural}: {', '.join(names)}{hint}")
    left_out = [reading for reading in readings if reading.kind == "left out"]
    lines += [_left_out(reading) for reading in left_out[:_MAX_NAMES]]
    return lines + [f"left out: … {len(left_out) - _MAX_NAMES} more"] * (len(left_out) > _MAX_NAMES)


def _left_out(reading: Reading) -> str:
    hint = f"; {_option(reading)}" if reading.hint else ""
    return f"left out: {reading.name} ({reading.reason}{hint})"


def _option(reading: Reading) -> str:
    """Return the option that changes a guess, quoted for a shell, and its effect."""
    if reading.hint == "left out":
        return f"--drop {shlex.quote(reading.name)} leaves it out"
    effect = "keeps it" if reading.kind == "left out" else f"makes it a {reading.hint}"
    effect = "exchanges day and month" if reading.hint in DATE_ORDERS else effect
    return f"--kind {shlex.quote(f'{reading.name}={reading.hint}')} {effect}"
