"""A Gen of sequences in NumPy: time series, or texts of tokens. Mirrors ``csrc/gen/sequences``.

Inside, a batch is an array of rows, as in a Gen of rows, and an array of lengths. A row holds the steps of a sequence
in order, with zeros after its end that are ignored. Tokens are one-hot.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
from . import draws, gan_trainer, trainer
from .discriminator import Discriminator
from .gen import Gen
from .generator import Generator
from .model import TrainingState
from .philox import Place
from .sequence_discriminator import SequenceDiscriminator
from .sequence_generator import SequenceGenerator, Sizes

Array = NDArray[np.float64]
Sequences = Sequence[NDArray[Any]] | NDArray[Any]
PRETRAINING = 2**31  # number of its first epoch in the place of its random numbers


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
        self.pretraining = False
        self.lengths = np.array([self.spec["steps"]])  # of the training sequences, sorted

    def rows(self, sequences: Sequences) -> tuple[Array, Sizes]:
        """Return (rows, lengths). With an eos_token all texts have the full length, filled with that token."""
        steps, width, eos_token = self.spec["steps"], self.spec["data_size"], self.spec.get("eos_token", -1)
        rows = np.zeros((len(sequences), steps, width))
        if eos_token >= 0:
            rows[:, :, eos_token] = 1.0
        for row, sequence in zip(rows, sequences, strict=True):
            row[: len(sequence)] = np.eye(width)[sequence] if self.spec["vocabulary"] else sequence
        lengths = np.array([steps if eos_token >= 0 else len(s) for s in sequences])
        return rows.reshape(len(rows), -1), lengths

    def sequences(self, rows: Array, lengths: Sizes) -> list[NDArray[Any]]:
        """Return the sequences of rows; texts end before their first eos_token."""
        found = [
            row[:n] for row, n in zip(rows.reshape(len(rows), self.spec["steps"], -1), lengths, strict=True)
        ]
        if not self.spec["vocabulary"]:
            return found
        texts = [row.argmax(axis=1) for row in found]
        return [
            s[: np.append(s, self.spec["eos_token"]).tolist().index(self.spec["eos_token"])] for s in texts
        ]

    def _begin(self, pretraining: bool) -> None:
        """Begin a phase. If it is not the previous one, reset the generator's moments and step count."""
        if pretraining != self.pretraining:
            self.generator.training = TrainingState(epoch=self.generator.training.epoch)
        self.pretraining = pretraining

    def fit(self, x: Sequences, y: NDArray[Any] | None = None, **options: Any) -> list[dict[str, float]]:
        rows, lengths = self.rows(x)
        self.lengths = np.sort(lengths)
        self._begin(pretraining=False)
        return gan_trainer.fit(self, rows, self._labels(y), options, lengths)

    def pretrain(self, x: Sequences, y: NDArray[Any] | None = None, **options: Any) -> list[dict[str, float]]:
        """Pretrain the generator of texts by maximum likelihood; its moving average restarts from the result."""
        rows, lengths = self.rows(x)
        labels = self._labels(y)
        self._begin(pretraining=True)
        model = copy.copy(self.generator)  # the same parameters and training, another optimizer
        model.spec = {**model.spec, **self.spec["pretrain"]}

        def updates(at: NDArray[np.int64], place: Place) -> Iterator[trainer.Update]:
            its_labels = None if labels is None else labels[at]
            yield model.pretrain_gradients(
                rows[at], lengths[at], its_labels, (PRETRAINING + place[0], place[1])
            )

        history = trainer.fit(model, len(rows), updates, None, options)
        if self.average:
            self.average.set_params(self.generator.get_params())
        self.lengths = np.sort(lengths)
        return history

    def cross_entropy(self, x: Sequences, y: NDArray[Any] | None = None) -> float:
        """Return the mean cross-entropy per token in inference."""
        return self.generator.cross_entropy(*self.rows(x), self._labels(y), None)[0]

    def sample(  # type: ignore[override]  # sequences, not rows
        self, rows: int, y: NDArray[Any] | None = None, seed: int = 0, lengths: Sizes | None = None
    ) -> list[NDArray[Any]]:
        """Return sequences of the moving average. Lengths are given, or drawn from those of the training sequences."""
        if lengths is None:
            u = draws.uniform(seed, rng_streams.LATENT, rows, 1, draws.SAMPLE, self.spec["steps"] + 1)[:, 0]
            lengths = self.lengths[(u * len(self.lengths)).astype(np.int64)]
        player = self.average or self.generator
        generated = player.generate(rows, self._labels(y), draws.SAMPLE, False, seed, lengths)
        return self.sequences(generated.output, generated.lengths)

    def discriminate(self, x: Sequences, y: NDArray[Any] | None = None) -> Array:
        rows, lengths = self.rows(x)
        return self.discriminator.forward(rows, self._labels(y), None, lengths).score
