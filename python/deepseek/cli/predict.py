"""``deepseek predict model.ds data.csv``: predictions of a trained model, as CSV."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .csv_output import write_rows
from .kept_columns import read_kept
from .net_predictions import net_predictions
from .outputs import check_outputs
from .parser import InputError, add_machine
from .score_lines import one_line
from .table_options import add_table_options
from .terminal import say

if TYPE_CHECKING:
    from .. import TabularNet
    from .._tables.arrays import Columns
    from .parser import Commands

Predictions = dict[str, list[str]]
"""Cells of the output by the names of its columns."""


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    p = commands.add_parser("predict", help="predict the target column of a CSV file")
    p.add_argument("model", help="model file written by train, or by save of a TabularNet or Net")
    p.add_argument(
        "data",
        help="CSV file with the columns of the training file; other columns are ignored; - is standard input. With the "
        "target in it, the predictions are scored",
    )
    p.add_argument(
        "-o", "--output", default="-", metavar="FILE", help="CSV file to write (default: standard output)"
    )
    p.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="COLUMN",
        help="column of the data to copy to the output; may be repeated (default: none)",
    )
    p.add_argument(
        "--proba", action="store_true", help="add a column with the probability of each class (default: no)"
    )
    p.add_argument(
        "--quantiles",
        type=_quantiles,
        default=[],
        metavar="0.05,0.95",
        help="add columns with quantiles of a predicted number, between which it lies that often (default: none)",
    )
    add_table_options(p)
    add_machine(p)
    p.set_defaults(run=run)


def _quantiles(text: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not values or not all(0 < value < 1 for value in values):
        raise argparse.ArgumentTypeError(
            f"got {text!r}; expected numbers above 0 and below 1, such as 0.05,0.95"
        )
    return values


def run(arguments: argparse.Namespace) -> int:
    """Predict every row of the file."""
    import deepseek as ds

    check_outputs({"--output": arguments.output}, {"the model": arguments.model, "the data": arguments.data})
    model = ds.load(arguments.model, threads=arguments.threads, device=arguments.device)
    if not isinstance(model, (ds.TabularNet, ds.Net)):
        raise InputError(
            f"{arguments.model}: got a {type(model).__name__}; {_OTHER_MODELS[type(model).__name__]}"
        )
    columns, kept = read_kept(arguments.data, arguments)
    scores: list[str] = []
    if isinstance(model, ds.Net):
        predictions = net_predictions(model, arguments, columns, kept)
    else:
        try:
            predictions, scores = _predictions(model, arguments, columns)
        except ValueError as error:
            raise InputError(re.sub("^X:", f"{columns.source}:", str(error))) from None
    write_rows(arguments.output, _rows(kept, predictions), arguments.delimiter or ",")
    if arguments.output != "-":
        say(f"{columns.rows:,} predictions: {arguments.output}")
    for line in scores:
        say(line, error=arguments.output == "-")
    return 0


_OTHER_MODELS = {
    "Rec": "expected a model of a table; use Rec.predict in Python for sequences",
    "Gen": "expected a model of a table; use `deepseek sample` to draw rows",
}


def _predictions(
    model: TabularNet, arguments: argparse.Namespace, columns: Columns
) -> tuple[Predictions, list[str]]:
    """Return the cells of the output, and lines about the scores if the data have the target."""
    if model.classes is None:
        if arguments.proba:
            raise InputError(
                "--proba: got a model of numbers; expected one of classes (--quantiles is for numbers)"
            )
        values = model.predict(columns)
        cells = {model.target: [f"{value:.9g}" for value in values.tolist()]}
        if arguments.quantiles:
            quantiles = model.predict_quantiles(columns, arguments.quantiles)
            for level, column in zip(arguments.quantiles, quantiles.T, strict=True):
                cells[f"q({level:g})"] = [f"{value:.9g}" for value in column.tolist()]
        return cells, one_line(model, columns, values)
    if arguments.quantiles:
        raise InputError(
            "--quantiles: got a model of classes; expected one of numbers (--proba is for classes)"
        )
    probabilities = model.predict_proba(columns)
    labels = model._fitted("predict").target.labels
    cells = {model.target: [labels[code] for code in probabilities.argmax(axis=1).tolist()]}
    if arguments.proba:
        for label, column in zip(labels, probabilities.T, strict=True):
            cells[f"p({label})"] = [f"{value:.6f}" for value in column.tolist()]
    return cells, one_line(model, columns, probabilities)


def _rows(kept: Predictions, predictions: Predictions) -> Iterable[Sequence[str]]:
    """Yield the header and one row per prediction; a predicted column has another name than a kept one."""
    names = [f"predicted {name}" if name in kept else name for name in predictions]
    yield [*kept, *names]
    yield from zip(*kept.values(), *predictions.values(), strict=True)
