"""Writing of CSV files, all or nothing."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Sequence

from .._io.atomic import replace_file


def write_rows(path: str, rows: Iterable[Sequence[str]], delimiter: str = ",") -> None:
    """Write a CSV file atomically; ``-`` is standard output."""
    if path == "-":
        csv.writer(sys.stdout, delimiter=delimiter, lineterminator="\n").writerows(rows)
        return
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    replace_file(path, text.getvalue().encode())
