"""What a report on a `TabularNet` shows, as numbers: predictions and scores of test rows, and the training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .._tables.readings import Reading
    from .._tabular.importances import Importance

Array = NDArray[Any]

_SUSPECT_SCORE = 0.9  # accuracy or R² from which a single column that explains it is named
_SUSPECT_SHARE = 0.8  # share of the gain over the trivial guess that this column explains
_SUSPECT_REST = 0.1  # share of its importance that no other column reaches


@dataclass(frozen=True)
class ClassPredictions:
    """Predictions of a model of classes, and the truth.

    Attributes
    ----------
    labels : list of str
        Text of each class.
    probabilities : ndarray of shape (rows, classes)
        Predicted probabilities.
    truth : ndarray of int64, shape (rows,)
        True classes as indices.
    weights : ndarray of float64, shape (rows,), or None
        Weights of the rows, above 0; None means 1.
    """

    labels: list[str]
    probabilities: Array
    truth: NDArray[np.int64]
    weights: NDArray[np.float64] | None = None

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Predicted classes as indices, shape (rows,)."""
        return np.asarray(self.probabilities.argmax(axis=1))


@dataclass(frozen=True)
class ValuePredictions:
    """Predictions of a model of numbers, and the truth.

    Attributes
    ----------
    predicted, truth : ndarray of shape (rows,)
        Predicted and true numbers.
    weights : ndarray of float64, shape (rows,), or None
        Weights of the rows, above 0; None means 1.
    """

    predicted: Array
    truth: Array
    weights: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class ScoredRows:
    """Rows with a target, their predictions and scores.

    Attributes
    ----------
    source : str
        Where the rows come from, as a phrase after their number.
    scores : mapping
        Scores as `TabularNet.evaluate` returns them.
    predictions : ClassPredictions or ValuePredictions
        Predictions of the rows.
    importances : mapping of str to Importance
        Importance of the columns, the largest first.
    metric : str
        Title of the score that `importances` are about.
    unseen : bool
        Whether the rows are known to have taken no part in the training.
    """

    source: str
    scores: Mapping[str, Any]
    predictions: ClassPredictions | ValuePredictions
    importances: Mapping[str, Importance]
    metric: str
    unseen: bool = True

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.predictions.truth)

    @property
    def weighted(self) -> bool:
        """Whether the rows count by their weights."""
        return self.predictions.weights is not None

    @property
    def has_importances(self) -> bool:
        """Whether the importances are defined; those of R² are not if all targets are equal."""
        return all(math.isfinite(mean) for mean, _ in self.importances.values())

    @property
    def suspect(self) -> str | None:
        """Column from which nearly all of a very good score comes, which may tell the target; None if there is none."""
        name = "accuracy" if isinstance(self.predictions, ClassPredictions) else "r2"
        score, gain = self.scores[name], self.scores[name] - self.scores["trivial"][name]
        if len(self.importances) < 3 or score < _SUSPECT_SCORE:
            return None
        (first, largest), (_, second), *_ = self.importances.items()
        dominates = second.mean < _SUSPECT_REST * largest.mean and largest.mean >= _SUSPECT_SHARE * gain
        return first if dominates else None


@dataclass(frozen=True)
class Assessment:
    """Everything that a report shows.

    Attributes
    ----------
    target, model : str
        Names of the target and of the model, such as its file.
    source : str
        Name of the table of the training; "" if it is unknown.
    task : {"classification", "regression"}
        Task of the model.
    target_reason : str
        Why the target is a class or a number.
    readings : sequence of Reading
        How each column was read.
    notes : sequence of str
        Sentences about the reading of the table.
    rows : int
        Number of rows of the training.
    histories : sequence of mapping of str to sequence of float
        History of each member.
    test : ScoredRows or None
        Rows with scores; None if there are none.
    settings : mapping of str to str
        Names and values of what else a reader should know: command, version, options.
    """

    target: str
    source: str
    model: str
    task: str
    target_reason: str
    readings: Sequence[Reading]
    notes: Sequence[str]
    rows: int
    histories: Sequence[Mapping[str, Sequence[float]]]
    test: ScoredRows | None
    settings: Mapping[str, str] = field(default_factory=dict)
