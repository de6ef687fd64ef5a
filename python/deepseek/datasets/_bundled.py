"""Loaders of the bundled tables.

The arrays are stored in compressed ``.npz`` archives (plain arrays, no pickles). Each call of a loader reads
the archive again, so a caller may modify the arrays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "data"


class Dataset(NamedTuple):
    """Data set of rows, as a named tuple.

    Attributes
    ----------
    data : ndarray of shape (rows, columns)
        Samples, in the type of the source.
    target : ndarray of shape (rows,)
        Class indices (int64) or values (float64).
    feature_names : tuple of str
        Names of the columns of ``data``.
    target_names : tuple of str
        Names of the classes; for a regression, the name of the value.
    description : str
        Description with source and licence.
    """

    data: NDArray[Any]
    target: NDArray[Any]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    description: str


def _arrays(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as archive:
        return archive["data"], archive["target"]


def load_digits() -> Dataset:
    """Load 1797 handwritten digits of 8 by 8 pixels.

    Each pixel counts the black points of a 4 by 4 block of a scanned 32 by 32 bitmap: 0 to 16.

    Returns
    -------
    Dataset
        ``data`` (1797, 64) uint8, row by row from the top left; ``target`` the digit, int64.

    Notes
    -----
    Source: E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning
    Repository (1998), its test part, by way of scikit-learn's copy.  Licence: CC BY 4.0.
    """
    data, target = _arrays("digits")
    names = tuple(f"pixel_{row}_{column}" for row in range(8) for column in range(8))
    text = "Optical Recognition of Handwritten Digits, 1797 images of 8x8 pixels (UCI, CC BY 4.0)"
    return Dataset(data, target.astype(np.int64), names, tuple("0123456789"), text)


def load_wine() -> Dataset:
    """Load the chemical analysis of 178 wines from three growers.

    Returns
    -------
    Dataset
        ``data`` (178, 13) float64; ``target`` the grower, 0 to 2, int64.

    Notes
    -----
    Source: S. Aeberhard and M. Forina, *Wine*, UCI Machine Learning Repository (1991), by way of
    scikit-learn's copy.  Licence: CC BY 4.0.
    """
    data, target = _arrays("wine")
    names = (
        "alcohol",
        "malic_acid",
        "ash",
        "alcalinity_of_ash",
        "magnesium",
        "total_phenols",
        "flavanoids",
        "nonflavanoid_phenols",
        "proanthocyanins",
        "color_intensity",
        "hue",
        "od280/od315_of_diluted_wines",
        "proline",
    )
    text = "Wine: chemical analysis of 178 wines from three growers (UCI, CC BY 4.0)"
    return Dataset(data, target.astype(np.int64), names, ("class_0", "class_1", "class_2"), text)


def load_breast_cancer() -> Dataset:
    """Load measurements of the cell nuclei of 569 breast masses, malignant or benign.

    Returns
    -------
    Dataset
        ``data`` (569, 30) float64; ``target`` 0 for malignant and 1 for benign, int64.

    Notes
    -----
    Source: W. Wolberg, O. Mangasarian, N. Street and W. Street, *Breast Cancer Wisconsin (Diagnostic)*, UCI
    Machine Learning Repository (1995), by way of scikit-learn's copy.  Licence: CC BY 4.0.
    """
    data, target = _arrays("breast_cancer")
    measures = [
        "radius",
        "texture",
        "perimeter",
        "area",
        "smoothness",
        "compactness",
        "concavity",
        "concave_points",
        "symmetry",
        "fractal_dimension",
    ]
    names = tuple(f"{kind}_{measure}" for kind in ("mean", "error", "worst") for measure in measures)
    text = "Breast Cancer Wisconsin (Diagnostic): 569 masses, 30 measures of their nuclei (UCI, CC BY 4.0)"
    return Dataset(data, target.astype(np.int64), names, ("malignant", "benign"), text)


def load_diabetes() -> Dataset:
    """Load ten measures of 442 diabetes patients and the progression of the disease a year later.

    Returns
    -------
    Dataset
        ``data`` (442, 10) float64, not scaled; ``target`` the progression, 25 to 346, float64.

    Notes
    -----
    Source: B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, *Least Angle Regression*, Annals of
    Statistics 32 (2004), by way of scikit-learn's copy (BSD-3-Clause); the authors published it without a
    licence of its own.
    """
    data, target = _arrays("diabetes")
    names = ("age", "sex", "bmi", "blood_pressure", "tc", "ldl", "hdl", "tch", "ltg", "glucose")
    text = "Diabetes: ten measures of 442 patients and the progression after a year (Efron et al., 2004)"
    return Dataset(data, target.astype(np.float64), names, ("progression",), text)
