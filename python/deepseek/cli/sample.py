"""``deepseek sample gen.ds -n 1000``: rows that a trained Gen makes, as CSV."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._gen import tables
from .csvfile import write_rows
from .parser import InputError, whole
from .terminal import say

if TYPE_CHECKING:
    from .parser import Commands


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    p = commands.add_parser("sample", help="draw rows from a generative model")
    p.add_argument("model", help="file of a Gen")
    p.add_argument("-n", "--rows", type=whole(1), default=10, metavar="N", help="how many (default: 10)")
    p.add_argument(
        "-o", "--output", default="-", metavar="FILE", help="CSV file to write (default: standard output)"
    )
    p.add_argument("--seed", type=whole(0, 2**64 - 1), default=0, metavar="N", help="default: 0")
    p.add_argument(
        "--label", metavar="L", help="label of all rows (default: as in training, or each in its turn)"
    )
    p.add_argument(
        "--threads", type=whole(1, 1024), metavar="N", help="default: as many as the process may use"
    )
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Draw and write."""
    import deepseek as ds

    gen = ds.load(arguments.model, threads=arguments.threads)
    if not isinstance(gen, ds.Gen):
        raise InputError(f"{arguments.model}: this is a {type(gen).__name__}, which cannot be sampled")
    if gen._config.sequences:
        raise InputError(f"{arguments.model}: this Gen makes sequences, which are no rows: use Gen.sample")
    names, columns = _drawn(gen, arguments.rows, arguments.seed, arguments.label)
    write_rows(arguments.output, _lines(names, columns))
    if arguments.output != "-":
        say(f"{arguments.rows} rows: {arguments.output}")
    return 0


def _drawn(gen: Any, n: int, seed: int, label: str | None) -> tuple[list[str], list[Any]]:
    """Names and columns; numbers' labels, which no column tells, behind them."""
    if gen.label_column is not None:
        table = gen.sample(n, None if label is None else _known(gen.labels, label), seed)
        names = tables.names_of(table)
        return [str(name) for name in names], [tables.column(table, name) for name in names]
    y = None
    if gen.classes:
        y = np.arange(n) % gen.classes if label is None else np.repeat(_known(gen.labels, label), n)
    elif label is not None:
        raise InputError(f"--label {label}: this model knows no labels")
    table = gen.sample(n, y, seed)
    names = tables.names_of(table)
    columns = [tables.column(table, name) for name in names]
    if isinstance(table, np.ndarray) and table.dtype.names is None:
        names = [f"x{name}" for name in names]
    return [*map(str, names), *(["label"] if gen.classes else [])], [*columns, *([] if y is None else [y])]


def _known(labels: Any, text: str) -> Any:
    """The label that is written so."""
    for label in labels:
        if str(label) == text:
            return label
    raise InputError(f"--label {text}: the model's labels are {', '.join(map(str, list(labels)[:8]))}")


def _lines(names: list[str], columns: list[Any]) -> Iterator[Sequence[str]]:
    yield names
    for row in zip(*columns, strict=True):
        yield [_cell(value) for value in row]


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.9g}" if isinstance(value, (float, np.floating)) else str(value)
