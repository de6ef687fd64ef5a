"""A Gen of sequences in NumPy: time series, or texts of tokens. Mirrors ``train/gan_sequences``.

Inside, a batch is what it is of rows: a row holds the steps of a sequence one after another, zero behind its end
(nothing reads them), and its length stands beside it. Tokens are rows of the identity matrix.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from . import draws, gan_trainer, philox, trainer
from .discriminator import Discriminator
from .gen import Gen
from .generator import Generator
from .model import TrainingState
from .philox import Place
from .sequence_discriminator import SequenceDiscriminator
from .sequence_generator import SequenceGenerator, Sizes

Array = NDArray[np.float64]
Sequences = Sequence[NDArray[Any]] | NDArray[Any]
PRETRAINING = 2**31  # number of its first epoch, where random numbers are drawn


class SequenceGen(Gen):
    """Generative adversarial network of `spec` whose rows are sequences."""

    players: ClassVar[tuple[type[Generator], type[Discriminator]]] = (
        SequenceGenerator,
        SequenceDiscriminator,
    )
    generator: SequenceGenerator
    average: SequenceGenerator | None

    def reset(self, seed: int) -> None:
        super().reset(seed)
        self.taught = TrainingState()
        self.lengths = np.array([self.spec["length"]])  # of the training sequences, sorted

    def rows(self, sequences: Sequences) -> tuple[Array, Sizes]:
        """(rows, lengths); a text that is shorter than it may be has the stop token behind it."""
        steps, width, stop = self.spec["length"], self.spec["data"], self.spec["stop"]
        lengths = np.array([len(s) + (stop >= 0 and len(s) < steps) for s in sequences])
        rows = np.zeros((len(sequences), steps, width))
        for row, sequence, length in zip(rows, sequences, lengths, strict=True):
            if self.spec["vocabulary"]:
                row[:length] = np.eye(width)[np.append(sequence, stop)[:length].astype(int)]
            else:
                row[:length] = sequence
        return rows.reshape(len(rows), -1), lengths

    def sequences(self, rows: Array, lengths: Sizes) -> list[NDArray[Any]]:
        """The way back; texts without their stop token."""
        found = []
        for row, length in zip(rows.reshape(len(rows), self.spec["length"], -1), lengths, strict=True):
            tokens = row[:length].argmax(axis=1)
            found.append(tokens[tokens != self.spec["stop"]] if self.spec["vocabulary"] else row[:length])
        return found

    def fit(self, x: Sequences, y: NDArray[Any] | None = None, **options: Any) -> list[dict[str, float]]:
        rows, lengths = self.rows(x)
        self.lengths = np.sort(lengths)
        return gan_trainer.fit(self, rows, self._labels(y), options, lengths)

    def pretrain(self, x: Sequences, y: NDArray[Any] | None = None, **options: Any) -> list[dict[str, float]]:
        """Teach the generator the likelihood of texts; its moving average begins there."""
        rows, lengths = self.rows(x)
        labels = self._labels(y)
        pupil = copy.copy(self.generator)  # of the same parameters
        pupil.spec, pupil.training = {**pupil.spec, **self.spec["pretrain"]}, self.taught

        def updates(at: NDArray[np.int64], place: Place) -> Iterator[trainer.Update]:
            its_labels = None if labels is None else labels[at]
            yield pupil.teach(rows[at], lengths[at], its_labels, (PRETRAINING + place[0], place[1]))

        history = trainer.fit(pupil, len(rows), updates, None, options)
        if self.average:
            self.average.set_params(self.generator.get_params())
        self.lengths = np.sort(lengths)
        return history

    def likelihood(self, x: Sequences, y: NDArray[Any] | None = None) -> float:
        """Mean cross-entropy a token, as in inference."""
        return self.generator.likelihood(*self.rows(x), self._labels(y), None)[0]

    def sample(  # type: ignore[override]  # sequences, not rows
        self, rows: int, y: NDArray[Any] | None = None, seed: int = 0, lengths: Sizes | None = None
    ) -> list[NDArray[Any]]:
        """Sequences of the moving average; of lengths given, or drawn as those of the training were."""
        if lengths is None:
            u = draws.uniform(seed, philox.LATENT, rows, 1, draws.SAMPLE, self.spec["length"] + 1)[:, 0]
            lengths = self.lengths[(u * len(self.lengths)).astype(np.int64)]
        player = self.average or self.generator
        made = player.generate(rows, self._labels(y), draws.SAMPLE, False, seed, lengths)
        return self.sequences(made.output, made.lengths)

    def discriminate(self, x: Sequences, y: NDArray[Any] | None = None) -> Array:  # type: ignore[override]
        rows, lengths = self.rows(x)
        return self.discriminator.forward(rows, self._labels(y), None, lengths).score
