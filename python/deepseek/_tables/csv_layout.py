"""Layout of a CSV file: delimiter, decimal mark and names of the columns, found from its first lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

from .cells import listed

DELIMITERS = (",", ";", "\t", "|", " ")
_SAMPLE = 100  # rows that are looked at
_TITLES = 10  # most rows above the header
_CHARACTERS = 1_000_000  # of the file that are looked at
_COMMA_NUMBER = re.compile(r"[+\-]?\d+,\d+([eE][+\-]?\d+)?")
_NUMBER = re.compile(r"[+\-]?(\d+\.?\d*|\.\d+)([eE][+\-]?\d+)?")


@dataclass(frozen=True)
class Layout:
    """Layout of a CSV file.

    Attributes
    ----------
    path : str
        Name of the file in messages.
    delimiter : str
        Character between cells.
    decimal : {".", ","} or None
        Decimal mark; None if nothing shows it.
    names : list of str
        Names of the columns.
    start : int
        Offset in the text at which the first row of values begins.
    rows : int
        Number of rows before that offset, the header and blank lines included.
    notes : list of str
        Sentences about guesses that a user should see.
    """

    path: str
    delimiter: str
    decimal: str | None
    names: list[str]
    start: int
    rows: int
    notes: list[str] = field(default_factory=list)


def find_layout(text: str, path: str, delimiter: str | None = None, decimal: str | None = None) -> Layout:
    """Return the layout of a CSV file.

    Parameters
    ----------
    text : str
        Contents of the file.
    path : str
        Name of the file in messages.
    delimiter, decimal : str, optional
        Delimiter and decimal mark, if known.

    Raises
    ------
    ValueError
        If the file is empty, or `delimiter` does not separate its cells.
    """
    start, line, stated = _first_row(text)
    sample = list(islice(io.StringIO(text[start : start + _CHARACTERS], newline=""), 4 * _SAMPLE))
    found = delimiter or stated or _find_delimiter(sample)
    records = _records(sample, found)
    if not records:
        raise ValueError(f"{path}: got an empty file; expected a header row")
    notes: list[str] = []
    titles = _title_rows([row for row, _, _ in records])
    if titles:
        notes.append(f"the first {titles} rows of {path} are no part of the table and were skipped")
    before, (header, used, count) = records[titles - 1] if titles else None, records[titles]
    header = [cell.strip() for cell in header]
    rows = [row for row, _, _ in records[titles + 1 :]]
    if len(rows) > 1 and start + sum(map(len, sample)) < len(text) and len(rows) < _SAMPLE:
        rows.pop()  # it may be cut off
    if delimiter is not None and len(header) == 1:
        _check_delimiter(sample, delimiter, path)
    if decimal is None and found != "," and any(map(_COMMA_NUMBER.fullmatch, _cells(rows))):
        decimal = ","
    if _counts_rows(header, rows):
        names = [f"x{i}" for i in range(len(rows[0]))]
        notes.append(f"the first row of {path} counts rows and columns, so the columns are named x0, x1, …")
    elif _is_data(header, rows):
        names = [f"x{i}" for i in range(len(header))]
        _, used, count = before or ([], 0, 0)
        notes.append(f"the first row of {path} holds values, so the columns are named x0, x1, …")
    else:
        names = _names(_completed(header, rows), path, notes)
    return Layout(path, found, decimal, names, start + sum(map(len, sample[:used])), line + count, notes)


def _records(lines: Sequence[str], delimiter: str) -> list[tuple[list[str], int, int]]:
    """Return the first rows with content, and how many lines and rows end there."""
    reader = _reader(lines, delimiter)
    records = []
    try:
        for count, row in enumerate(reader, start=1):
            if any(row):
                records.append((row, reader.line_num, count))
            if len(records) > _SAMPLE + _TITLES:
                break
    except csv.Error:  # a cell is longer than the csv module allows
        pass
    return records


def _title_rows(rows: Sequence[Sequence[str]]) -> int:
    """Return the number of rows of one cell above a table whose rows (at least 90 %) have several cells."""
    titles = next((i for i, row in enumerate(rows[: _TITLES + 1]) if len(row) > 1), 0)
    table = rows[titles:-1] if len(rows) > _SAMPLE else rows[titles:]
    is_table = len(table) > 2 and sum(len(row) == len(table[0]) for row in table) >= 0.9 * len(table)
    return titles if is_table and (len(table[0]) > 2 or titles > 1) else 0


def _reader(lines: Sequence[str], delimiter: str) -> Any:
    if delimiter == " ":  # Python's parser knows no runs of blanks
        return csv.reader((re.sub(" +", " ", line.strip(" ")) for line in lines), delimiter=" ")
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True)


def _cells(rows: Sequence[Sequence[str]]) -> list[str]:
    return [cell.strip() for row in rows for cell in row]


def _first_row(text: str) -> tuple[int, int, str | None]:
    """Return the offset and number of the first row with content, and the delimiter that a line sep=… states."""
    match = re.match(r"((?:[ \t]*(?:\r\n|\r|\n))*)(?:sep=(.)(?:\r\n|\r|\n))?", text)
    assert match is not None
    blank = match[1].replace("\r\n", "\n").replace("\r", "\n").count("\n")
    return match.end(), blank + (match[2] is not None), match[2]


def _find_delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter that divides the first lines into equally many cells, at least two."""
    best, score = ",", (0.0, 0)
    for candidate in DELIMITERS:
        try:
            rows = [row for row in islice(_reader(lines, candidate), _SAMPLE) if any(row)]
        except csv.Error:
            continue
        rows = rows[_title_rows(rows) :]
        if not rows:
            continue
        body = rows[1:-1] if len(rows) > _SAMPLE // 2 else rows[1:] or rows
        width = max(len(rows[0]), len(body[0]) if body and candidate == " " else 0)
        if width < 2:
            continue
        equal = sum(len(row) in (width, len(body[0])) for row in body) / len(body)
        if candidate == " " and (score[0] > 0 or equal < 1 or not _has_numbers(body)):
            continue  # blanks between words are no delimiter
        if equal >= 0.5 and (equal, width) > score:
            best, score = candidate, (equal, width)
    return best


def _has_numbers(rows: Sequence[Sequence[str]]) -> bool:
    return any(all(map(_NUMBER.fullmatch, column)) for column in zip(*rows, strict=False))


def _check_delimiter(lines: Sequence[str], delimiter: str, path: str) -> None:
    other = _find_delimiter(lines)
    if other != delimiter and other in lines[0]:
        shown = "tab" if other == "\t" else f"'{other}'"
        raise ValueError(
            f"{path}: got only one column; expected several (pass --delimiter {shown} if that separates the cells)"
        )


def _counts_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row begins with the numbers of rows and of features, as in scikit-learn's files."""
    if len(header) < 3 or not rows or not (header[0].isdecimal() and header[1].isdecimal()):
        return False
    width = len(rows[0])
    return (
        int(header[1]) + 1 == width and int(header[0]) >= len(rows) and all(len(row) == width for row in rows)
    )


def _is_data(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row holds values instead of names.

    It does if all its cells are numbers that do not rise as years do, or if some are numbers and each other cell
    occurs again in its column.
    """
    numbers = [float(cell) for cell in header if _NUMBER.fullmatch(cell)]
    if not numbers or not rows or any(len(row) != len(header) for row in rows):
        return False
    if len(numbers) == len(header):
        rising = len(numbers) > 1 and all(a < b for a, b in pairwise(numbers))
        return not rising or any(number != int(number) for number in numbers)
    columns = zip(header, zip(*rows, strict=True), strict=True)
    texts = [(cell, column) for cell, column in columns if cell and not _NUMBER.fullmatch(cell)]
    return all(cell in map(str.strip, column) for cell, column in texts)


def _completed(header: list[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the header with a name for each column of the rows, which may have one more."""
    if rows and all(len(row) == len(header) + 1 for row in rows):
        is_trailing = all(not row[-1].strip() for row in rows)
        return [*header, ""] if is_trailing else ["", *header]  # R's write.table names no column of row names
    return header


def _names(header: Sequence[str], path: str, notes: list[str]) -> list[str]:
    """Return different names: "column 1" for a nameless column, "a.1" for a second "a", as pandas calls it."""
    given = set(header)
    names: dict[str, None] = {}
    twice = []
    for position, name in enumerate(header, start=1):
        own = base = name or f"column {position}"
        number = 0
        while own in names or (own != name and own in given):
            number += 1
            own = f"{base}.{number}"
        if name and own != name:
            twice.append(own)
        names[own] = None
    if twice:
        notes.append(f"{path} has columns of one name; the later ones are called {listed(twice)}")
    return list(names)
