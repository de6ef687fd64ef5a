"""What a `TabularNet` knows after a fit, and how it computes predictions from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._tables.arrays import Columns
from .._tables.cells import quoted
from .._tables.target import TargetEncoder
from ..datasets import fixed_order
from ..net import Net
from .blend import Blend, fit_probabilities, fit_values
from .conformal import MAX_RESIDUALS, conformal_quantiles
from .inputs import InputEncoder
from .members import TrainingRows, mean_outputs, outputs_of, train_members
from .options import TabularConfig
from .recipe import Recipe
from .spreads import fit_spreads, spreads_of
from .weights import class_weights, known_weights, relative_weights

Array = NDArray[Any]

_LEAST_SQUARE = 1e-290  # below, squares lose digits


@dataclass
class FittedState:
    """Encoders, members and calibration of a fitted `TabularNet`.

    Attributes
    ----------
    target : TargetEncoder
        Encoder of the target.
    inputs : InputEncoder
        Encoder of the feature columns.
    nets, linear : list of Net
        Members, and linear models of the same rows.
    blend : Blend
        Weights of both.
    rows, left_out_rows, zero_weight_rows : int
        Rows of the fit, rows without a target, and rows with a target but of weight 0.
    shares : list of float
        Weighted share of each class in the rows of the fit; empty for numbers.
    mean, scale : float
        Weighted mean and standard deviation of a number to predict; 0 and 1 for classes.
    residuals : ndarray of float64, shape (n,), or None
        Out-of-fold residuals of a number to predict, divided by the spreads at their rows.
    residual_members : ndarray of int64, shape (n,)
        Member that held out the row of each residual.
    spread_nets : list of Net
        Nets of the spreads, one for each member with residuals; none if every row has the spread 1.
    """

    target: TargetEncoder
    inputs: InputEncoder
    nets: list[Net]
    linear: list[Net]
    blend: Blend
    rows: int
    left_out_rows: int
    zero_weight_rows: int
    shares: list[float]
    mean: float
    scale: float
    residuals: Array | None
    residual_members: NDArray[np.int64]
    spread_nets: list[Net]

    @property
    def classes(self) -> Array | None:
        """Class labels; None for numbers."""
        return self.target.classes

    def probabilities(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probabilities of the classes, shape (rows, classes)."""
        return self.blend.probabilities(mean_outputs(self.nets, inputs), self.linear_outputs(inputs))

    def values(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the predicted numbers, shape (rows,)."""
        numbers = mean_outputs(self.nets, inputs)[:, 0] * self.scale + self.mean
        return self.blend.values(numbers, self.linear_outputs(inputs))

    def quantiles(self, inputs: NDArray[np.float32], quantiles: Array) -> NDArray[np.float64]:
        """Return quantiles of the predicted numbers, shape (rows, quantiles)."""
        assert self.residuals is not None
        outputs = [outputs_of(net, inputs)[:, 0].astype(np.float64) for net in self.nets]
        linear = [outputs_of(net, inputs)[:, 0].astype(np.float64) for net in self.linear]
        centers = self.blend.values(np.stack(outputs, axis=1), np.stack(linear, axis=1))
        centers = centers * self.scale + self.mean
        spreads = spreads_of(self.spread_nets, inputs) if self.spread_nets else None
        return conformal_quantiles(centers, self.residuals, self.residual_members, quantiles, spreads)

    def linear_outputs(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the linear models' mean probabilities (rows, classes) or numbers (rows,)."""
        outputs = mean_outputs(self.linear, inputs)
        return outputs if self.classes is not None else outputs[:, 0] * self.scale + self.mean


@dataclass(frozen=True)
class EncodedTable:
    """Rows of the training, which have a target and a weight above 0, encoded, and their encoders.

    Attributes
    ----------
    target : TargetEncoder
        Encoder of the target.
    inputs : InputEncoder
        Encoder of the feature columns.
    targets : ndarray of shape (rows,)
        Class indices (int64) or numbers (float64).
    matrix : ndarray of float32, shape (rows, inputs)
        Encoded features.
    weights : ndarray of float64, shape (rows,)
        Weights of the rows times those of their classes, with the mean 1.
    shares : list of float
        Share of each class in the weights of the rows, without class weights; empty for numbers.
    left_out_rows, zero_weight_rows : int
        Numbers of rows without a target, and of rows with a target but of weight 0.
    """

    target: TargetEncoder
    inputs: InputEncoder
    targets: Array
    matrix: NDArray[np.float32]
    weights: NDArray[np.float64]
    shares: list[float]
    left_out_rows: int
    zero_weight_rows: int


def encode_table(
    columns: Columns,
    target: Array,
    name: str,
    options: TabularConfig,
    weights: NDArray[np.float64] | None = None,
) -> EncodedTable:
    """Fit the encoders to the rows that have a target and a weight above 0, and encode these rows.

    Parameters
    ----------
    columns : Columns
        Feature columns.
    target : ndarray of shape (rows,)
        Target column.
    name : str
        Name of the target.
    options : TabularConfig
        Options of the model.
    weights : ndarray of float64, shape (rows,), optional
        Weights of the rows, not validated. Default: 1.

    Raises
    ------
    ValueError
        For columns, a target or weights that cannot be read; the message lists all problems.
    """
    present = TargetEncoder.present(target)
    if not present.any():
        raise ValueError(f"column {quoted(name)}: got no values; expected a target")
    weights = present.astype(np.float64) if weights is None else known_weights(weights, present)
    kept = weights > 0.0
    if not kept.all():
        columns, target, weights = columns.take(kept), target[kept], weights[kept]
    problems = []
    try:
        encoder = TargetEncoder.fit(target, options.task, name, columns.decimal)
    except ValueError as error:
        problems.append(str(error))
    try:
        inputs, matrix = InputEncoder.fit(columns, options.kinds, options.drop)
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise ValueError("\n".join(problems))
    targets, weights = encoder.transform(target, columns.decimal), relative_weights(weights)
    sums = np.empty(0) if encoder.classes is None else np.bincount(targets, weights, len(encoder.classes))
    return EncodedTable(
        target=encoder,
        inputs=inputs,
        targets=targets,
        matrix=matrix,
        weights=class_weights(options.class_weight, encoder, targets, weights),
        shares=(sums / weights.sum()).tolist(),
        left_out_rows=len(present) - int(present.sum()),
        zero_weight_rows=int(present.sum()) - len(target),
    )


def fit_state(
    table: EncodedTable, options: TabularConfig, *, threads: int | None, device: str, verbose: bool
) -> FittedState:
    """Train the members and calibrate them.

    Parameters
    ----------
    table : EncodedTable
        Rows of the training.
    options : TabularConfig
        Options of the model.
    threads, device, verbose
        Options of `TabularNet`.

    Returns
    -------
    FittedState
    """
    labels = table.target.classes
    classes = None if labels is None else len(labels)
    mean, scale = _mean_and_scale(table.targets, table.weights) if classes is None else (0.0, 1.0)
    targets = table.targets if classes else ((table.targets - mean) / scale).astype(np.float32)[:, None]
    weights = None if (table.weights == 1.0).all() else table.weights
    rows = TrainingRows(
        table.matrix, table.inputs.shape, targets, weights, classes, options.seed, threads, device
    )
    recipe = Recipe.choose(options, len(targets))
    trained = train_members(
        rows, recipe, members=options.members, time_limit=options.time_limit, verbose=verbose
    )
    known = np.flatnonzero(trained.held_out >= 0)
    known = known[fixed_order(len(known), options.seed)]
    outputs, linear_outputs = trained.outputs[known], trained.linear_outputs[known]
    means = trained.totals[known] / trained.counts[known]
    residuals, residual_members, spread_nets = None, np.empty(0, np.int64), list[Net]()
    if classes:
        blend = fit_probabilities(means, linear_outputs, table.targets[known], table.weights[known])
    else:
        blend = fit_values(means[:, 0], linear_outputs[:, 0], targets[known, 0], table.weights[known])
        center = blend.values(outputs[:, 0].astype(np.float64), linear_outputs[:, 0])
        residuals = table.targets[known] - (center * scale + mean)
        residual_members = trained.held_out[known]
        plain = table.matrix[known, : rows.shape.plain]
        spread_nets = fit_spreads(
            plain, residuals, residual_members, seed=options.seed, threads=threads, device=device
        )
        residuals, residual_members = residuals[:MAX_RESIDUALS], residual_members[:MAX_RESIDUALS]
        if spread_nets:
            spreads = spreads_of(spread_nets, plain[:MAX_RESIDUALS])
            residuals = residuals / spreads[np.arange(len(residuals)), residual_members]
    return FittedState(
        target=table.target,
        inputs=table.inputs,
        nets=trained.nets,
        linear=trained.linear,
        blend=blend,
        rows=len(targets),
        left_out_rows=table.left_out_rows,
        zero_weight_rows=table.zero_weight_rows,
        shares=table.shares,
        mean=mean,
        scale=scale,
        residuals=residuals,
        residual_members=residual_members,
        spread_nets=spread_nets,
    )


def _mean_and_scale(values: Array, weights: Array) -> tuple[float, float]:
    """Return weighted mean and standard deviation; ``math.fsum`` gives the same bits on every machine."""
    total = math.fsum(weights)
    mean = math.fsum(weights * values) / total
    with np.errstate(over="ignore"):
        variance = math.fsum(weights * (values - mean) ** 2) / total
    if not _LEAST_SQUARE < variance < math.inf:  # squares of very small or very large numbers
        largest = float(np.abs(values - mean).max())
        if not 0.0 < largest < math.inf:
            return mean, 1.0
        return mean, largest * math.sqrt(math.fsum(weights * ((values - mean) / largest) ** 2) / total)
    return mean, math.sqrt(variance)
