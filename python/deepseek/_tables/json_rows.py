"""Tables in JSON: a list of rows, a dictionary of columns, or one row a line."""

from __future__ import annotations

import json
from typing import Any


def is_json(text: str) -> bool:
    """Whether a text begins as a table in JSON does."""
    start = text[:1000].lstrip()
    return start[:1] == "{" or (start[:1] == "[" and start[1:].lstrip()[:1] in ("{", "["))


def parse_json(text: str, path: str) -> Any:
    """Return the rows or columns of a text in JSON; raise ValueError if it is no table."""
    try:
        table = json.loads(text)
    except json.JSONDecodeError as error:
        try:
            table = [json.loads(line) for line in text.splitlines() if line.strip()]
        except json.JSONDecodeError:
            raise ValueError(f"{path}: got malformed JSON ({error}); expected a list of rows") from None
    if isinstance(table, dict):
        table = [table] if not all(isinstance(value, list) for value in table.values()) else table
    if not table:
        raise ValueError(f"{path}: got no rows; expected at least one")
    return table
