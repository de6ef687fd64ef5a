"""The steps of ``deepseek train``: which rows are held out, how the table is read, and the fit."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._tables.target import TargetEncoder
from .parser import InputError
from .readings import column_lines, target_line
from .table_options import no_column

if TYPE_CHECKING:
    from .. import TabularNet
    from .._tables.arrays import Columns
    from .._tabular.state import EncodedTable

MIN_ROWS = 10
"""Fewest rows with a target of which some are held out."""


@dataclass(frozen=True)
class Parts:
    """Rows of a table for the training and for the scores.

    Attributes
    ----------
    training, test : Columns
        Rows with a target; `test` may have none.
    left_out, zero_weight : int
        Rows without a target, and rows of weight 0.
    source : str
        Where the rows for the scores come from, as a phrase.
    """

    training: Columns
    test: Columns
    left_out: int
    zero_weight: int
    source: str


def split(
    columns: Columns, target: str, share: float, seed: int, task: str, weight: str | None = None
) -> Parts:
    """Return the rows for the training and those held out, in the same share of each class.

    The column of the weights becomes one of numbers; rows of weight 0 are in neither part.

    Parameters
    ----------
    columns : Columns
        Table with the target.
    target : str
        Name of the target.
    share : float
        Share of the rows to hold out, in [0, 1).
    seed : int
        Seed of the choice.
    task : {"auto", "classification", "regression"}
        Task.
    weight : str, optional
        Name of the column of the weights. Default: every row weighs 1.

    Raises
    ------
    ValueError
        For weights that cannot be read, are negative or missing.
    """
    from .._tabular.folds import holdout
    from .._tabular.weights import known_weights, split_weights

    present = TargetEncoder.present(columns[target])
    left_out = int(len(present) - present.sum())
    kept = present
    if weight is not None and present.any():
        columns, values = split_weights(columns, weight)
        assert values is not None
        columns[weight] = known_weights(values, present)
        kept = columns[weight] > 0.0
    known = columns if kept.all() else columns.take(kept)
    zero_weight = int(present.sum() - kept.sum())
    count = max(1, round(known.rows * share)) if share and known.rows >= MIN_ROWS else 0
    none = Parts(known, known.take(np.zeros(0, np.int64)), left_out, zero_weight, "")
    if not count:
        return none
    try:
        encoder = TargetEncoder.fit(known[target], task, target, columns.decimal)
    except ValueError:  # which `encode` raises with all other problems
        return none
    codes = None if encoder.classes is None else encoder.transform(known[target], known.decimal)
    held_out = holdout(known.rows, count, seed, codes)
    source = "held out at random" + ("" if codes is None else ", in the same share of each class")
    return Parts(known.take(~held_out), known.take(held_out), left_out, zero_weight, source)


def encode(
    columns: Columns, target: str, options: dict[str, Any], test: Columns | None, weight: str | None = None
) -> tuple[TabularNet, EncodedTable]:
    """Return the untrained model, and the rows of the training as it reads them.

    Parameters
    ----------
    columns : Columns
        Rows of the training.
    target : str
        Name of the target.
    options : dict
        Options of TabularNet.
    test : Columns, optional
        Table for the scores, which needs the same columns.
    weight : str, optional
        Name of the column of the weights. Default: every row weighs 1.
    """
    from .. import TabularNet
    from .._tabular.state import encode_table
    from .._tabular.weights import split_weights

    model = TabularNet(**options)
    columns, weights = split_weights(columns, weight)
    table = encode_table(columns.without(target), columns[target], target, model._options, weights)
    lacking = [name for name in table.inputs.features.names if test is not None and name not in test]
    if lacking:
        assert test is not None
        raise InputError("\n".join(no_column(test.source, name, test) for name in lacking))
    return model, table


def announcement(table: EncodedTable, parts: Parts, weight: str | None) -> list[str]:
    """Return how the target, the weights and the columns are read."""
    lines = [target_line(table.target)]
    if weight is not None:
        lines.append(f"weights of the rows: {weight}")
    for rows, which in ((parts.left_out, "without a target"), (parts.zero_weight, "of weight 0")):
        if rows:
            lines.append(f"left out: {rows:,} rows {which}")
    return lines + column_lines(table.inputs.features.readings)


def fit(model: TabularNet, table: EncodedTable) -> float:
    """Train the model, with a line of progress on a terminal, and return the seconds."""
    from .._tabular.state import fit_state
    from ..progress import is_terminal

    began = time.perf_counter()
    model._state = fit_state(
        table, model._options, threads=model._threads, device=model._device, verbose=is_terminal(sys.stderr)
    )
    return time.perf_counter() - began
