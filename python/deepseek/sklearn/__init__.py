"""Estimators for scikit-learn: what `deepseek.Net` and `deepseek.Rec` compute, behind fit, predict and score.

`NetClassifier` and `NetRegressor` take the place of ``MLPClassifier`` and ``MLPRegressor``: the same parameters,
defaults, fitted attributes and rules, and more. `RecClassifier` and `RecRegressor` do the same for sequences.
Labels, splits, scorers, weights and checks are scikit-learn's own; it has to be installed
(``pip install 'deepseek-nn[sklearn]'``, 1.6 or newer).

>>> from deepseek.sklearn import NetClassifier
>>> NetClassifier(random_state=0).fit(X, y).predict(X_new)  # doctest: +SKIP
"""

from __future__ import annotations

try:
    from sklearn.utils.validation import validate_data as _  # noqa: F401  new in 1.6
except ImportError as error:
    raise ImportError(
        "deepseek.sklearn needs scikit-learn 1.6 or newer: pip install 'deepseek-nn[sklearn]'", name="sklearn"
    ) from error

from ._net import NetClassifier, NetRegressor
from ._rec import RecClassifier, RecRegressor

for _estimator in (NetClassifier, NetRegressor, RecClassifier, RecRegressor):
    _estimator.__module__ = __name__  # under which pickles find them, wherever the code moves

__all__ = ["NetClassifier", "NetRegressor", "RecClassifier", "RecRegressor"]
