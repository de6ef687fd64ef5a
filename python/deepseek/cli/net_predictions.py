"""Predictions of a plain Net, which knows no names of columns, for a CSV file of numbers."""

from __future__ import annotations

import argparse
from collections.abc import Container
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._net.metrics import predicted_classes
from .._tables.cells import listed
from ..losses import predicts_classes
from .parser import InputError
from .terminal import say

if TYPE_CHECKING:
    from .. import Net
    from .._tables.arrays import Columns


def net_predictions(
    net: Net, arguments: argparse.Namespace, columns: Columns, kept: Container[str]
) -> dict[str, list[str]]:
    """Return the outputs of a Net by the names of their columns.

    The inputs are the columns of the file in their order, without those to keep. Classes are numbered from 0.
    """
    if arguments.quantiles:
        raise InputError("--quantiles: got a Net; expected a model of numbers that `deepseek train` wrote")
    if arguments.proba and not predicts_classes(net._config.loss):
        raise InputError("--proba: got a Net of numbers; expected one of classes")
    names = [name for name in columns if name not in kept]
    inputs = net.layers[0]
    if len(names) != inputs:
        raise InputError(
            f"{columns.source}: got {len(names)} columns, {listed(names)}; expected {inputs}, the inputs of the Net "
            f"in {arguments.model} in their order (--keep COLUMN sets a column aside)"
        )
    problems = []
    for name in names:
        if columns[name].dtype.kind not in "fiub":
            problems.append(f"{columns.source}: column {listed([name])}: got texts; expected numbers")
        elif np.isnan(columns[name].astype(np.float64)).any():
            problems.append(
                f"{columns.source}: column {listed([name])}: got missing values; expected numbers"
            )
    if problems:
        more = "(a Net takes numbers; a TabularNet, which `deepseek train` makes, takes any column)"
        raise InputError("\n".join([*problems[:-1], f"{problems[-1]} {more}"]))
    matrix = np.stack([columns[name].astype(np.float64) for name in names], axis=1)
    say(f"inputs: {', '.join(names)}", error=True)
    outputs = net.predict(matrix)
    if not predicts_classes(net._config.loss):
        return _cells("y", outputs, "{:.9g}")
    classes = predicted_classes(outputs, net._config)
    return _cells("class", classes, "{}") | (_cells("p", outputs, "{:.6f}") if arguments.proba else {})


def _cells(name: str, values: NDArray[Any], form: str) -> dict[str, list[str]]:
    """Return the columns of an array as texts; several columns are numbered, as in "p(0)"."""
    columns = [values] if values.ndim == 1 else list(values.T)
    names = [name] if len(columns) == 1 else [f"{name}({i})" for i in range(len(columns))]
    return {
        own: [form.format(v) for v in column.tolist()] for own, column in zip(names, columns, strict=True)
    }
