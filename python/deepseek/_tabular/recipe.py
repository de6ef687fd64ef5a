"""Options of the members of a `TabularNet`: architecture and training, with defaults by the size of the table."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from ..embeddings import PeriodicEmbedding
from ..losses import CrossEntropy
from ..net import Net
from ..optimizers import Adam, AdamW
from ..schedules import Cosine
from .options import TabularConfig

HIDDEN = (128, 128)
ACTIVATION = "mish"
DROPOUT = 0.1
LEARNING_RATE = 6e-3
WEIGHT_DECAY = 1e-2
LABEL_SMOOTHING = 0.1
SIGMAS = (0.1, None, 1.0)
"""Standard deviation of the frequencies of each kind of member; None stands for the piecewise-linear encoding.

The members take turns. In the ablation of docs/design/tabular.md, mixtures of encodings were level with 0.1 alone on
average, and at most half a point below the best booster on more pairs of table and split.
"""
WARMUP = 0.05
"""Share of the steps in which the learning rate rises."""
MIN_EPOCHS = 12
MIN_BATCH, MAX_BATCH = 16, 256


@dataclass(frozen=True)
class InputShape:
    """Numbers of inputs of a table: continuous ones, all without the piecewise-linear encoding, and all."""

    continuous: int
    plain: int
    width: int


@dataclass(frozen=True)
class Recipe:
    """Options of the members, all of them chosen.

    Attributes
    ----------
    hidden : tuple of int
        Units of the hidden layers.
    activation : str or Activation
        Activation of the hidden layers.
    dropout : float
        Share of the hidden units set to 0 in training.
    learning_rate, weight_decay : float
        Options of the optimizer.
    epochs, batch_size : int
        Passes over the rows, and rows of a mini-batch.
    """

    hidden: tuple[int, ...]
    activation: Any
    dropout: float
    learning_rate: float
    weight_decay: float
    epochs: int
    batch_size: int

    @staticmethod
    def choose(options: TabularConfig, rows: int) -> Recipe:
        """Return the options of the members for a table of some rows; options that are None are chosen."""

        def either(name: str, automatic: Any) -> Any:
            given = getattr(options, name)
            return automatic if given is None else given

        return Recipe(
            hidden=either("hidden", HIDDEN),
            activation=either("activation", ACTIVATION),
            dropout=either("dropout", DROPOUT),
            learning_rate=either("learning_rate", LEARNING_RATE),
            weight_decay=either("weight_decay", WEIGHT_DECAY),
            epochs=either("epochs", _epochs(rows)),
            batch_size=min(either("batch_size", _batch_size(rows)), rows),
        )

    def net(
        self,
        shape: InputShape,
        member: int,
        classes: int | None,
        *,
        seed: int,
        threads: int | None,
        device: str,
    ) -> Net:
        """Return an untrained member.

        Parameters
        ----------
        shape : InputShape
            Numbers of inputs.
        member : int
            Number of the member, which decides on the encoding of its numbers.
        classes : int or None
            Number of classes; None for a number.
        seed : int
            Seed of the member.
        threads : int or None
            Largest number of threads.
        device : str
            Device of the member.
        """
        sigma = SIGMAS[member % len(SIGMAS)]
        embedded = sigma is not None and shape.continuous > 0
        return Net(
            [shape.width if sigma is None else shape.plain, *self.hidden, classes or 1],
            activation=self.activation,
            loss=CrossEntropy(label_smoothing=LABEL_SMOOTHING) if classes else "squared_error",
            optimizer=AdamW(
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                schedule=Cosine(warmup=WARMUP),
            ),
            dropout=self.dropout,
            numeric_embedding=PeriodicEmbedding(sigma or 1.0, features=shape.continuous)
            if embedded
            else None,
            seed=seed,
            threads=threads,
            device=device,
        )


def linear_net(inputs: int, classes: int | None, *, seed: int, threads: int | None, device: str) -> Net:
    """Return an untrained linear model, which a `TabularNet` blends with a member."""
    return Net(
        [inputs, classes or 1],
        loss="cross_entropy" if classes else "squared_error",
        optimizer=Adam(0.02, schedule=Cosine(), l2=1e-4),
        seed=seed,
        threads=threads,
        device=device,
    )


def linear_epochs(rows: int, batch_size: int) -> int:
    """Return the epochs of the linear model: about 1500 steps, at least 2 epochs."""
    return max(2, min(300, 1500 * batch_size // rows))


def _epochs(rows: int) -> int:
    """Return about 60 epochs for 1000 rows, more for fewer and fewer for more; 12 at least.

    100 epochs for 1000 rows, by the square root, were no better and took half as long again (docs/design/tabular.md).
    """
    root = sqrt(1000 / max(rows, 1))
    return round(max(min(60 * sqrt(root), 100 * root), MIN_EPOCHS))


def _batch_size(rows: int) -> int:
    """Return a power of two near a twentieth of the rows."""
    power = max((rows // 14).bit_length() - 1, 0)
    return min(max(1 << power, MIN_BATCH), MAX_BATCH)
