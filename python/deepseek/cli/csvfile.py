"""Reading and writing CSV files, with errors that say where.

A table here is text: named columns of stripped cells, every row as long as the header.  What the cells mean is
``recipe.py``'s affair.  Rows are counted as a spreadsheet shows them: the header is row 1.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._files.atomic import replace_file
from .parser import InputError


@dataclass
class Table:
    """A CSV file in memory: ``columns[name]`` is the list of its cells, ``rows[i]`` the row number of cell i."""

    path: str
    columns: dict[str, list[str]]
    rows: list[int]

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, index: int, column: str) -> str:
        """Return the place of a cell, for an error message."""
        return f'{self.path}: row {self.rows[index]}, column "{column}"'

    def column(self, name: str) -> list[str]:
        """Return a column's cells; a missing one is an error that lists those there are."""
        try:
            return self.columns[name]
        except KeyError:
            raise InputError(f'{self.path}: no column "{name}"; columns: {listed(self.columns)}') from None


def listed(names: Iterable[str], limit: int = 8) -> str:
    """Return names as a short list for a message."""
    names = list(names)
    more = f", … ({len(names)} in all)" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def read_table(path: str, delimiter: str = ",") -> Table:
    """Read a CSV file with a header row.

    Parameters
    ----------
    path : str
        The file, UTF-8 with or without a byte-order mark.
    delimiter : str
        One character between cells.

    Returns
    -------
    Table
        All cells as text; blank lines are skipped.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            return _parse(path, csv.reader(file, delimiter=delimiter, strict=True), delimiter)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def _parse(path: str, reader: Iterable[list[str]], delimiter: str) -> Table:
    lines = enumerate(reader, start=1)
    number = 0
    try:
        header: list[str] = []
        for number, cells in lines:  # noqa: B007  (the number is for the error below)
            header = [cell.strip() for cell in cells]
            if any(header):
                break
        _check_header(path, header, delimiter)
        kept: list[list[str]] = []
        rows: list[int] = []
        for number, cells in lines:
            if not any(cell.strip() for cell in cells) and len(cells) <= 1:
                continue
            if len(cells) != len(header):
                raise InputError(
                    f"{path}: row {number} has {len(cells)} cells, the header has {len(header)} columns"
                )
            kept.append(cells)
            rows.append(number)
    except csv.Error as error:
        raise InputError(f"{path}: after row {number}: {error}") from None
    if not rows:
        raise InputError(f"{path}: no rows below the header")
    columns = {
        name: [cell.strip() for cell in cells]
        for name, cells in zip(header, zip(*kept, strict=True), strict=True)
    }
    return Table(path, columns, rows)


def _check_header(path: str, header: Sequence[str], delimiter: str) -> None:
    if not any(header):
        raise InputError(f"{path}: the file is empty")
    seen: set[str] = set()
    for position, name in enumerate(header, start=1):
        if not name:
            raise InputError(f"{path}: column {position} of the header has no name")
        if name in seen:
            raise InputError(f'{path}: the header names column "{name}" twice')
        seen.add(name)
    if len(header) == 1:
        for other, option in ((";", "';'"), ("\t", "tab"), (",", "','")):
            if other != delimiter and other in header[0]:
                raise InputError(
                    f"{path}: only one column found; pass --delimiter {option} if that separates the cells"
                )


def numbers(table: Table, name: str, hint: str = "") -> NDArray[np.float64]:
    """Return a column as finite numbers.

    Parameters
    ----------
    table : Table
        The file.
    name : str
        The column.
    hint : str
        What to add to the message about a cell that is no number.

    Returns
    -------
    ndarray of float64
        One value per row.
    """
    cells = table.column(name)
    values = np.empty(len(cells), dtype=np.float64)
    for index, cell in enumerate(cells):
        value = as_number(cell)
        if value is None:
            what = f'"{shortened(cell)}" is not a number' if cell else "the cell is empty, a number is needed"
            raise InputError(f"{table.where(index, name)}: {what}{hint}")
        values[index] = value
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        index = int(bad[0])
        raise InputError(f'{table.where(index, name)}: "{shortened(cells[index])}" is not a finite number')
    return values


def as_number(cell: str) -> float | None:
    """Return a cell's number, or None if it is not one."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def shortened(text: str, limit: int = 40) -> str:
    """Return text fit for one line of a message."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def write_rows(path: str, rows: Iterable[Sequence[str]], delimiter: str = ",") -> None:
    """Write a CSV file whole or not at all; ``-`` is standard output."""
    if path == "-":
        csv.writer(sys.stdout, delimiter=delimiter, lineterminator="\n").writerows(rows)
        return
    if os.path.isdir(path):
        raise InputError(f"{path}: this is a folder, a file name is needed")
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    replace_file(path, text.getvalue().encode())
