"""Estimators for scikit-learn based on `Net`, `Rec` and `TabularNet`, with fit, predict and score.

`NetClassifier` and `NetRegressor` replace ``MLPClassifier`` and ``MLPRegressor``: they have the same
parameters, defaults, fitted attributes and stopping rules, and more options. `RecClassifier` and
`RecRegressor` are the estimators for sequences, `TabularClassifier` and `TabularRegressor` those for frames with
columns of any kind. Labels, splits, scorers, sample weights and validation are
those of scikit-learn, which must be installed (``pip install 'deepseek-nn[sklearn]'``, 1.6 or newer).

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
from ._tabular import TabularClassifier, TabularRegressor

for _kind in (
    NetClassifier,
    NetRegressor,
    RecClassifier,
    RecRegressor,
    TabularClassifier,
    TabularRegressor,
):
    _kind.__module__ = __name__  # pickles refer to the public module, not to the private one

__all__ = [
    "NetClassifier",
    "NetRegressor",
    "RecClassifier",
    "RecRegressor",
    "TabularClassifier",
    "TabularRegressor",
]
