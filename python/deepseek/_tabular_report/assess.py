"""The assessment of a trained `TabularNet` on rows with a target, and the settings of its training."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._tabular.evaluation import scored_targets
from ..datasets import fixed_order
from .assessment import Assessment, ClassPredictions, ScoredRows, ValuePredictions
from .score_text import SCORES

if TYPE_CHECKING:
    from .._tables.arrays import Columns
    from .._tabular.importances import Importance
    from ..tabular import TabularNet

Floats = NDArray[np.float64]

METRICS = {"classification": "accuracy", "regression": "r2"}
"""Score that the importance of the columns is about."""
MAX_COLUMNS = 500
"""Most columns whose importance is computed."""
_MAX_ROWS = 2000  # rows from which the importance of a column is computed
_MAX_PREDICTIONS = 300_000  # rows that are predicted for the importance of all columns together
_REPEATS = 5


def assess(
    model: TabularNet,
    test: Columns,
    source: str,
    seed: int,
    *,
    weights: Floats | None = None,
    unseen: bool = True,
) -> ScoredRows:
    """Return the scores and predictions of rows, and the importance of the columns.

    Parameters
    ----------
    model : TabularNet
        Trained model.
    test : Columns
        Rows with their target. Rows without one, or with a class that the training did not see, do not count.
    source : str
        Where the rows come from, as a phrase after their number.
    seed : int
        Seed of the permutations.
    weights : ndarray of float64, shape (rows,), optional
        Weights of the rows, not validated; rows of weight 0 do not count. Default: 1.
    unseen : bool, default=True
        Whether the rows are known to have taken no part in the training.
    """
    scores = model.evaluate(test, sample_weight=weights)
    target = model._fitted("assess").target
    with warnings.catch_warnings():  # evaluate has warned
        warnings.simplefilter("ignore", UserWarning)
        known, truth, weights = scored_targets(test[model.target], target, weights, test.decimal)
        rows = test.take(known)
        predictions: ClassPredictions | ValuePredictions
        if target.classes is not None:
            predictions = ClassPredictions(target.labels, model.predict_proba(rows), truth, weights)
        else:
            predictions = ValuePredictions(model.predict(rows), truth, weights)
        importances = _importances(model, rows, weights, seed)
    title = SCORES[model.task][METRICS[model.task]].title
    return ScoredRows(source, scores, predictions, importances, title, unseen)


def _importances(
    model: TabularNet, rows: Columns, weights: Floats | None, seed: int
) -> dict[str, Importance]:
    """Return the importance of the columns from few enough predictions; nothing for too many columns."""
    columns = len(model.feature_names)
    if columns > MAX_COLUMNS:
        return {}
    count = min(rows.rows, _MAX_ROWS, _MAX_PREDICTIONS // columns)
    if count < rows.rows:
        chosen = fixed_order(rows.rows, seed)[:count]
        rows, weights = rows.take(chosen), None if weights is None else weights[chosen]
    repeats = min(_REPEATS, max(1, _MAX_PREDICTIONS // (columns * count)))
    return model.permutation_importances(
        rows, sample_weight=weights, metric=METRICS[model.task], repeats=repeats, seed=seed
    )


def assessment(
    model: TabularNet,
    test: ScoredRows | None,
    *,
    name: str,
    source: str,
    notes: Sequence[str],
    settings: Mapping[str, str],
) -> Assessment:
    """Return all that a report shows.

    Parameters
    ----------
    model : TabularNet
        Trained model.
    test : ScoredRows or None
        Rows with scores.
    name, source : str
        Names of the model and of the table of the training.
    notes : sequence of str
        Sentences about the reading of the table.
    settings : mapping of str to str
        Settings beside version and networks.
    """
    from .. import __version__

    state, net = model._fitted("assessment"), model.net
    layers = "-".join(map(str, net.layers))
    networks = f"{len(model.nets)} of {layers} units, {net.num_parameters:,} parameters each"
    return Assessment(
        target=model.target,
        source=source,
        model=name,
        task=model.task,
        target_reason=state.target.reason,
        readings=state.inputs.features.readings,
        notes=notes,
        rows=state.rows,
        histories=[net.history for net in model.nets],
        test=test,
        settings={"version": f"deepseek {__version__}", "networks": networks, **settings},
    )
