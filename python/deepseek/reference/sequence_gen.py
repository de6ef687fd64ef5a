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
        self.teaching = False
        self.lengths = np.array([self.spec["length"]])  # of the training sequences, sorted

    def rows(self, sequences: Sequences) -> tuple[Array, Sizes]:
        """(rows, lengths); with a stop token all texts are as long as they may be, filled up with it."""
        steps, width, stop = self.spec["length"], self.spec["data"], self.spec["stop"]
        rows = np.zeros((len(sequences), steps, width))
        if stop >= 0:
            rows[:, :, stop] = 1.0
        for row, sequence in zip(rows, sequences, strict=True):
            row[: len(sequence)] = np.eye(width)[sequence] if self.spec["vocabulary"] else sequence
        lengths = np.array([steps if stop >= 0 else len(s) for s in sequences])
        return rows.reshape(len(rows), -1), lengths

    def sequences(self, rows: Array, lengths: Sizes) -> list[NDArray[Any]]:
        """The way back; texts end before their first stop token."""
        found = [
            row[:n] for row, n in zip(rows.reshape(len(rows), self.spec["length"], -1), lengths, strict=True)
        ]
        if not self.spec["vocabulary"]:
            return found
        texts = [row.argmax(axis=1) for row in found]
        return [s[: np.append(s, self.spec["stop"]).tolist().index(self.spec["stop"])] for s in texts]

    def _begin(self, teaching: bool) -> None:
        """The other phase than before begins without the generator's moments, and its clock anew."""
        if teaching != self.teaching:
            self.generator.training = TrainingState(epoch=self.generator.training.epoch)
        self.teaching = teaching

    def fit(self, x: Sequences, y: NDArray[Any] | None = None, **options: Any) -> list[dict[str, float]]:
        rows, lengths = self.rows(x)
        self.lengths = np.sort(lengths)
        self._begin(teaching=False)
        return gan_trainer.fit(self, rows, self._labels(y), options, lengths)

    def pretrain(self, x: Sequences, y: NDArray[Any] | None = None, **options: Any) -> list[dict[str, float]]:
        """Teach the generator the likelihood of texts; its moving average begins there."""
        rows, lengths = self.rows(x)
        labels = self._labels(y)
        self._begin(teaching=True)
        pupil = copy.copy(self.generator)  # the same parameters and training, another optimizer
        pupil.spec = {**pupil.spec, **self.spec["pretrain"]}

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

    def discriminate(self, x: Sequences, y: NDArray[Any] | None = None) -> Array:
        rows, lengths = self.rows(x)
        return self.discriminator.forward(rows, self._labels(y), None, lengths).score
