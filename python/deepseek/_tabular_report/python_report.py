"""The report that `TabularNet.report` writes: the page of ``deepseek train --report``, on any rows with a target."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .._io.atomic import replace_file
from .._tabular.tables import read_columns, target_of
from .._tabular.weights import split_weights
from ..plot import need_matplotlib
from .assess import assess, assessment
from .report import html

if TYPE_CHECKING:
    from ..tabular import TabularNet


def write_report(model: TabularNet, X: Any, y: Any, sample_weight: Any, path: str | os.PathLike[str]) -> None:
    """Score the rows of a table and write the page; `TabularNet.report` has the arguments."""
    need_matplotlib()
    file = os.fspath(path)
    if _is_same_file(X, file):
        raise ValueError(f"path: got {file!r}, which is the file of X; expected another file")
    state = model._fitted("report")
    columns = read_columns(X, model.feature_names)
    _, weights = split_weights(columns, sample_weight)
    target = target_of(columns, y, state.target.name)
    rows = columns.without(state.target.name)
    rows[state.target.name] = target
    source = f"of {columns.source}" if columns.source else "of the given table"
    test = assess(model, rows, source, model._options.seed, weights=weights, unseen=False)
    page = html(assessment(model, test, name="TabularNet", source="", notes=columns.notes, settings={}))
    replace_file(file, page.encode())


def _is_same_file(X: Any, path: str) -> bool:
    """Whether the table is a path or an open file, and the same file as the path, also by another name or a link."""
    try:
        source = os.stat(X if isinstance(X, (str, os.PathLike)) else X.fileno())
        return os.path.samestat(source, os.stat(path))
    except (OSError, AttributeError, ValueError, TypeError):  # no file, or none yet
        return False
