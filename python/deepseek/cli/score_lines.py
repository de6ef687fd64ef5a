"""Scores and importances of a model as lines for the terminal."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._tables.cells import quoted
from .._tabular.conformal import interval_coverage, level_quantiles
from .._tabular.evaluation import known_targets
from .._tabular.scores import class_scores, value_scores
from .._tabular_report.assess import MAX_COLUMNS
from .._tabular_report.assessment import ClassPredictions, ScoredRows
from .._tabular_report.score_text import (
    NO_IMPORTANCES,
    SCORES,
    TRIVIAL,
    class_rows,
    coverage_line,
    score_rows,
    shown,
    suspicion,
)
from .terminal import table

if TYPE_CHECKING:
    from .. import TabularNet
    from .._tables.arrays import Columns
    from .._tabular.importances import Importance

_MAX_CLASSES = 12
_MAX_COLUMNS = 12
_LEAST = 0.0005  # importance from which a column is shown
_BAR = 20  # characters of the longest bar


def score_lines(target: str, test: ScoredRows) -> list[str]:
    """Return the scores beside those of a linear model and of the trivial guess, classes, and importances."""
    task = "classification" if isinstance(test.predictions, ClassPredictions) else "regression"
    weighted = ", each counted by its weight" * test.weighted
    lines = [f"{target} of {test.rows:,} rows {test.source}{weighted}:", ""]
    lines += table(["score", "model", "linear", TRIVIAL[task]], list(score_rows(task, test.scores)))
    if task == "classification":
        rows = list(class_rows(test.scores))
        lines += ["", *table(["class", "rows", "precision", "recall", "F1"], rows[:_MAX_CLASSES])]
        if len(rows) > _MAX_CLASSES:
            lines.append(f"… {len(rows) - _MAX_CLASSES} more classes")
    else:
        lines += ["", coverage_line(test.scores["coverage"])]
    if not test.has_importances:
        lines += ["", NO_IMPORTANCES]
    elif test.importances:
        lines += ["", *_importance_lines(test.importances, test.metric)]
    else:
        lines += ["", f"the importance of more than {MAX_COLUMNS} columns is not computed"]
    return lines if test.suspect is None else [*lines, "", suspicion(test.suspect)]


def _importance_lines(importances: Mapping[str, Importance], metric: str) -> list[str]:
    """Return the importance of the columns as a table with bars."""
    largest = max((mean for mean, _ in importances.values()), default=0.0) or 1.0
    rows = [
        [name, f"{mean:.4f}", f"± {std:.4f}", ("█" * round(_BAR * mean / largest)).ljust(_BAR)]
        for name, (mean, std) in importances.items()
    ]
    shown = sum(mean >= _LEAST for mean, _ in importances.values())
    shown = min(_MAX_COLUMNS, max(1, shown))
    lines = table([f"{metric} lost without", "", "", ""], rows[:shown])
    others = len(rows) - shown
    return lines + [f"… {others} less important column{'s' * (others > 1)}"] * (others > 0)


def one_line(model: TabularNet, columns: Columns, predictions: NDArray[np.float64]) -> list[str]:
    """Return the scores of predictions as a line, and the coverage of the intervals of numbers as another.

    There is none if the table does not have the target.

    Parameters
    ----------
    model : TabularNet
        Model.
    columns : Columns
        Table that was predicted.
    predictions : ndarray of shape (rows, classes) or (rows,)
        Probabilities or numbers.
    """
    if model.target not in columns:
        return []
    encoder = model._fitted("one_line").target
    try:
        known, truth = known_targets(columns[model.target], encoder, columns.decimal)
    except ValueError:  # no target, or texts where numbers are expected
        return [f"not scored: the column {quoted(model.target)} has no values of the model's target"]
    function = value_scores if encoder.classes is None else class_scores
    scores = function(predictions[known], truth)
    task = SCORES[encoder.task]
    values = ", ".join(f"{score.title} {shown(name, scores[name])}" for name, score in task.items())
    lines = [f"{model.target} of {len(truth):,} rows: {values}"]
    if encoder.classes is not None:
        return lines
    with warnings.catch_warnings():  # the prediction has warned
        warnings.simplefilter("ignore", UserWarning)
        quantiles = model.predict_quantiles(columns.take(known), level_quantiles().tolist())
    return [*lines, coverage_line(interval_coverage(quantiles, truth))]
