"""Columns of a CSV file that ``predict --keep`` copies as they are written: 007 stays 007."""

from __future__ import annotations

import argparse
import csv
import io

from .._tables.arrays import Columns
from .._tables.cells import number_text
from .._tables.csv_layout import find_layout
from .._tables.file_text import decode, read_bytes
from .._tables.json_rows import is_json
from .parser import InputError
from .table_options import column_names, no_column, read_columns


def read_kept(path: str, arguments: argparse.Namespace) -> tuple[Columns, dict[str, list[str]]]:
    """Return the table of a CSV file, and the cells of the columns that ``--keep`` names, as texts by name."""
    if not arguments.keep:
        return read_columns(path, arguments), {}
    data = read_bytes(path, path)
    columns = read_columns(_Stream(data, path), arguments)
    names = column_names(arguments.keep, columns)
    problems = [
        no_column(f"--keep: {columns.source}", name, columns) for name in names if name not in columns
    ]
    if problems:
        raise InputError("\n".join(problems))
    text = decode(data, columns.source, arguments.encoding)[0]
    if arguments.delimiter is None and is_json(text):
        return columns, {name: [_text(value) for value in columns[name].tolist()] for name in names}
    layout = find_layout(text, columns.source, arguments.delimiter, arguments.decimal)
    width = len(layout.names)
    lines = io.StringIO(text[layout.start :], newline="")
    reader = csv.reader(lines, delimiter=layout.delimiter, skipinitialspace=True)
    limit = csv.field_size_limit(max(len(text), 1))  # its default refuses long texts
    try:
        rows = [row for row in reader if len(row) == width]
    finally:
        csv.field_size_limit(limit)
    count = len(next(iter(columns.values())))
    if len(rows) != count:  # the cells would stand beside the predictions of other rows
        raise InputError(f"--keep: {columns.source}: got {len(rows)} rows of {width} cells; expected {count}")
    return columns, {name: [row[layout.names.index(name)] for row in rows] for name in names}


def _text(value: object) -> str:
    """Return a value of a JSON file as a cell."""
    if value is None or value != value:
        return ""
    return number_text(value) if isinstance(value, float) else str(value)


class _Stream(io.BytesIO):
    """Contents of a file, and its name for messages; standard input can be read once only."""

    def __init__(self, data: bytes, path: str) -> None:
        super().__init__(data)
        self.name = "standard input" if path == "-" else path
