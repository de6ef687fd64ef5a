"""``deepseek train data.csv --target column``: trains a TabularNet on a CSV file and scores it on rows held out."""

from __future__ import annotations

import argparse
import os
import re
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._io.atomic import replace_file
from .._tables.cells import listed, quoted
from .._tables.readings import DATE_ORDERS, KINDS
from .._tables.target import TASKS
from .._tabular.weights import split_weights
from .._tabular_report.assess import assess, assessment
from .._tabular_report.report import html
from ..plot import need_matplotlib
from .outputs import check_outputs
from .parser import InputError, add_machine, integer, integer_list, number
from .score_lines import score_lines
from .table_options import add_table_options, column_names, no_column, read_columns
from .terminal import heading, say, say_wrapped
from .training import announcement, encode, fit, split

if TYPE_CHECKING:
    from .._tables.arrays import Columns
    from .parser import Commands

_MODEL_OPTIONS = (
    "members", "time_limit", "task", "hidden", "activation", "dropout", "learning_rate", "weight_decay", "epochs",
    "batch_size", "seed", "threads", "device",
)  # fmt: skip
"""Options that are those of TabularNet."""

_CHOICES = (*KINDS[:-1], *DATE_ORDERS)


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    p = commands.add_parser("train", help="train a model on a CSV file, and score it on rows held out")
    p.add_argument("data", help="CSV file with a header row, or JSON, also compressed; - is standard input")
    p.add_argument("--target", metavar="COLUMN", help="name of the column to predict (no default)")
    p.add_argument(
        "-o", "--output", metavar="FILE", help="model file to write (default: the name of the data with .ds)"
    )
    p.add_argument(
        "--report",
        metavar="FILE",
        help="HTML report to write, with plots (needs the extra [plot]; default: none)",
    )
    group = p.add_argument_group("rows for the scores")
    group.add_argument(
        "--test",
        metavar="FILE",
        help="CSV file with the rows to score (default: some rows of the data, see --holdout)",
    )
    group.add_argument(
        "--holdout",
        type=number(0, 1, open_high=True),
        metavar="F",
        help="share of the rows that is not trained on but scored; 0 trains on all (default: 0.2)",
    )
    group = p.add_argument_group("how the columns are read")
    group.add_argument(
        "--task",
        choices=("auto", *TASKS),
        default="auto",
        help="whether the target is a class or a number (default: auto, by its values)",
    )
    group.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="COLUMN",
        help="column to leave out, repeatable (default: none)",
    )
    group.add_argument(
        "--kind",
        action="append",
        type=_kind,
        default=[],
        metavar="COLUMN=KIND",
        help=f"kind of a column: {', '.join(_CHOICES)}; repeatable (default: by its content)",
    )
    group.add_argument(
        "--weight",
        metavar="COLUMN",
        help="column with the weight of each row in the training and in the scores, at least 0; it is no input "
        "(default: every row weighs 1)",
    )
    add_table_options(p)
    _add_model_options(p)
    p.retired = {
        "--categorical": "--kind COLUMN=category",
        "--validation": "--holdout",
        "--early-stopping": "not needed: the best epoch is kept",
    }
    p.set_defaults(run=run)


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    p = parser.add_argument_group("the model")
    p.add_argument("--members", type=integer(1, 1000), metavar="N", help="number of networks (default: 8)")
    p.add_argument(
        "--time-limit",
        type=number(0, np.inf, open_low=True),
        metavar="S",
        help="approximate limit of the training in seconds (default: none)",
    )
    p.add_argument(
        "--hidden",
        type=integer_list(1),
        metavar="128,128",
        help="units of the hidden layers (default: 128,128)",
    )
    p.add_argument("--activation", metavar="NAME", help="activation of the hidden layers (default: mish)")
    p.add_argument(
        "--epochs", type=integer(1), metavar="N", help="number of epochs (default: by the number of rows)"
    )
    p.add_argument(
        "--batch-size",
        type=integer(1),
        metavar="N",
        help="rows per mini-batch (default: by the number of rows)",
    )
    p.add_argument(
        "--learning-rate",
        type=number(0, np.inf, open_low=True),
        metavar="R",
        help="learning rate of AdamW (default: 0.006)",
    )
    p.add_argument(
        "--dropout",
        type=number(0, 1, open_high=True),
        metavar="P",
        help="dropout probability of the hidden units (default: 0.1)",
    )
    p.add_argument("--weight-decay", type=number(0, np.inf), metavar="D", help="weight decay (default: 0.01)")
    p.add_argument(
        "--seed",
        type=integer(0, 2**64 - 1),
        metavar="N",
        help="seed of model and held-out rows (default: 0)",
    )
    add_machine(p)


def _kind(text: str) -> tuple[str, str]:
    name, mark, kind = text.rpartition("=")
    if not mark or kind not in _CHOICES:
        raise argparse.ArgumentTypeError(
            f"got {text!r}; expected COLUMN=KIND with a kind of {', '.join(_CHOICES)}"
        )
    return name, kind


def run(arguments: argparse.Namespace) -> int:
    """Train, score, report and save."""
    path = arguments.output or _default_output(arguments.data)
    check_outputs(
        {"--output": path, "--report": arguments.report},
        {"the data": arguments.data, "the file of --test": arguments.test},
    )
    if arguments.report:
        need_matplotlib()
    columns = read_columns(arguments.data, arguments)
    test = None if arguments.test is None else read_columns(arguments.test, arguments)
    drop = _checked_names(arguments, columns, test)
    given = {name: getattr(arguments, name) for name in _MODEL_OPTIONS}
    options = {name: value for name, value in given.items() if value is not None}
    try:
        return _run(arguments, columns, test, {**options, "drop": drop, "kinds": dict(arguments.kind)}, path)
    except ValueError as error:
        raise InputError(_with_options(str(error))) from None


def _default_output(data: str) -> str:
    name = "model" if data == "-" else os.path.basename(data).removesuffix(".gz")
    return (os.path.splitext(name)[0] or name) + ".ds"


def _checked_names(arguments: argparse.Namespace, columns: Columns, test: Columns | None) -> list[str]:
    """Return the columns to leave out; raise InputError with all names that are wrong."""
    target, weight = arguments.target, arguments.weight
    if target is None:
        raise InputError(f"--target: got none; expected a column of {columns.source}: {listed(columns, 50)}")
    drop = column_names(arguments.drop, columns)
    problems = [no_column(columns.source, target, columns)] * (target not in columns)
    if test is not None and target in columns and target not in test:
        problems.append(no_column(test.source, target, test))
    if weight is not None and weight != target and test is not None and weight not in test:
        problems.append(no_column(f"--weight: {test.source}", weight, test))
    kinds = [name for name, _ in arguments.kind]
    for option, names in (("--weight", [weight] * (weight is not None)), ("--drop", drop), ("--kind", kinds)):
        problems += [
            no_column(f"{option}: {columns.source}", name, columns) for name in names if name not in columns
        ]
        if target in names:
            problems.append(f"{option}: got {quoted(target)}, which is the target; expected another column")
        if option != "--weight" and weight in names:
            problems.append(f"{option}: got {quoted(weight)}, which is --weight; expected another column")
    if problems:
        raise InputError("\n".join(problems))
    return drop


def _with_options(message: str) -> str:
    """Return an error of TabularNet with the options of the command line instead of its arguments."""
    message = re.sub(r"\btask '(\w+)'", r"--task \1", message)
    message = re.sub(r"(?m)^sample_weight:", "--weight:", message)
    names = "|".join((*_MODEL_OPTIONS, "drop"))
    return re.sub(rf"(?m)^({names}):", lambda match: f"--{match[1].replace('_', '-')}:", message)


def _run(
    arguments: argparse.Namespace, columns: Columns, test: Columns | None, options: dict[str, Any], path: str
) -> int:
    target = arguments.target
    share = 0.0 if test is not None else 0.2 if arguments.holdout is None else arguments.holdout
    weight = arguments.weight
    parts = split(columns, target, share, options.get("seed", 0), arguments.task, weight)
    if test is not None:
        parts = replace(parts, test=test, source=f"of {test.source}")
    notes = [*columns.notes, *(test.notes if test is not None else ())]
    model, table = encode(parts.training, target, options, test, weight)
    heading(f"{columns.source}: {columns.rows:,} rows, {len(columns)} columns")
    for line in [*notes, *announcement(table, parts, weight)]:
        say_wrapped(line)
    seconds = fit(model, table)
    model.save(path)
    members = f"{len(model.nets)} network{'s' * (len(model.nets) > 1)}"
    say(f"trained {members} on {len(table.targets):,} rows in {seconds:.1f} s")
    say(f"model: {path}")
    scored = None
    if parts.test.rows:
        with warnings.catch_warnings():
            if (
                test is None
            ):  # rows held out may have categories that the others lack; a user can do nothing about it
                warnings.simplefilter("ignore", UserWarning)
            rows, weights = split_weights(parts.test, weight)
            scored = assess(model, rows, parts.source, options.get("seed", 0), weights=weights)
    if scored is None:
        say("no rows are held out, so there are no scores (see --holdout and --test)")
    else:
        for line in ["", *score_lines(model.target, scored)]:
            say(line)
    if arguments.report:
        from .. import get_num_threads

        training = f"{seconds:.1f} s with {get_num_threads()} threads"
        found = assessment(
            model,
            scored,
            name=path,
            source=columns.source,
            notes=notes,
            settings={"command": arguments.command, "training": training},
        )
        replace_file(arguments.report, html(found).encode())
        say("")
        say(f"report: {arguments.report}")
    return 0
