"""What a report holds: figures on columns, pairs of columns, rows and what they are good for.

How they are measured is in `report`; how they look as text and as a picture, in `text` and `plot`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._tables.raw import Name

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Marginal:
    """A column by itself.

    Attributes
    ----------
    name : str or int
    measure : str
        "KS" (numbers: largest difference of the distribution functions) or "TV" (categories: total variation).
    distance : float
        Between synthetic and real rows, 0 to 1.
    between_real : float
        Between held-out and other real rows.
    missing, missing_real : float
        Shares of missing values.
    edges : list of float
        Of the histogram's bins; empty for categories.
    labels : list of str
        Of the categories, the commonest first; empty for numbers.
    shares, shares_real : list of float
        Of the bins or categories.
    """

    name: Name
    measure: str
    distance: float
    between_real: float
    missing: float
    missing_real: float
    edges: list[float]
    labels: list[str]
    shares: list[float]
    shares_real: list[float]


@dataclass(frozen=True)
class Utility:
    """What a Net learns from synthetic rows (TSTR) and from real ones (TRTR), tested on held-out real rows.

    `measure` is "accuracy", with the commonest class's share as `baseline`, or "R²" with 0.
    """

    target: Name
    measure: str
    synthetic: float
    real: float
    baseline: float


@dataclass(frozen=True)
class Distances:
    """From rows to the nearest real row that is not held out: medians and 5 % quantiles.

    Numbers count in deviations, another category as one.
    """

    synthetic: float
    synthetic_low: float
    real: float
    real_low: float


@dataclass(frozen=True)
class Copies:
    """Synthetic rows that real ones may have been copied to.

    Attributes
    ----------
    exact : int
        Synthetic rows that equal any real row.
    exact_share, exact_share_real : float
        Shares of synthetic and of held-out rows that equal a real row which is not held out.
    near_share, near_share_real : float
        Shares of rows that are closer to such a row than all but the closest 1 % of held-out rows.
    """

    exact: int
    exact_share: float
    exact_share_real: float
    near_share: float
    near_share_real: float


@dataclass(frozen=True, eq=False)
class Report:
    """What `report` and `compare` found. ``print`` it, `plot` it, or take its numbers with `to_dict`.

    Attributes
    ----------
    rows : dict of int
        How many were real, of these held_out, and synthetic.
    marginals : list of Marginal
    associations, associations_real : ndarray of shape (columns, columns)
        Pearson's correlation of numbers, Cramér's V of categories, the correlation ratio of one of each.
    association_difference, association_difference_real : float
        Mean absolute difference over pairs of columns: of synthetic and real rows, of held-out and other real rows.
    detection : float
        Area under the curve of a classifier that tells synthetic from real rows, cross-fitted: 0.5 is best.
    detection_error : float
        Its standard deviation where there is no difference.
    utility : Utility or None
        None without a target.
    distances : Distances
    copies : Copies
    """

    rows: dict[str, int]
    marginals: list[Marginal]
    associations: Array
    associations_real: Array
    association_difference: float
    association_difference_real: float
    detection: float
    detection_error: float
    utility: Utility | None
    distances: Distances
    copies: Copies

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionary of numbers, texts and lists."""
        plain = asdict(self)
        for name in ("associations", "associations_real"):
            plain[name] = plain[name].tolist()
        return plain

    def plot(self, path: Any = None) -> Any:
        """Draw marginals and correlations, synthetic beside real (needs matplotlib).

        Parameters
        ----------
        path : path-like, optional
            File to write; without it pyplot makes the figure.

        Returns
        -------
        matplotlib Figure
        """
        from .plot import draw

        return draw(self, path)

    def __str__(self) -> str:
        from .text import text

        return text(self)
