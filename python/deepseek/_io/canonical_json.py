"""Canonical JSON: every value has exactly one text, from which the same value is read.

Keys are sorted, the text is ASCII, and floats have the fewest digits that read back as the same bits. NaN and
the infinities, which JSON lacks, are written as ``{"$float": "nan"}``, ``"inf"`` and ``"-inf"``. Tuples are
read as lists.
"""

from __future__ import annotations

import json
import math
from typing import Any

TAG = "$float"
NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
MAX_DEPTH = 64


def canonical(value: Any) -> str:
    """Return the text of a value made of dicts, lists, strings, numbers, booleans and None.

    Raises
    ------
    TypeError
        For a value of another type, or a key that is not a string.
    ValueError
        For nesting deeper than `MAX_DEPTH`, or the reserved key ``"$float"``.
    """
    return json.dumps(_plain(value, "config", 0), sort_keys=True, separators=(",", ":"), allow_nan=False)


def parse(text: str) -> Any:
    """Return the value of a canonical text; raise ValueError for any other text, valid JSON or not.

    The value is written again and compared with the text. This check rejects duplicate keys, NaN literals,
    numbers out of range and all other freedoms of JSON.
    """
    try:
        value = _restored(json.loads(text), 0)
        if canonical(value) != text:
            raise ValueError("is not in canonical form")
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except TypeError as error:
        raise ValueError(str(error)) from None
    return value


def _plain(value: Any, where: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"{where[:80]}…: got a value nested deeper than {MAX_DEPTH}; expected fewer levels")
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {TAG: repr(float(value))}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{where}: got the key {key!r}; expected strings as keys")
            if key == TAG:
                raise ValueError(f"{where}: got the key {TAG!r}, which is reserved; expected another one")
        return {key: _plain(item, f"{where}[{key!r}]", depth + 1) for key, item in value.items()}
    raise TypeError(
        f"{where}: got a value of type {type(value).__name__}; expected a dict, list, string, number, bool or None"
    )


def _restored(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError("is nested too deeply")
    if isinstance(value, list):
        return [_restored(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if TAG in value:
            word = value[TAG]
            if len(value) != 1 or not isinstance(word, str) or word not in NOT_FINITE:
                raise ValueError(f"has a malformed {TAG!r}")
            return NOT_FINITE[word]
        return {key: _restored(item, depth + 1) for key, item in value.items()}
    return value
