"""The printed results: a table for each dataset, tables of scores and losses, and the summary."""

from __future__ import annotations

import statistics

from .models import OURS, TARGETS
from .ranking import LEVEL, compared_models, leads, mean_ranks, ranks, tables_with, total_seconds
from .registry import Table, Task
from .results import TablesSheet

Printed = tuple[list[str], list[list[str]]]
"""Header and rows of a printed table."""


def dataset(sheet: TablesSheet, table: Table) -> tuple[str, Printed]:
    """Return the title of a dataset, and its table with a row for each model."""
    rows, columns = sheet.shape(table.name)
    title = f"{table.name}: {rows:,} rows, {columns} columns, target {table.target}"
    second = "log loss" if table.task == "classes" else "RMSE"
    header = ["model", score_name(table.task), "rank", second, "fit s", "CPU s", "predict s"]
    models = [name for name in sheet.models if sheet.is_done(table.name, name)]
    rank = ranks({name: sheet.mean(table.name, name, "score") for name in models})
    body = []
    for name in models:
        failed = sheet.failure(table.name, name)
        if failed:
            body.append([name, "timeout" if failed.timed_out else "error", *["-"] * 5])
            continue
        measures = [
            "score",
            second.lower().replace(" ", "_"),
            "fit_seconds",
            "fit_cpu_seconds",
            "predict_seconds",
        ]
        score, loss, *seconds = (sheet.mean(table.name, name, measure) for measure in measures)
        place = f"{rank[name]:.1f}"
        body.append([name, _score(score), place, _loss(loss), *map(_seconds, seconds)])
    return title, (header, body)


def overview(sheet: TablesSheet, measure: str, task: Task) -> Printed:
    """Return the table of one measure with a row for each dataset, a star at the best, means and mean ranks."""
    tables = [table for table in sheet.tables if task == table.task]
    text = _score if measure == "score" else _loss
    body = []
    for table in tables:
        means = {name: sheet.mean(table.name, name, measure) for name in sheet.models}
        known = [value for value in means.values() if value is not None]
        best = (max if measure == "score" else min)(known) if known else None
        cells = [
            text(value) + ("*" if value is not None and value == best else " ") for value in means.values()
        ]
        body.append([table.name, f"{sheet.shape(table.name)[0]:,}", *cells])
    ranked = mean_ranks(sheet, measure, task)
    if len(tables) > 1:
        means_of = {name: [sheet.mean(t.name, name, measure) for t in tables] for name in sheet.models}
        cells = [_complete_mean(values) for values in means_of.values()]
        body.append(["mean", "", *cells])
        body.append(["mean rank", "", *(f"{ranked[m]:.2f} " if m in ranked else "- " for m in sheet.models)])
    return ["table", "rows", *(f"{name} " for name in sheet.models)], body


def summary(sheet: TablesSheet) -> list[str]:
    """Return lines with mean ranks, tables won or level, distances where this package trails, and times."""
    lines = []
    models = compared_models(sheet)
    for measure, what in (("score", "score"), ("log_loss", "log loss")):
        order = sorted(mean_ranks(sheet, measure).items(), key=lambda pair: pair[1])
        if len(order) > 1:
            places = ", ".join(f"{name} {rank:.2f}" for name, rank in order)
            lines.append(f"mean rank by {what}, {_tables(len(tables_with(sheet, measure)))}: {places}")
    lines += _leads(sheet)
    for measure, what in (
        ("fit_seconds", "seconds of fit"),
        ("fit_cpu_seconds", "processor seconds of fit"),
        ("predict_seconds", "seconds of predict"),
    ):
        totals, count = total_seconds(sheet, measure, models)
        if count:
            parts = ", ".join(f"{name} {_seconds(total)}" for name, total in totals.items())
            lines.append(f"{what}, one split of {_tables(count)}: {parts}")
    for name in sheet.models:
        if OURS in sheet.models and name not in models:
            totals, count = total_seconds(sheet, "fit_seconds", [OURS, name])
            if count:
                ours, other = totals[OURS], totals[name]
                lines.append(
                    f"seconds of fit, one split of {_tables(count)}: {OURS} {_seconds(ours)}, {name} {_seconds(other)}"
                )
    return lines


def _leads(sheet: TablesSheet) -> list[str]:
    found = leads(sheet)
    if not found:
        return []
    others = ", ".join(name for name in TARGETS if name in sheet.models)
    level = sum(lead >= -LEVEL for lead, _ in found.values())
    lines = [
        f"{OURS} is first or level (within {LEVEL}) with the best of {others} on {level} of {_tables(len(found))}"
    ]
    behind = sorted((lead, table, best) for table, (lead, best) in found.items() if lead < -LEVEL)
    if behind:
        lines.append(
            "behind on " + ", ".join(f"{table} {lead:+.4f} ({best})" for lead, table, best in behind)
        )
    return lines


def score_name(task: Task) -> str:
    """Return the name of a task's score."""
    return "accuracy" if task == "classes" else "R²"


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _loss(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}" if value < 100 else f"{value:,.0f}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def _complete_mean(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    return _score(statistics.fmean(known)) + " " if len(known) == len(values) else "- "


def _tables(count: int) -> str:
    return f"{count} table{'s' * (count != 1)}"
