"""A Gen in NumPy: two players, what each learns from a batch, and samples. Mirrors ``train/gan_step``."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import draws, gan_losses, gan_trainer, philox
from .corruption import Adaptation, Corruption, corruption
from .discriminator import Discriminator, Lengths
from .generator import Generator, Tape
from .loss import one_hot
from .penalty import POINTS, penalty
from .philox import Place
from .spec import Spec, complete_gen

Array = NDArray[np.float64]
AVERAGE = "average."  # of the names of the generator's moving average


class Told(NamedTuple):
    """What the discriminator's update tells: its loss, the penalty, and the scores of both kinds of rows."""

    loss: float
    penalty: float
    real: Array
    fake: Array


class Gen:
    """Generative adversarial network of `spec`, the dict that the compiled core takes."""

    players: ClassVar[tuple[type[Generator], type[Discriminator]]] = (Generator, Discriminator)

    def __init__(self, spec: Spec) -> None:
        self.spec = complete_gen(spec)
        self.reset(self.spec["seed"])

    def reset(self, seed: int) -> None:
        """Draw the parameters anew and forget the training."""
        self.spec["seed"] = seed
        self.generator, self.discriminator = self.players[0](self.spec), self.players[1](self.spec)
        self.average = self.players[0](self.spec) if self.spec["average"] else None
        self.adaptation = Adaptation()
        self.epoch = 0

    def get_params(self) -> dict[str, Array]:
        both = {**self.generator.get_params(), **self.discriminator.get_params()}
        average = self.average.get_params() if self.average else {}
        return {**both, **{name.replace("generator.", AVERAGE): v for name, v in average.items()}}

    def set_params(self, values: dict[str, NDArray[Any]]) -> None:
        self.generator.set_params(values)
        self.discriminator.set_params(values)
        if self.average:
            own = {k.replace(AVERAGE, "generator."): v for k, v in values.items() if k.startswith(AVERAGE)}
            self.average.set_params(own)

    def _labels(self, y: NDArray[Any] | None) -> Array | None:
        return one_hot(y, self.spec["classes"]) if self.spec["classes"] and y is not None else None

    def _pack(self, rows: Array) -> Array:
        return rows.reshape(-1, self.spec["discriminator"]["pack"] * rows.shape[1])

    def _shown(self, x: Array, fake: Array, place: Place) -> tuple[Array, Corruption]:
        """Training rows and then generated ones, as the discriminator sees them; and what was done to them."""
        rows = np.vstack([x, fake])
        done = corruption(self.spec, len(rows), place, self.adaptation.probability)
        return self._pack(done.forward(rows)), done

    def discriminator_gradients(
        self,
        x: Array,
        labels: Array | None,
        fake: Array,
        place: Place,
        penalised: bool = True,
        lengths: Lengths = None,
    ) -> tuple[Told, dict[str, Array]]:
        """What its update tells, and is made from; `lengths` are those of x and then of `fake`, if sequences."""
        spec, player = self.spec, self.discriminator
        shown, _ = self._shown(x, fake, place)
        n = len(shown) // 2
        first, stop = POINTS.get(spec["penalty"]["name"], (0, 0)) if penalised else (0, 0)
        if stop == 3:
            t = draws.uniform(spec["seed"], philox.MIX, n, 1, place)
            shown = np.vstack([shown, t * shown[:n] + (1.0 - t) * shown[n:]])
            lengths = None if lengths is None else np.concatenate([lengths, lengths[:n]])
        packed = None if labels is None else np.tile(self._pack(labels), (len(shown) // n, 1))
        tape = player.forward(shown, packed, place, lengths)
        real, fakes = tape.score[:n], tape.score[n : 2 * n]
        value, *by_scores = gan_losses.discriminator(spec["loss"]["name"], real, fakes)
        d = np.concatenate([*by_scores, np.zeros(len(shown) - 2 * n)])
        if not stop:
            return Told(value, 0.0, real, fakes), player.backward(d, tape)[0]
        points = slice(first * n, stop * n)
        e = np.zeros_like(d)
        e[points] = 1.0
        g = player.backward(e, tape)[1]
        v = np.zeros_like(g)
        extra, v[points] = penalty(spec["penalty"], g[points], n)
        return Told(value, extra, real, fakes), player.backward_both(d, e, tape, player.tangent(v, tape))[0]

    def generator_gradients(
        self, x: Array, labels: Array | None, made: Tape, place: Place, lengths: Lengths = None
    ) -> tuple[float, dict[str, Array]]:
        """(loss, gradients) of its update, the discriminator held fixed; `lengths` as its."""
        shown, done = self._shown(x, made.output, place)
        packed = None if labels is None else np.tile(self._pack(labels), (2, 1))
        tape = self.discriminator.forward(shown, packed, place, lengths)
        real, fakes = np.split(tape.score, 2)
        value, by_fakes = gan_losses.generator(self.spec["loss"]["name"], real, fakes)
        _, dx = self.discriminator.backward(np.concatenate([np.zeros_like(real), by_fakes]), tape)
        by_rows = done.backward(dx.reshape(2 * len(x), -1))[len(x) :]
        return value, self.generator.backward(by_rows, made)

    def follow(self) -> None:
        """The moving average after an update; its memory grows with their number."""
        if not self.average:
            return
        updates = self.generator.training.updates
        keep = min(self.spec["average"], (1.0 + updates) / (10.0 + updates))
        for name, value in self.generator.params.items():
            own = self.average.params[name]
            self.average.params[name] = own + (1.0 - keep) * (value - own)
        self.average.buffers.update(self.generator.buffers)

    def fit(self, x: NDArray[Any], y: NDArray[Any] | None = None, **options: Any) -> list[dict[str, float]]:
        """Train; returns a dict an epoch, as the compiled core's `run` does."""
        return gan_trainer.fit(self, np.asarray(x, np.float64), self._labels(y), options)

    def sample(self, rows: int, y: NDArray[Any] | None = None, seed: int = 0) -> Array:
        """Rows of the moving average, or of the generator where there is none; the first n of more are those of n."""
        player = self.average or self.generator
        return player.generate(rows, self._labels(y), draws.SAMPLE, training=False, seed=seed).output

    def discriminate(self, x: NDArray[Any], y: NDArray[Any] | None = None) -> Array:
        """Scores of rows, or of packs of them."""
        labels = self._labels(y)
        packed = None if labels is None else self._pack(labels)
        return self.discriminator.forward(self._pack(np.asarray(x, np.float64)), packed, None).score
