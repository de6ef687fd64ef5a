"""``deepseek predict model.ds data.csv``: a trained model's answers, as CSV."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .csvfile import read_table, write_rows
from .models import stored_recipe
from .parser import whole
from .recipe import Target
from .terminal import say
from .train import delimiter

if TYPE_CHECKING:
    from .parser import Commands


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    p = commands.add_parser("predict", help="apply a model made by train to a CSV file")
    p.add_argument("model", help="model file")
    p.add_argument("data", help="CSV file with the columns of the training file; others are ignored")
    p.add_argument(
        "-o", "--output", default="-", metavar="FILE", help="CSV file to write (default: standard output)"
    )
    p.add_argument("--delimiter", type=delimiter, default=",", help="between cells: one character or 'tab'")
    p.add_argument(
        "--threads", type=whole(1, 1024), metavar="N", help="default: as many as the process may use"
    )
    p.set_defaults(run=run)


def _answers(target: Target, outputs: NDArray[Any]) -> Iterator[Sequence[str]]:
    """Yield the header and one row per prediction."""
    if target.labels is None:
        yield [target.name]
        for value in outputs[:, 0].astype(np.float64) * target.scale + target.mean:
            yield [f"{value:.9g}"]
        return
    yield [target.name, *(f"p({label})" for label in target.labels)]
    for row in outputs:
        yield [target.labels[int(row.argmax())], *(f"{float(value):.6f}" for value in row)]


def run(arguments: argparse.Namespace) -> int:
    """Predict every row of the file."""
    import deepseek as ds

    if arguments.threads:
        ds.set_num_threads(arguments.threads)
    net = ds.load(arguments.model)
    recipe = stored_recipe(net, arguments.model)
    inputs = recipe.encode(read_table(arguments.data, arguments.delimiter))
    write_rows(arguments.output, _answers(recipe.target, net.predict(inputs)), arguments.delimiter)
    if arguments.output != "-":
        say(f"{len(inputs)} predictions: {arguments.output}")
    return 0
