"""The scikit-learn estimators of this package and scikit-learn's own: cross-validated accuracy or R², and time.

    python examples/net_sklearn.py

Data: the sets that come with the package (UCI; see deepseek/datasets/data/README.md).  Every estimator has the
same scaler, folds, layers and number of epochs; all other parameters have their defaults.
Needs scikit-learn (``pip install 'deepseek-nn[sklearn]'``).
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepseek import datasets
from deepseek.sklearn import NetClassifier, NetRegressor


def estimators(classes: bool, epochs: int) -> dict[str, Any]:
    """Return the estimators by name: a linear baseline, scikit-learn's MLP, and two of this package."""
    options = {"hidden_layer_sizes": (64, 64), "max_iter": epochs, "random_state": 0}
    if classes:
        return {
            "LogisticRegression": LogisticRegression(max_iter=1000),
            "MLPClassifier": MLPClassifier(**options),
            "NetClassifier": NetClassifier(**options),
            "  with dropout": NetClassifier(**options, dropout=0.2),
        }
    return {
        "Ridge": Ridge(),
        "MLPRegressor": MLPRegressor(**options),
        "NetRegressor": NetRegressor(**options),
        "  with dropout": NetRegressor(**options, dropout=0.2),
    }


def main() -> None:
    """Score every estimator on every data set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=100, metavar="N", help="epochs (default: 100)")
    parser.add_argument(
        "--folds", type=int, default=5, metavar="N", help="folds of the cross-validation (default: 5)"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)

    sets = {
        "digits": datasets.load_digits,
        "breast cancer": datasets.load_breast_cancer,
        "wine": datasets.load_wine,
        "diabetes": datasets.load_diabetes,
    }
    for name, load in sets.items():
        data = load()
        classes = name != "diabetes"
        y = data.target if classes else (data.target - data.target.mean()) / data.target.std()
        rows, columns = data.data.shape
        print(
            f"\n{name}: {rows} rows, {columns} columns; {'accuracy' if classes else 'R²'} over {options.folds} folds"
        )
        for title, estimator in estimators(classes, options.epochs).items():
            order = np.random.default_rng(0).permutation(rows)
            start = time.perf_counter()
            scores = cross_val_score(
                make_pipeline(StandardScaler(), estimator), data.data[order], y[order], cv=options.folds
            )
            seconds = time.perf_counter() - start
            print(f"  {title:20} {scores.mean():6.3f} ± {scores.std():.3f}   {seconds:6.2f} s")


if __name__ == "__main__":
    main()
