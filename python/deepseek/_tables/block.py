"""What columns of a table share: output blocks of a generator, and a message."""

from __future__ import annotations

from .raw import Config, Raw, called

TEMPERATURE = 0.5
"""Of the Gumbel softmax."""


def block(activation: str, units: int) -> Config:
    """A generator's output block."""
    return {
        "activation": activation,
        "units": units,
        "alpha": 0.01,
        "temperature": TEMPERATURE,
        "hard": False,
    }


def unexpected(raw: Raw, row: int) -> str:
    """The message for a missing value where none can be."""
    return f"{called(raw.name)} has no value in row {row}, but was never missing at fit"
