"""Loader of a bundled table with columns of several kinds and missing values."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ._bundled import FOLDER

PENGUINS = FOLDER / "penguins.csv.gz"


def load_penguins() -> dict[str, NDArray[Any]]:
    """Load the measurements of 344 penguins on three islands, as they were published.

    The table has 17 columns: texts, numbers, a date, an identifier, two constants, and missing values. It suits
    `deepseek.TabularNet`; usual targets are ``"Species"``, ``"Sex"`` and ``"Body Mass (g)"``.

    Returns
    -------
    dict of str to ndarray of shape (344,)
        Columns by name. Numbers are int64, or float64 with NaN where missing; texts and dates are objects, str or
        None where missing.

    Notes
    -----
    Source: K. Gorman, T. Williams and W. Fraser, "Ecological sexual dimorphism and environmental variability within a
    community of Antarctic penguins", PLOS ONE 9 (2014), by way of A. Horst, A. Hill and K. Gorman, *palmerpenguins*
    (2020), ``penguins_raw``. Licence: CC0.
    """
    from .._tables.read import read_table

    return dict(read_table(PENGUINS))
