"""``deepseek sample gen.ds -n 1000``: samples of a trained Gen, as CSV."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._gen import tables
from .csv_output import write_rows
from .outputs import check_outputs
from .parser import InputError, add_machine, integer
from .terminal import say

if TYPE_CHECKING:
    from .parser import Commands


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    p = commands.add_parser("sample", help="draw samples from a generative model")
    p.add_argument("model", help="model file of a Gen")
    p.add_argument(
        "-n", "--rows", type=integer(1), default=10, metavar="N", help="number of rows (default: 10)"
    )
    p.add_argument(
        "-o", "--output", default="-", metavar="FILE", help="CSV file to write (default: standard output)"
    )
    p.add_argument(
        "--seed", type=integer(0, 2**64 - 1), default=0, metavar="N", help="seed of the samples (default: 0)"
    )
    p.add_argument(
        "--label",
        metavar="L",
        help="label of all rows (default: random for tables with a label column, otherwise all labels in turn)",
    )
    add_machine(p)
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Draw samples and write them."""
    import deepseek as ds

    check_outputs({"--output": arguments.output}, {"the model": arguments.model})
    gen = ds.load(arguments.model, threads=arguments.threads, device=arguments.device)
    if not isinstance(gen, ds.Gen):
        raise InputError(f"{arguments.model}: got a {type(gen).__name__}; expected a Gen")
    if gen._config.sequences:
        raise InputError(
            f"{arguments.model}: got a Gen of sequences; expected one of rows (use Gen.sample in Python)"
        )
    names, columns = _draw(gen, arguments.rows, arguments.seed, arguments.label)
    write_rows(arguments.output, _lines(names, columns))
    if arguments.output != "-":
        say(f"{arguments.rows} rows: {arguments.output}")
    return 0


def _draw(gen: Any, n: int, seed: int, label: str | None) -> tuple[list[str], list[Any]]:
    """Return names and columns of samples; labels that are no column of the table come last."""
    if gen.label_column is not None:
        table = gen.sample(n, None if label is None else _label(gen.labels, label), seed)
        names = tables.names_of(table)
        return [str(name) for name in names], [tables.column(table, name) for name in names]
    y = None
    if gen.classes:
        y = np.arange(n) % gen.classes if label is None else np.repeat(_label(gen.labels, label), n)
    elif label is not None:
        raise InputError(f'--label: got "{label}", but the model has no labels; expected no --label')
    table = gen.sample(n, y, seed)
    names = tables.names_of(table)
    columns = [tables.column(table, name) for name in names]
    if isinstance(table, np.ndarray) and table.dtype.names is None:
        names = [f"x{name}" for name in names]
    return [*map(str, names), *(["label"] if gen.classes else [])], [*columns, *([] if y is None else [y])]


def _label(labels: Any, text: str) -> Any:
    """Return the label with this text."""
    for label in labels:
        if str(label) == text:
            return label
    raise InputError(f'--label: got "{text}"; expected one of {", ".join(map(str, list(labels)[:8]))}')


def _lines(names: list[str], columns: list[Any]) -> Iterator[Sequence[str]]:
    yield names
    for row in zip(*columns, strict=True):
        yield [_cell(value) for value in row]


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.9g}" if isinstance(value, (float, np.floating)) else str(value)
