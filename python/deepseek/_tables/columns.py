"""Columns of a table as outputs of a generator: numbers by mixtures, categories one-hot; encoded and decoded.

A number becomes its mode (one-hot, "gumbel") and its position within that mode ("tanh"), as in CTGAN (Xu et
al. 2019). A missing value is one more entry beside the modes or categories, with position 0. Its one-hot
block sums to 1 like every block that a generator makes; all zeros would show a discriminator which rows are
real. Blocks of one entry are left out, so a constant column has no width.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .categories import Categories, checked_categories
from .mixture import MODES
from .numbers import Numbers, checked_numbers
from .raw import RawColumn

_MIN_REPEATS = 5  # mean number of rows per value above which few different numbers are categories


def is_categorical(raw: RawColumn) -> bool:
    """Whether a column holds categories, as far as its values show.

    Text and booleans are categories. Numbers are categories if at most ten different ones occur, as many as a
    mixture has modes, and each occurs five times on average. The second condition keeps a few rows of
    measurements numeric.
    """
    if raw.family == "values":
        return True
    distinct = len(np.unique(raw.present))
    return distinct <= MODES and distinct * _MIN_REPEATS <= len(raw.present)


def column_from_config(config: Any) -> Categories | Numbers:
    """Return the column that `to_config` wrote; raise ValueError for anything else."""
    try:
        fields = dict(config)
        kind = fields.pop("type")
        if kind == "categories":
            return checked_categories(**fields)
        if kind == "numbers":
            return checked_numbers(**fields)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"column of a table: got a malformed description ({error}); expected that of a model"
        ) from None
    raise ValueError(f"column of a table: got type {kind!r}; expected categories or numbers")
