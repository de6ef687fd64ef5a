"""Contents of a report: metrics of columns, of pairs of columns, of rows, and of utility.

`report` computes them; `text` and `plot` show them.
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
    """Distribution of one column in synthetic and real rows.

    Attributes
    ----------
    name : str or int
        Name of the column.
    measure : {"KS", "TV"}
        Distance used: "KS" for numbers (largest difference of the distribution functions), "TV" for
        categories (total variation).
    distance : float
        Distance between synthetic and real rows, 0 to 1.
    between_real : float
        Distance between held-out and other real rows, for comparison.
    missing, missing_real : float
        Fractions of missing values in synthetic and real rows.
    edges : list of float
        Bin edges of the histogram; empty for categories.
    labels : list of str
        Categories, the most frequent first; empty for numbers.
    shares, shares_real : list of float
        Relative frequencies of the bins or categories in synthetic and real rows.
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
    """Utility of synthetic rows for training a Net that is tested on held-out real rows (Esteban et al. 2017).

    Attributes
    ----------
    target : str or int
        Column that the Net predicts.
    measure : {"accuracy", "R²"}
        Metric on the held-out real rows.
    synthetic : float
        Metric of a Net trained on synthetic rows (TSTR).
    real : float
        Metric of a Net trained on real rows (TRTR).
    baseline : float
        Metric without a model: the frequency of the most frequent class, or 0 for R².
    """

    target: Name
    measure: str
    synthetic: float
    real: float
    baseline: float


@dataclass(frozen=True)
class Distances:
    """Distances of rows to the nearest real row that is not held out.

    Numbers are measured in standard deviations; two different categories have distance 1.

    Attributes
    ----------
    synthetic, synthetic_low : float
        Median and 5 % quantile of synthetic rows.
    real, real_low : float
        Median and 5 % quantile of held-out real rows.
    """

    synthetic: float
    synthetic_low: float
    real: float
    real_low: float


@dataclass(frozen=True)
class Copies:
    """Synthetic rows that equal or nearly equal a real row.

    Attributes
    ----------
    exact : int
        Number of synthetic rows that equal any real row.
    exact_share, exact_share_real : float
        Fractions of synthetic and of held-out rows that equal a real row that is not held out.
    near_share, near_share_real : float
        Fractions of synthetic and of held-out rows that are closer to a training row than 99 % of the held-out
        rows.
    """

    exact: int
    exact_share: float
    exact_share_real: float
    near_share: float
    near_share_real: float


@dataclass(frozen=True, eq=False)
class Report:
    """Result of `Gen.report` and `compare`: print it, `plot` it, or read its numbers with `to_dict`.

    Attributes
    ----------
    rows : dict of str to int
        Numbers of rows under the keys real, held_out (a part of real) and synthetic.
    marginals : list of Marginal
        Distribution of each column.
    associations, associations_real : ndarray of shape (columns, columns)
        Association of each pair of columns: Pearson's correlation of numbers, Cramér's V of categories, the
        correlation ratio of one of each.
    association_difference, association_difference_real : float
        Mean absolute difference of associations over pairs of columns: between synthetic and real rows, and
        between held-out and other real rows.
    detection : float
        Area under the ROC curve of a cross-fitted classifier of synthetic against real rows; 0.5 is best.
    detection_error : float
        Standard deviation of `detection` if both come from one distribution.
    utility : Utility or None
        Utility for predicting the target; None without a target.
    distances : Distances
        Distances to the nearest real row.
    copies : Copies
        Exact and near copies of real rows.
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
        """Return a plain dictionary of numbers, strings and lists.

        Returns
        -------
        dict
            Values under the names of the attributes.
        """
        plain = asdict(self)
        for name in ("associations", "associations_real"):
            plain[name] = plain[name].tolist()
        return plain

    def plot(self, path: Any = None) -> Any:
        """Draw marginals and correlations of synthetic and real rows (needs the extra ``[plot]``).

        Parameters
        ----------
        path : path-like, optional
            File to write; default: no file, the figure is created with pyplot.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from .plot import draw

        return draw(self, path)

    def __str__(self) -> str:
        from .text import text

        return text(self)
