"""A configuration as canonical JSON: one text for one value, and the very same value back.

Keys are sorted, nothing is optional, the text is ASCII, floats are written with the fewest digits that read
back as the same bits. JSON has no NaN and no infinity: they are written as ``{"$float": "nan"}``, ``"inf"``,
``"-inf"``. Tuples come back as lists.
"""

from __future__ import annotations

import json
import math
from typing import Any

TAG = "$float"
NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
MAX_DEPTH = 64


def canonical(value: Any) -> str:
    """Text of a value made of dicts, lists, strings, numbers, booleans and None.

    Raises
    ------
    TypeError
        For a value of any other type or a key that is no string.
    ValueError
        For nesting beyond `MAX_DEPTH` or a key that means something here.
    """
    return json.dumps(_plain(value, "config", 0), sort_keys=True, separators=(",", ":"), allow_nan=False)


def parse(text: str) -> Any:
    """Value of a canonical text; ValueError for any other text, be it valid JSON or not.

    Writing the value again has to give the same text. That one check refuses doubled keys, NaN literals,
    numbers out of range and every other liberty that JSON leaves.
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
        raise ValueError(f"{where[:80]}… is nested more than {MAX_DEPTH} deep")
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {TAG: repr(float(value))}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{where} has the key {key!r}; keys have to be strings")
            if key == TAG:
                raise ValueError(f"{where} has the key {TAG!r}, which is reserved")
        return {key: _plain(item, f"{where}[{key!r}]", depth + 1) for key, item in value.items()}
    raise TypeError(f"{where} is of type {type(value).__name__}, which a configuration cannot hold")


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
