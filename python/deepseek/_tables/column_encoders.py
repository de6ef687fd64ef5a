"""The encoders of columns by kind, and their restoration from plain values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from .._config.checks import short
from .dates import PARTS, STYLES
from .encoders.categories import CategoryEncoder
from .encoders.dates import DateEncoder
from .encoders.numbers import BooleanEncoder, NumberEncoder
from .encoders.texts import TextEncoder
from .ngrams import BUCKETS

ColumnEncoder = NumberEncoder | BooleanEncoder | CategoryEncoder | DateEncoder | TextEncoder

_CLASSES = (NumberEncoder, BooleanEncoder, CategoryEncoder, DateEncoder, TextEncoder)
TYPES = {encoder.kind: encoder for encoder in _CLASSES}
"""Encoder of each kind of column."""

_VALID: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "float": lambda value: isinstance(value, (int, float)) and math.isfinite(value),
    "list[str]": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "list[int]": lambda value: (
        isinstance(value, list) and all(type(i) is int and 0 <= i < BUCKETS for i in value)
    ),
}
"""Test of a value of each type that the fields of an encoder have."""


def encoder_from_config(config: Any) -> ColumnEncoder:
    """Return the encoder of a column from its plain dictionary; raise ValueError for anything else."""
    try:
        values = dict(config)
        kind = TYPES[values.pop("kind")]
        for field in fields(kind):
            if field.name in values and not _VALID[str(field.type)](values[field.name]):
                raise ValueError(f"{field.name}: {short(values[field.name])}")
        encoder: ColumnEncoder = kind(**values)
    except (TypeError, KeyError, ValueError) as error:
        raise _malformed(error) from None
    if isinstance(encoder, NumberEncoder) and encoder.decimal not in (".", ","):
        raise _malformed(f"decimal: {short(encoder.decimal)}")
    if isinstance(encoder, DateEncoder) and (
        encoder.style not in STYLES or not set(encoder.parts) <= set(PARTS)
    ):
        raise _malformed(f"dates: {short(encoder.style)} with {short(encoder.parts)}")
    return encoder


def _malformed(fault: object) -> ValueError:
    return ValueError(f"columns: got a malformed description ({fault}); expected that of a saved model")
