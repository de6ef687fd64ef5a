"""Helpers of all columns: output blocks of a generator, and the message about a missing value."""

from __future__ import annotations

from .raw import Config, RawColumn, column_label

TEMPERATURE = 0.5
"""Temperature of the Gumbel softmax."""


def block(activation: str, units: int) -> Config:
    """Return an output block of a generator as a plain dictionary."""
    return {
        "activation": activation,
        "units": units,
        "alpha": 0.01,
        "temperature": TEMPERATURE,
        "hard": False,
    }


def missing_value_message(raw: RawColumn, row: int) -> str:
    """Message about a missing value in a column that had none at fit."""
    return f"{column_label(raw.name)}: got a missing value in row {row}; expected a value, as fit saw none missing"
