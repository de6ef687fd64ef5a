"""Learning a recipe from a training file: what each column is, its categories, its mean and scale.

Sums run through ``math.fsum``: exactly rounded, hence the same on any machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .csvfile import Table, as_number, numbers
from .parser import InputError
from .recipe import Categorical, Numeric, Recipe, Target

MOST_CATEGORIES = 100
MOST_CLASSES = 1000
_FEW_INTEGERS = 20  # a target of at most so many different whole numbers is read as classes


def learn(
    table: Table,
    target: str,
    rows: NDArray[np.int64],
    *,
    task: str = "auto",
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
) -> Recipe:
    """Learn how to read a training file.

    Parameters
    ----------
    table : Table
        The file.
    target : str
        The column to predict.
    rows : ndarray of int64
        The rows that means and scales are taken from.
    task : {"auto", "classification", "regression"}
        What the target is; "auto" looks at its cells.
    drop : sequence of str
        Columns to leave out.
    categorical : sequence of str
        Columns to treat as text even if they hold numbers.

    Returns
    -------
    Recipe
        The reading of every column.
    """
    table.column(target)
    for name in (*drop, *categorical):
        table.column(name)
    if target in drop:
        raise InputError(f'column "{target}" is the target and cannot be dropped')
    features: list[Numeric | Categorical] = []
    for name in table.columns:
        if name == target or name in drop:
            continue
        if name in categorical or not _mostly_numbers(table.column(name)):
            features.append(Categorical(name, _categories(table, name)))
        else:
            hint = f" (pass --categorical {name} if the column holds names)"
            features.append(Numeric(name, *_mean_and_scale(table, name, numbers(table, name, hint)[rows])))
    if not features:
        raise InputError(f'{table.path}: no column is left to predict "{target}" from')
    return Recipe(features, _learn_target(table, target, rows, task))


def _learn_target(table: Table, name: str, rows: NDArray[np.int64], task: str) -> Target:
    cells = table.column(name)
    if task == "auto":
        task = _guess_task(cells)
    distinct = set(cells)
    if len(distinct) < 2:
        raise InputError(
            f'{table.path}: column "{name}" holds the same value in every row; there is nothing to learn'
        )
    if task == "regression":
        hint = " (pass --task classification if the column holds classes)"
        return Target(name, None, *_mean_and_scale(table, name, numbers(table, name, hint)[rows]))
    if "" in distinct:
        raise InputError(f"{table.where(cells.index(''), name)}: the cell is empty, a class is needed")
    if len(distinct) > min(MOST_CLASSES, len(cells) // 2):
        raise InputError(
            f'{table.path}: column "{name}" holds {len(distinct)} different values in {len(cells)} rows, '
            "too many for classes"
        )
    return Target(name, _sorted(distinct))


def _guess_task(cells: Sequence[str]) -> str:
    if not _mostly_numbers(cells):
        return "classification"
    values = {as_number(cell) for cell in cells}
    whole = all(value is not None and value.is_integer() for value in values)
    return "classification" if whole and len(values) <= min(_FEW_INTEGERS, len(cells) // 2) else "regression"


def _mostly_numbers(cells: Sequence[str]) -> bool:
    """Whether at least half of the cells that are not empty are numbers: then the rest are mistakes."""
    filled = [cell for cell in cells if cell]
    return 2 * sum(as_number(cell) is not None for cell in filled) >= len(filled)


def _sorted(labels: set[str]) -> list[str]:
    if all(as_number(label) is not None for label in labels):
        return sorted(labels, key=lambda label: (float(label), label))
    return sorted(labels)


def _categories(table: Table, name: str) -> list[str]:
    cells = table.column(name)
    if "" in cells:
        raise InputError(f"{table.where(cells.index(''), name)}: the cell is empty, a category is needed")
    found = set(cells)
    if len(found) > MOST_CATEGORIES:
        raise InputError(
            f'{table.path}: column "{name}" holds {len(found)} different texts (at most {MOST_CATEGORIES}); '
            f"leave it out with --drop {name}"
        )
    return _sorted(found)


def _mean_and_scale(table: Table, name: str, values: NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and standard deviation; a constant column gets scale 1."""
    try:
        mean = math.fsum(values) / len(values)
        scale = math.sqrt(math.fsum((float(value) - mean) ** 2 for value in values) / len(values))
    except OverflowError:
        raise InputError(f'{table.path}: column "{name}" holds numbers too large to standardise') from None
    largest = max(abs(float(value)) for value in values)
    return mean, scale if scale > 1e-12 * largest else 1.0
