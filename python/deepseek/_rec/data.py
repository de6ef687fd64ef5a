"""Data of a Rec: sequences with their targets and weights, validated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import losses
from .._config.rec import RecConfig
from .._data.packed import Packed, in_steps, real_rows, starts_of
from .._data.sequences import Sequences, as_sequences
from .._data.targets import as_targets, check_range
from .._data.weights import with_class_weights
from .targets import as_alignable, as_step_targets, as_step_weights

Array = NDArray[Any]


@dataclass(frozen=True)
class SequenceRows:
    """Sequences of a Rec with targets and weights; a row is a sequence.

    Attributes
    ----------
    X : Sequences
        Validated inputs.
    y : Packed or None
        Targets; None where the target of a step is the next step of X (output "next").
    weights : Packed or None
        One weight per sequence or per target; None means 1.
    output : str
        The model's `output`, which determines the targets.
    """

    X: Sequences
    y: Packed | None
    weights: Packed | None
    output: str

    @property
    def rows(self) -> int:
        return self.X.count

    @property
    def arrays(self) -> tuple[Any, Any, Any]:
        y = None if self.y is None else tuple(self.y)
        return tuple(self.X.packed), y, None if self.weights is None else tuple(self.weights[:2])

    @property
    def scored(self) -> Array | None:
        """Number of targets of each sequence; None where a sequence has one target as a whole."""
        lengths = {"sequence": self.X.lengths, "next": self.X.lengths - 1}
        return lengths.get(self.output)

    @property
    def targets(self) -> Array:
        """All targets, one sequence after another."""
        scored = self.scored
        if self.y is None:
            return self.X.values[real_rows(self.X.starts + 1, self.X.lengths - 1)]
        if scored is None or self.y.starts is None:
            return self.y.values
        return self.y.values[real_rows(self.y.starts, scored)]

    @property
    def labels(self) -> list[Array]:
        """Labels of each sequence (output "ctc")."""
        assert self.y is not None and self.y.starts is not None and self.y.lengths is not None
        spans = zip(self.y.starts.tolist(), self.y.lengths.tolist(), strict=True)
        return [self.y.values[start : start + length] for start, length in spans]

    @property
    def target_weights(self) -> Array | None:
        """Weights of the targets, in the order of `targets`."""
        scored = self.scored
        if self.weights is None or scored is None:
            return self.weights and self.weights.values
        if self.weights.starts is None:
            return np.repeat(self.weights.values, scored)
        return self.weights.values[real_rows(self.weights.starts, scored)]

    def take(self, order: Array) -> SequenceRows:
        y, weights = (part and part.take(order) for part in (self.y, self.weights))
        return replace(self, X=self.X.take(order), y=y, weights=weights)

    def has_weight(self) -> bool:
        weights = self.target_weights
        return weights is None or bool(weights.any())

    def with_class_weights(self, class_weight: Any, config: RecConfig) -> SequenceRows:
        if class_weight is None:
            return self
        if self.output == "ctc":
            raise ValueError(
                "class_weight: got a value for output='ctc', whose targets are label sequences; expected None"
            )
        weights = with_class_weights(self.target_weights, class_weight, self.targets, config)
        starts = None if self.scored is None else starts_of(self.scored)
        return replace(self, weights=None if weights is None else Packed(weights, starts))


def sequence_rows(
    config: RecConfig, X: Any, y: Any, lengths: Any, weights: Any, prefix: str = ""
) -> SequenceRows:
    """Validate inputs, targets and weights of the same sequences; `prefix` precedes their names in messages."""
    sequences = as_sequences(X, config, lengths, f"{prefix}X", prefix)
    targets = _targets(y, sequences, config, prefix)
    step_weights = as_step_weights(weights, sequences, config, f"{prefix}sample_weight")
    if config.output == "next" and step_weights is not None and step_weights.starts is not None:
        step_weights = Packed(step_weights.values, step_weights.starts + 1)  # the first step is no target
    rows = SequenceRows(sequences, targets, step_weights, config.output)
    if not rows.has_weight():
        raise ValueError(f"{prefix}sample_weight: got only zeros at targets; expected a weight above 0")
    return rows


def validation_sequences(config: RecConfig, validation_data: Any) -> SequenceRows:
    """Validate the argument `validation_data` of `Rec.fit`."""
    min_length = 1 if config.output == "next" else 2
    if not isinstance(validation_data, tuple) or not min_length <= len(validation_data) <= 4:
        got = type(validation_data).__name__
        if isinstance(validation_data, tuple):
            got = f"a tuple of {len(validation_data)}"
        raise TypeError(
            f"validation_data: got {got}; expected a tuple (X, y), (X, y, sample_weight) or "
            "(X, y, sample_weight, lengths), with y None for output='next'"
        )
    X, y, weights, lengths = (*validation_data, None, None, None)[:4]
    return sequence_rows(config, X, y, lengths, weights, "validation_data's ")


def _targets(y: Any, X: Sequences, config: RecConfig, prefix: str) -> Packed | None:
    name = f"{prefix}y"
    if config.output == "next":
        if y is not None:
            raise ValueError(
                f"{name}: got a value for output='next'; expected None, as the target of a step is the next step of X"
            )
        _check_next(X, config, f"{prefix}X")
        return None
    if y is None:
        raise TypeError(
            f"{name}: got None; expected targets for output={config.output!r} (only 'next' needs none)"
        )
    if config.output == "sequence":
        return as_step_targets(y, X, config, name)
    if config.output == "ctc":
        return as_alignable(y, X, config, name)
    return Packed(as_targets(y, config, X.count, np.dtype(config.dtype), name))


def _check_next(X: Sequences, config: RecConfig, name: str) -> None:
    """Check that each sequence has a next step and that values are in the range of the loss."""
    if X.lengths.min() < 2:
        raise ValueError(
            f"{name}: got 1 step in sequence {int(X.lengths.argmin())}; expected at least 2 for output='next'"
        )
    if not config.vocabulary and losses.output_activations(losses.name_of(config.loss)):
        values = X.values[real_rows(X.starts, X.lengths)] if X.padded else X.values
        check_range(values, config, name, in_steps(starts_of(X.lengths), "feature"))
