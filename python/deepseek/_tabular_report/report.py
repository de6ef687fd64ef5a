"""The sections of a report as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from . import figures
from .assessment import Assessment, ClassPredictions, ScoredRows, ValuePredictions
from .page import bars, cards, document, escape, figure, pair, paragraph, section, table
from .score_text import (
    NO_IMPORTANCES,
    SCORES,
    TRIVIAL,
    class_rows,
    number,
    score_rows,
    shown,
    suspicion,
    verdict,
)

MAX_IMPORTANCES = 30
"""Most columns whose importance is shown."""
MAX_CLASSES = 100
"""Most classes in the table of classes."""


def html(assessment: Assessment) -> str:
    """Return a report as the text of one HTML file without any reference to another one.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    a = assessment
    parts = [*_head(a)]
    if a.test is not None:
        parts.append(_scores(a, a.test))
        predictions = a.test.predictions
        if isinstance(predictions, ClassPredictions):
            parts += [_classes(a.test, predictions), _calibration(predictions)]
        else:
            parts.append(_residuals(a, a.test, predictions))
        if a.test.importances:
            parts.append(_importances(a.test))
    parts += [_curves(a), _columns(a), _settings(a)]
    return document(f"{a.target}: report on {a.model}", parts)


def _head(a: Assessment) -> Iterable[str]:
    yield f"<header>\n<h1>{escape(a.target)}</h1>"
    source = f" of {a.source}" if a.source else ""
    yield paragraph(f"Report on {a.model}, trained on {a.rows:,} rows{source}", "soft")
    if a.test is not None:
        scores = a.test.scores
        yield paragraph(
            verdict(a.task, scores, a.test.rows, unseen=a.test.unseen, weighted=a.test.weighted), "verdict"
        )
        yield cards(
            (
                score.title,
                shown(name, scores[name]),
                f"linear {shown(name, scores['linear'][name])} · trivial {shown(name, scores['trivial'][name])}",
            )
            for name, score in SCORES[a.task].items()
        )
    else:
        yield paragraph(
            "No rows were held out, so this report has no scores (--holdout or --test).", "verdict"
        )
    yield "</header>"


def _scores(a: Assessment, test: ScoredRows) -> str:
    header = ["score", "model", "linear model", TRIVIAL[a.task], "meaning"]
    meanings = [score.meaning for score in SCORES[a.task].values()]
    rows = ([*row, meaning] for row, meaning in zip(score_rows(a.task, test.scores), meanings, strict=True))
    origin = (
        ", which took no part in the training and did not choose the epoch."
        if test.unseen
        else ". If the training saw some of these rows, the scores are better than those of new rows."
    )
    return section(
        "Scores",
        paragraph(
            f"The scores are those of {test.rows:,} rows {test.source}{origin} The linear model and the trivial guess "
            "were trained on the same rows as the model. "
            + ("Each row counts by its weight." if test.weighted else "Every row counts once.")
        ),
        table(header, rows, numbers=3, best=1),
    )


def _classes(test: ScoredRows, predictions: ClassPredictions) -> str:
    rows = list(class_rows(test.scores))
    more = [paragraph(f"{len(rows) - MAX_CLASSES} more classes are not shown.", "soft")] * (
        len(rows) > MAX_CLASSES
    )
    return section(
        "Classes",
        pair(
            "".join(
                (
                    table(["class", "rows", "precision", "recall", "F1"], rows[:MAX_CLASSES], numbers=4),
                    *more,
                    paragraph(
                        "Precision is the share of the predictions of a class that are right. Recall is the share of "
                        "its rows that are found. F1 is their harmonic mean.",
                        "soft",
                    ),
                )
            ),
            figure(
                figures.confusion(predictions),
                f"Confusion matrix of {len(predictions.labels)} classes",
                "Rows are true classes, columns predicted ones. A darker cell is a larger share of its row."
                + " The numbers count rows without their weights." * test.weighted,
                width=400 if len(predictions.labels) < 6 else None,
            ),
        ),
    )


def _calibration(predictions: ClassPredictions) -> str:
    error = figures.calibration_error(predictions)
    hits = f'of class "{predictions.labels[1]}"' if len(predictions.labels) == 2 else "right"
    return section(
        "Calibration",
        pair(
            figure(figures.calibration(predictions), "Predicted probability against the share of the rows"),
            paragraph(
                f"Of all rows with a predicted probability of 70%, about 70% should be {hits}. The grey line is "
                "perfect. Points below it stand for predictions that are too sure, points above it for ones that are "
                "too cautious."
            )
            + paragraph(f"The mean distance from the line is {error:.3f} (expected calibration error).")
            + paragraph("Each point holds about equally many rows. Bars are 95% intervals.", "soft"),
        ),
    )


def _residuals(a: Assessment, test: ScoredRows, predictions: ValuePredictions) -> str:
    half, most = error_quantiles(predictions, (0.5, 0.9))
    interval = test.scores["coverage"][0.9]
    return section(
        "Residuals",
        figure(
            figures.residuals(predictions, a.target),
            "True against predicted numbers, and their differences",
            "The orange lines are perfect predictions.",
        ),
        paragraph(
            f"Half of the errors are within {number(half)}, 90% of them within {number(most)}. The intervals that "
            f"should hold 90% of the true numbers hold {interval['share']:.1%}; their mean width is "
            f"{number(interval['mean_width'])}."
        ),
    )


def error_quantiles(predictions: ValuePredictions, shares: Sequence[float]) -> list[float]:
    """Return the smallest errors within which at least these shares of the weight of all errors lie."""
    errors = np.abs(predictions.truth - predictions.predicted)
    weights = np.ones(len(errors)) if predictions.weights is None else predictions.weights
    order = np.argsort(errors, kind="stable")
    sums = np.cumsum(weights[order])
    # Less by a rounding error of the sums.
    reached = np.searchsorted(sums, np.array(shares) * sums[-1] * (1.0 - 1e-12))
    return [float(errors[order[i]]) for i in reached]


def _importances(test: ScoredRows) -> str:
    if not test.has_importances:
        return section("Importance of the columns", paragraph(f"{NO_IMPORTANCES.capitalize()}."))
    rows = [(name, mean, f"{mean:.4f} ± {std:.4f}") for name, (mean, std) in test.importances.items()]
    left = len(rows) - MAX_IMPORTANCES
    more = [paragraph(f"{left} less important columns are not shown.", "soft")] * (left > 0)
    return section(
        "Importance of the columns",
        paragraph(
            f"How much the {test.metric} gets worse when the values of one column are shuffled between the "
            "rows. Columns that say the same share their importance."
        ),
        bars(["column", "", f"{test.metric} lost"], rows[:MAX_IMPORTANCES]),
        *more,
        *([paragraph(suspicion(test.suspect))] if test.suspect is not None else []),
    )


def _curves(a: Assessment) -> str:
    members = len(a.histories)
    return section(
        "Training",
        figure(
            figures.learning_curves(a.histories),
            "Losses over the epochs",
            f"Loss of {'each of ' + str(members) + ' members' if members > 1 else 'the member'} on its training rows, "
            "and on the rows that it did not train on, which choose the epoch.",
        ),
    )


def _columns(a: Assessment) -> str:
    kind = "class" if a.task == "classification" else "number"
    rows = [[a.target, f"target: {kind}", a.target_reason]]
    rows += [[r.name, r.kind, r.reason] for r in a.readings]
    return section(
        "How the columns were read",
        table(["column", "read as", "why or how"], rows),
        *(paragraph(note, "soft") for note in a.notes),
    )


def _settings(a: Assessment) -> str:
    rows = "\n".join(
        f"<tr><td>{escape(name)}</td><td><code>{escape(value)}</code></td></tr>"
        for name, value in a.settings.items()
    )
    return section("Settings", f'<div class="scroll"><table>\n<tbody>\n{rows}\n</tbody></table></div>')
