"""What the results say about the models: ranks, tables won or level, distances to the best, and total times."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from .models import OURS, TARGETS
from .registry import Table, Task
from .results import TablesSheet

LEVEL = 0.005
"""Difference of two scores up to which they count as level."""


def ranks(values: Mapping[str, float | None], *, higher_is_better: bool = True) -> dict[str, float]:
    """Return the rank of each model, 1 for the best.

    Parameters
    ----------
    values : mapping of str to float or None
        Value of each model; None, after an error, ranks below every value.
    higher_is_better : bool, default=True
        Whether the highest value is the best one.

    Returns
    -------
    dict
        Ranks. Equal values share the mean of their ranks.
    """
    sign = -1.0 if higher_is_better else 1.0
    keys = [float("inf") if value is None else sign * value for value in values.values()]
    return {
        name: 1 + sum(other < key for other in keys) + (keys.count(key) - 1) / 2
        for name, key in zip(values, keys, strict=True)
    }


def compared_models(sheet: TablesSheet) -> list[str]:
    """Return the models that were measured on every table; only these are ranked."""
    return [m for m in sheet.models if all(sheet.is_done(t.name, m) for t in sheet.tables)]


def tables_with(sheet: TablesSheet, measure: str, task: Task | None = None) -> list[Table]:
    """Return the tables of a task, or of both, for which some compared model has a measure."""
    models = compared_models(sheet)
    return [
        table
        for table in sheet.tables
        if task in (None, table.task) and any(sheet.mean(table.name, m, measure) is not None for m in models)
    ]


def mean_ranks(sheet: TablesSheet, measure: str, task: Task | None = None) -> dict[str, float]:
    """Return the mean rank of each compared model over the tables that have the measure; empty without any."""
    models = compared_models(sheet)
    found = [
        ranks({m: sheet.mean(table.name, m, measure) for m in models}, higher_is_better=measure == "score")
        for table in tables_with(sheet, measure, task)
    ]
    return {m: statistics.fmean(one[m] for one in found) for m in models if found}


def leads(sheet: TablesSheet, others: Sequence[str] = TARGETS) -> dict[str, tuple[float, str]]:
    """Return by how much this package's score exceeds the best of other models, and which model that is.

    Parameters
    ----------
    sheet : TablesSheet
        Results.
    others : sequence of str, default=TARGETS
        Names of the other models.

    Returns
    -------
    dict
        Difference of the mean scores and name of the best other model, by table. A table without a score of
        this package counts as minus infinity after an error, and not at all before it was measured.
    """
    found = {}
    for table in sheet.tables:
        scores = {
            name: score
            for name in others
            if name in sheet.models and (score := sheet.mean(table.name, name, "score")) is not None
        }
        if scores and OURS in sheet.models and sheet.is_done(table.name, OURS):
            best = max(scores, key=lambda name: scores[name])
            ours = sheet.mean(table.name, OURS, "score")
            found[table.name] = (float("-inf") if ours is None else ours - scores[best], best)
    return found


def total_seconds(sheet: TablesSheet, measure: str, models: Sequence[str]) -> tuple[dict[str, float], int]:
    """Return the seconds of one split of every table that all of some models fitted, and the number of tables.

    Parameters
    ----------
    sheet : TablesSheet
        Results.
    measure : {"fit_seconds", "fit_cpu_seconds", "predict_seconds"}
        Measure that is added up.
    models : sequence of str
        Names of the models.

    Returns
    -------
    seconds : dict
        Sum of the means over the splits, by model.
    tables : int
        Number of tables in the sum.
    """
    means = [{m: sheet.mean(table.name, m, measure) for m in models} for table in sheet.tables]
    complete = [{m: s for m, s in one.items() if s is not None} for one in means]
    counted = [one for one in complete if len(one) == len(models)]
    return {m: sum(one[m] for one in counted) for m in models}, len(counted)
