"""Tables from text files: form, encoding, delimiter and header are found by looking.

Whole columns of plain numbers become arrays of numbers; all other cells stay text, which `inference` interprets.
"""

from __future__ import annotations

from typing import Any

from .arrays import Columns, columns_of
from .cells import printable, quoted
from .csv_layout import find_layout
from .csv_rows import read_rows
from .file_text import decode, read_bytes
from .json_rows import is_json, parse_json


def read_table(
    source: Any,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
) -> Columns:
    """Read a CSV or JSON file.

    Parameters
    ----------
    source : path or file object
        File to read; "-" is standard input. Compression by gzip, bzip2 or xz is recognised by content.
    delimiter : str, optional
        Character between cells. Default: found among comma, semicolon, tab, vertical bar and blank.
    encoding : str, optional
        Encoding of the text. Default: UTF-8, UTF-16 with a byte-order mark, else Windows-1252.
    decimal : {".", ","}, optional
        Decimal mark. Default: "." unless a file with another delimiter than a comma shows decimal commas.
    thousands : {",", ".", " ", "'"}, optional
        Mark between thousands. Default: found by content, column by column.

    Returns
    -------
    Columns
        Arrays of shape (rows,) by name. Columns of plain numbers are int64 or float64 with NaN where missing,
        columns of True and False are bool; the others are objects: str, or None where missing.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no table: an empty or binary file, no rows, or rows of different lengths.
    """
    decimal = _decimal_mark(decimal, thousands)
    if delimiter is not None and not (len(delimiter) == 1 and delimiter.isascii()):
        raise ValueError(f"delimiter: got {quoted(delimiter)}; expected one ASCII character")
    path = printable(_name(source))
    text, data, notes = decode(read_bytes(source, path), path, encoding)
    if delimiter is None and is_json(text):
        columns = columns_of(parse_json(text, path), argument=path)
        columns.decimal = decimal
    else:
        layout = find_layout(text, path, delimiter, decimal)
        start = len(text[: layout.start].encode())
        del text
        columns = Columns(zip(layout.names, read_rows(data, start, layout), strict=True))
        columns.decimal = layout.decimal
        notes += layout.notes
    columns.source = _name(source)
    columns.notes = notes
    return columns


def _name(source: Any) -> str:
    """Return the name of a source in messages."""
    if hasattr(source, "read"):
        name = getattr(source, "name", "")
        return name if name and isinstance(name, str) else "table"
    return "standard input" if source == "-" else str(source)


def _decimal_mark(decimal: str | None, thousands: str | None) -> str | None:
    """Return the decimal mark that the options state; raise ValueError if they contradict each other."""
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal: got {quoted(decimal)}; expected . or ,")
    if thousands is None:
        return decimal
    if thousands not in (",", ".", " ", "'"):
        raise ValueError(f"thousands: got {quoted(thousands)}; expected a comma, point, blank or apostrophe")
    if thousands == decimal:
        raise ValueError(
            f"thousands: got {quoted(thousands)}, which is also the decimal mark; expected another"
        )
    return {",": ".", ".": ","}.get(thousands, decimal)
