"""``deepseek train data.csv --target column``: a Net from a CSV file.

The model file carries the reading of the columns (``recipe.py``), so ``predict`` needs nothing but model and data.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .csvfile import read_table
from .learn import learn
from .models import attach_recipe, score
from .parser import InputError, name_list, number, whole, whole_list
from .recipe import Recipe
from .terminal import heading, say

if TYPE_CHECKING:
    from .. import Net
    from .parser import Commands

_ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "silu", "leaky_relu", "elu", "selu", "mish")


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    p = commands.add_parser("train", help="train a network on a CSV file")
    p.add_argument("data", help="CSV file with a header row")
    p.add_argument("--target", required=True, metavar="COLUMN", help="the column to predict")
    p.add_argument("-o", "--output", metavar="FILE", help="model file (default: the data's name with .ds)")
    p.add_argument("--task", choices=("auto", "classification", "regression"), default="auto")
    p.add_argument("--drop", type=name_list, default=[], metavar="A,B", help="columns to leave out")
    p.add_argument(
        "--categorical", type=name_list, default=[], metavar="A,B", help="columns of names, even if numbers"
    )
    p.add_argument("--delimiter", type=delimiter, default=",", help="between cells: one character or 'tab'")
    p.add_argument(
        "--hidden", type=whole_list(1), default=[64, 64], metavar="64,64", help="widths of the hidden layers"
    )
    p.add_argument("--activation", choices=_ACTIVATIONS, default="relu")
    p.add_argument("--epochs", type=whole(1), default=100, metavar="N")
    p.add_argument("--batch-size", type=whole(1), default=32, metavar="N")
    p.add_argument(
        "--rate", type=number(0, np.inf, open_low=True), default=1e-3, metavar="R", help="learning rate"
    )
    p.add_argument("--dropout", type=number(0, 1, open_high=True), default=0.0, metavar="P")
    p.add_argument("--weight-decay", type=number(0, np.inf), default=0.0, metavar="D")
    p.add_argument(
        "--validation",
        type=number(0, 1, open_high=True),
        default=0.2,
        metavar="F",
        help="fraction of the rows to hold out (0: none)",
    )
    p.add_argument(
        "--early-stopping",
        type=whole(0),
        default=10,
        metavar="N",
        help="stop after N epochs without a better validation loss (0: never)",
    )
    p.add_argument("--seed", type=whole(0, 2**64 - 1), default=0, metavar="N")
    p.add_argument(
        "--threads", type=whole(1, 1024), metavar="N", help="default: as many as the process may use"
    )
    p.set_defaults(run=run)


def delimiter(text: str) -> str:
    """Return the character between cells; an option type."""
    text = "\t" if text in ("tab", "\\t") else text
    if len(text) != 1 or text in '"\r\n':
        raise argparse.ArgumentTypeError(f"one character or 'tab' expected, got {text!r}")
    return text


def _output(arguments: argparse.Namespace) -> str:
    """Return where the model goes, refusing before the training what could not be written after it."""
    path: str = arguments.output or os.path.splitext(os.path.basename(arguments.data))[0] + ".ds"
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        raise InputError(f"{path}: this is a folder, a file name is needed")
    if not os.path.isdir(folder):
        raise InputError(f"{folder}: no such folder")
    if os.path.exists(path) and os.path.exists(arguments.data) and os.path.samefile(path, arguments.data):
        raise InputError(f"{path}: the model would overwrite the data")
    return path


def run(arguments: argparse.Namespace) -> int:
    """Train, report and save."""
    from ..datasets import fixed_order

    path = _output(arguments)
    table = read_table(arguments.data, arguments.delimiter)
    table.column(arguments.target)  # a wrong name is the first thing to say
    order = fixed_order(len(table), arguments.seed)
    held = round(len(table) * arguments.validation)
    if arguments.validation:
        held = max(1, held)
    if len(table) - held < 2:
        raise InputError(f"{table.path}: {len(table)} rows are too few (2 to train on, {held} held out)")
    rows = np.sort(order[held:])
    recipe = learn(
        table,
        arguments.target,
        rows,
        task=arguments.task,
        drop=arguments.drop,
        categorical=arguments.categorical,
    )
    X, y = recipe.encode(table), recipe.target.encode(table)
    net = _network(arguments, recipe)
    _announce(table.path, len(table), recipe, net)
    fitting: dict[str, Any] = {"epochs": arguments.epochs, "batch_size": min(arguments.batch_size, len(rows))}
    if held:
        from .. import EarlyStopping

        aside = np.sort(order[:held])
        fitting["validation_data"] = (X[aside], y[aside])
        if arguments.early_stopping:
            fitting["early_stopping"] = EarlyStopping(patience=arguments.early_stopping)
    start = time.perf_counter()
    history = net.fit(X[rows], y[rows], **fitting)
    seconds = time.perf_counter() - start
    epochs = len(history["loss"])
    say(f"{epochs} epochs in {seconds:.2f} s ({epochs * len(rows) / max(seconds, 1e-9):,.0f} rows/s)")
    _report(net, recipe, X, y, rows, order[:held])
    attach_recipe(net, recipe)
    net.save(path)
    say(f"model: {path}")
    return 0


def _network(arguments: argparse.Namespace, recipe: Recipe) -> Net:
    from .. import AdamW, Net

    labels = recipe.target.labels
    return Net(
        [recipe.width, *arguments.hidden, len(labels) if labels else 1],
        activation=arguments.activation,
        loss="cross_entropy" if labels else "squared_error",
        optimizer=AdamW(rate=arguments.rate, weight_decay=arguments.weight_decay),
        dropout=arguments.dropout,
        seed=arguments.seed,
        threads=arguments.threads,
    )


def _announce(path: str, rows: int, recipe: Recipe, net: Net) -> None:
    target = recipe.target
    what = f"one of {len(target.labels)} classes" if target.labels else "a number"
    heading(f"{path}: {rows} rows, {len(recipe.features)} columns to predict {target.name} from ({what})")


def _report(
    net: Net, recipe: Recipe, X: NDArray[Any], y: NDArray[Any], rows: NDArray[Any], held: NDArray[Any]
) -> None:
    """Print the score beside that of a guess that looks at no column."""
    for name, part in (("training rows", rows), ("held-out rows", held)):
        if len(part):
            say(f"{name}: {score(recipe.target, net.predict(X[part]), y[part], y[rows])}")
