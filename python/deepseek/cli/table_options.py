"""Options that say how a CSV file is written, and its reading."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import BinaryIO

from .._tables.arrays import Columns
from .._tables.cells import listed, quoted
from .._tables.read import read_table


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Add the options ``--delimiter``, ``--decimal``, ``--thousands`` and ``--encoding``."""
    group = parser.add_argument_group("how the file is written")
    group.add_argument(
        "--delimiter",
        type=_delimiter,
        metavar="C",
        help="character between cells, or tab (default: found by looking)",
    )
    group.add_argument("--decimal", choices=(".", ","), help="decimal mark (default: found by looking)")
    group.add_argument(
        "--thousands", choices=(",", ".", " ", "'"), help="mark between thousands (default: found by looking)"
    )
    group.add_argument(
        "--encoding", metavar="NAME", help="encoding such as utf-8 or latin-1 (default: found by looking)"
    )


def read_columns(source: str | BinaryIO, arguments: argparse.Namespace) -> Columns:
    """Read a CSV or JSON file by its path, or an open one, as the options say; "-" is standard input."""
    return read_table(
        source,
        delimiter=arguments.delimiter,
        decimal=arguments.decimal,
        thousands=arguments.thousands,
        encoding=arguments.encoding,
    )


def _delimiter(text: str) -> str:
    text = "\t" if text in ("tab", "\\t") else text
    if len(text) != 1 or text in '"\r\n':
        raise argparse.ArgumentTypeError(f"got {text!r}; expected one character or 'tab'")
    return text


def column_names(texts: Sequence[str], columns: Mapping[str, object]) -> list[str]:
    """Return the column names in the values of an option, whether they exist or not.

    A value is a name, or several names between commas: ``--drop id,name``. A column whose own name has a comma is
    found: ``--drop 'id,size, m'``; quotes as in a CSV file leave no doubt: ``--drop 'id,"size, m"'``.
    """
    names: list[str] = []
    for text in texts:
        parts = text.split(",")
        if '"' in text and text not in columns:
            names += next(csv.reader([text], skipinitialspace=True), [])
            parts = []
        while parts:
            joined = (",".join(parts[:count]).strip() for count in range(len(parts), 0, -1))
            name = next((name for name in joined if name in columns), parts[0].strip())
            names.append(name)
            parts = parts[name.count(",") + 1 :]
    return names


def no_column(where: str, name: str, columns: Mapping[str, object]) -> str:
    """Return the message about a column that a table lacks."""
    close = get_close_matches(name, list(columns), 1)
    hint = f" (did you mean {quoted(close[0])}?)" if close else ""
    return f"{where}: got no column {quoted(name)}; expected one of {listed(columns, 12)}{hint}"
