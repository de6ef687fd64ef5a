"""Scores in words and numbers, as the terminal and the report show them."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Score(NamedTuple):
    """Name and meaning of a score.

    Attributes
    ----------
    title : str
        Name for a reader.
    meaning : str
        Meaning in one sentence.
    higher : bool
        Whether a higher value is better.
    """

    title: str
    meaning: str
    higher: bool = True


SCORES: dict[str, dict[str, Score]] = {
    "classification": {
        "accuracy": Score("accuracy", "Share of the rows whose class is predicted correctly."),
        "balanced_accuracy": Score(
            "balanced accuracy", "Mean over the classes of the share of their rows that are found."
        ),
        "auc": Score(
            "AUC",
            "Probability that a row of a class gets a higher probability of it than a row of another class.",
        ),
        "log_loss": Score(
            "log loss", "Mean of −ln of the probability of the true class; lower is better.", higher=False
        ),
    },
    "regression": {
        "r2": Score("R²", "Share of the variance that the predictions explain; 1 is best, 0 is the mean."),
        "rmse": Score("RMSE", "Root of the mean squared error; lower is better.", higher=False),
        "mae": Score("MAE", "Mean absolute error; lower is better.", higher=False),
    },
}
"""Scores of each task by their names in `TabularNet.evaluate`, in the order in which they are shown."""

NO_IMPORTANCES = "the importance of the columns is not defined, as all targets are equal"

TRIVIAL = {"classification": "most frequent class", "regression": "mean"}
"""Name of the trivial guess of each task."""

_PERCENT = {"accuracy", "balanced_accuracy"}
_DECIMALS = {"auc", "log_loss", "r2"}


def shown(name: str, value: float) -> str:
    """Return a score as text."""
    if math.isnan(value):
        return "–"
    if name in _PERCENT:
        return f"{value:.1%}"
    return f"{value:.3f}" if name in _DECIMALS else number(value)


def number(value: float, digits: int = 4) -> str:
    """Return a number with at most `digits` significant digits and commas between thousands."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    if not -6 < places < 9:
        return f"{value:.{digits - 1}g}"
    rounded = round(value, places)
    return f"{rounded:,.{max(0, places)}f}" if places < digits else f"{rounded:.{places}f}"


def score_rows(task: str, scores: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the title of each score and its values for the model, the linear model and the trivial guess."""
    for name, score in SCORES[task].items():
        yield [
            score.title,
            *(shown(name, part[name]) for part in (scores, scores["linear"], scores["trivial"])),
        ]


def class_rows(scores: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the label of each class, its number of rows, precision, recall and F1."""
    for label, values in scores["per_class"].items():
        ratios = (
            "–" if math.isnan(values[name]) else f"{values[name]:.3f}"
            for name in ("precision", "recall", "f1")
        )
        yield [label, f"{int(values['rows']):,}", *ratios]


def coverage_line(coverage: Mapping[float, Mapping[str, float]]) -> str:
    """Return what share of the true numbers the intervals of each stated level hold."""
    parts = (
        f"{level:.0%} hold {found['share']:.1%} (mean width {number(found['mean_width'])})"
        for level, found in coverage.items()
    )
    return f"intervals, stated against achieved: {', '.join(parts)}"


def suspicion(name: str) -> str:
    """Return the advice about a column that may tell the target."""
    return (
        f"Nearly all of the score comes from the column {name}. If it is not known before the prediction, leave it "
        f"out: --drop {shlex.quote(name)} (in Python drop=[{name!r}])"
    )


def verdict(
    task: str, scores: Mapping[str, Any], rows: int, *, unseen: bool = True, weighted: bool = False
) -> str:
    """Return in a sentence or two how good the model is beside the linear model and the trivial guess."""
    name = "accuracy" if task == "classification" else "rmse"
    model, linear, trivial = (part[name] for part in (scores, scores["linear"], scores["trivial"]))
    of_rows = f"{rows:,} rows" + " that the training did not see" * unseen
    of_rows += ", each counted by its weight," * weighted
    if task == "classification":
        first = f"{shown(name, model)} of {of_rows} are classified correctly."
        others = (
            f"A linear model reaches {shown(name, linear)}, always guessing the most frequent class "
            f"{shown(name, trivial)}."
        )
        best = model >= max(linear, trivial)
    else:
        first = f"On {of_rows.removesuffix(',')}, the typical error (RMSE) is {shown(name, model)}."
        others = f"That of a linear model is {shown(name, linear)}, of always guessing the mean {shown(name, trivial)}."
        best = model <= min(linear, trivial)
    if best:
        return f"{first} {others}"
    better = "The linear model" if (linear > trivial) == (task == "classification") else "The trivial guess"
    return f"{first} {others} {better} is better here."
