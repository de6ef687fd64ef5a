"""Columns of a table as a generator's outputs: numbers by mixtures, categories one-hot, and both ways back.

A number becomes its mode (one-hot, "gumbel") and its place in that mode ("tanh"), as CTGAN has it (Xu et al. 2019).
What is missing is one more entry beside the modes or categories, with the place 0: the one-hot still sums to 1, as
whatever a generator makes does; all zeros would tell a discriminator at once which rows are real. Blocks of one entry
are left out, so a constant column has no width.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .categories import Categories, checked_categories
from .mixture import MODES
from .numbers import Numbers, checked_numbers
from .raw import Raw

_REPEATED = 5  # how often each of few different numbers occurs, on average, where they are categories


def is_categorical(raw: Raw) -> bool:
    """Whether a column holds categories, by itself.

    Text and booleans do. Numbers do if there are at most ten different ones, as many as a mixture has modes: each would
    be a mode of its own, and its place in the mode would say nothing. But each has to occur five times on average, so
    that a few rows of measurements are not taken for categories.
    """
    if raw.family == "values":
        return True
    distinct = len(np.unique(raw.present))
    return distinct <= MODES and distinct * _REPEATED <= len(raw.present)


def column_from_config(config: Any) -> Categories | Numbers:
    """The column that `to_config` wrote; ValueError for anything else."""
    try:
        kept = dict(config)
        kind = kept.pop("type")
        if kind == "categories":
            return checked_categories(**kept)
        if kind == "numbers":
            return checked_numbers(**kept)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"a table's column is not what a model writes: {error}") from None
    raise ValueError(f"a table's column must be of type categories or numbers, got {kind!r}")
