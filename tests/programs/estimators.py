"""Data and fingerprints for the tests of the scikit-learn estimators."""

from __future__ import annotations

from typing import Any

import numpy as np


def digits(rows: int = 600, dtype: Any = np.float64) -> tuple[Any, Any, Any, Any]:
    """X, X_test, y, y_test: real images, labels that are texts."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    X = (X[:rows] / 16).astype(dtype)
    return tuple(train_test_split(X, np.array([f"d{k}" for k in y[:rows]]), random_state=0))


def bits(estimator: Any) -> bytes:
    """All weights of a Net estimator."""
    return b"".join(np.ascontiguousarray(a).tobytes() for a in (*estimator.coefs_, *estimator.intercepts_))
