"""What a Rec learns from: sequences, targets and weights that belong together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import losses
from .._data.packed import Packed, in_steps, real_rows, starts_of
from .._data.sequences import Sequences, as_sequences
from .._data.targets import as_targets, check_range
from .._data.weights import with_class_weights
from .config import RecConfig
from .targets import as_alignable, as_step_targets, as_step_weights

Array = NDArray[Any]


@dataclass(frozen=True)
class SequenceRows:
    """One set of sequences of a Rec, whatever its output; a row is a sequence.

    Attributes
    ----------
    X : Sequences
    y : Packed or None
        None where the targets are the inputs' own next steps.
    weights : Packed or None
        One a sequence, or one a step; the first is the first target's.
    output : str
        What there is a target for.
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
        """How many targets each sequence has; None where it has one as a whole."""
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
        """Of each sequence its labels, which are any number."""
        assert self.y is not None and self.y.starts is not None and self.y.lengths is not None
        places = zip(self.y.starts.tolist(), self.y.lengths.tolist(), strict=True)
        return [self.y.values[start : start + length] for start, length in places]

    @property
    def target_weights(self) -> Array | None:
        """Their weights."""
        scored = self.scored
        if self.weights is None or scored is None:
            return self.weights and self.weights.values
        if self.weights.starts is None:
            return np.repeat(self.weights.values, scored)
        return self.weights.values[real_rows(self.weights.starts, scored)]

    def take(self, order: Array) -> SequenceRows:
        y, weights = (part and part.take(order) for part in (self.y, self.weights))
        return replace(self, X=self.X.take(order), y=y, weights=weights)

    def weighs(self) -> bool:
        weights = self.target_weights
        return weights is None or bool(weights.any())

    def with_class_weights(self, class_weight: Any, config: RecConfig) -> SequenceRows:
        if class_weight is None:
            return self
        if self.output == "ctc":
            raise ValueError("class_weight needs one class a target; output='ctc' has labels of any number")
        weights = with_class_weights(self.target_weights, class_weight, self.targets, config)
        starts = None if self.scored is None else starts_of(self.scored)
        return replace(self, weights=None if weights is None else Packed(weights, starts))


def sequence_rows(
    config: RecConfig, X: Any, y: Any, lengths: Any, weights: Any, prefix: str = ""
) -> SequenceRows:
    """Inputs, targets and weights of the same sequences, checked."""
    found = as_sequences(X, config, lengths, f"{prefix}X", prefix)
    targets = _targets(y, found, config, prefix)
    weighted = as_step_weights(weights, found, config, f"{prefix}sample_weight")
    if config.output == "next" and weighted is not None and weighted.starts is not None:
        weighted = Packed(weighted.values, weighted.starts + 1)  # nothing predicts a first step
    rows = SequenceRows(found, targets, weighted, config.output)
    if not rows.weighs():
        raise ValueError(f"{prefix}sample_weight must not be all zero where there are targets")
    return rows


def validation_sequences(config: RecConfig, given: Any) -> SequenceRows:
    """What `Rec.fit` was given as validation data, checked."""
    wanted = "(X, y), (X, y, sample_weight) or (X, y, sample_weight, lengths)"
    fewest = 1 if config.output == "next" else 2
    if not isinstance(given, tuple) or not fewest <= len(given) <= 4:
        raise TypeError(f"validation_data must be a tuple {wanted}; y is None for output='next'")
    X, y, weights, lengths = (*given, None, None, None)[:4]
    return sequence_rows(config, X, y, lengths, weights, "validation_data's ")


def _targets(y: Any, X: Sequences, config: RecConfig, prefix: str) -> Packed | None:
    name = f"{prefix}y"
    if config.output == "next":
        if y is not None:
            raise ValueError(
                f"{name} must be None for output='next': each step's target is the next step of X"
            )
        _check_next(X, config, f"{prefix}X")
        return None
    if y is None:
        raise TypeError(f"{name} must be given for output={config.output!r}; only 'next' learns from X alone")
    if config.output == "sequence":
        return as_step_targets(y, X, config, name)
    if config.output == "ctc":
        return as_alignable(y, X, config, name)
    return Packed(as_targets(y, config, X.count, np.dtype(config.dtype), name))


def _check_next(X: Sequences, config: RecConfig, name: str) -> None:
    """Each sequence has a next step, and values are what the loss allows."""
    if X.lengths.min() < 2:
        raise ValueError(
            f"{name} must have at least 2 steps a sequence for output='next'; "
            f"sequence {int(X.lengths.argmin())} has 1"
        )
    if not config.vocabulary and losses.name_of(config.loss) in losses.OUTPUTS:
        values = X.values[real_rows(X.starts, X.lengths)] if X.padded else X.values
        check_range(values, config, name, in_steps(starts_of(X.lengths), "feature"))
