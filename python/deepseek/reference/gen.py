"""A Gen in NumPy: two players, their gradients on a batch, and samples. Mirrors ``csrc/gen``."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _rng_streams as rng_streams
from . import draws, gan_losses, gan_trainer
from .discriminator import Discriminator, Lengths
from .generator import Generator, Tape
from .input_noise import AdaptiveAugment, InputNoise, draw_input_noise
from .loss import one_hot
from .penalty import PENALTY_ROWS, penalty
from .philox import Place
from .spec import Spec, complete_gen

Array = NDArray[np.float64]
AVERAGE = "average."  # prefix of the names of the generator's moving average


class DiscriminatorResult(NamedTuple):
    """Loss and penalty of an update of the discriminator, and the scores of training and generated rows."""

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
        """Draw new parameters and reset the training."""
        self.spec["seed"] = seed
        self.generator, self.discriminator = self.players[0](self.spec), self.players[1](self.spec)
        self.average = self.players[0](self.spec) if self.spec["ema_decay"] else None
        self.adaptive_augment = AdaptiveAugment()
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
        return rows.reshape(-1, self.spec["pac"] * rows.shape[1])

    def _discriminator_input(self, x: Array, fake: Array, place: Place) -> tuple[Array, InputNoise]:
        """Return training rows and then generated ones with noise, in packs; and the noise."""
        rows = np.vstack([x, fake])
        noise = draw_input_noise(self.spec, len(rows), place, self.adaptive_augment.probability)
        return self._pack(noise.forward(rows)), noise

    def discriminator_gradients(
        self,
        x: Array,
        labels: Array | None,
        fake: Array,
        place: Place,
        penalised: bool = True,
        lengths: Lengths = None,
    ) -> tuple[DiscriminatorResult, dict[str, Array]]:
        """Return result and gradients of its update; `lengths` of sequences are those of x, then those of `fake`."""
        spec, player = self.spec, self.discriminator
        inputs, _ = self._discriminator_input(x, fake, place)
        n = len(inputs) // 2
        first, stop = PENALTY_ROWS.get(spec["penalty"]["kind"], (0, 0)) if penalised else (0, 0)
        if stop == 3:
            t = draws.uniform(spec["seed"], rng_streams.MIX, n, 1, place)
            inputs = np.vstack([inputs, t * inputs[:n] + (1.0 - t) * inputs[n:]])
            lengths = None if lengths is None else np.concatenate([lengths, lengths[:n]])
        packed = None if labels is None else np.tile(self._pack(labels), (len(inputs) // n, 1))
        tape = player.forward(inputs, packed, place, lengths)
        real, fakes = tape.score[:n], tape.score[n : 2 * n]
        value, *d_scores = gan_losses.discriminator(spec["loss"], real, fakes)
        d = np.concatenate([*d_scores, np.zeros(len(inputs) - 2 * n)])
        if not stop:
            return DiscriminatorResult(value, 0.0, real, fakes), player.backward(d, tape)[0]
        penalty_rows = slice(first * n, stop * n)
        e = np.zeros_like(d)
        e[penalty_rows] = 1.0
        g = player.backward(e, tape)[1]
        v = np.zeros_like(g)
        extra, v[penalty_rows] = penalty(spec["penalty"], g[penalty_rows], n)
        return DiscriminatorResult(value, extra, real, fakes), player.double_backward(
            d, e, tape, player.tangent(v, tape)
        )[0]

    def generator_gradients(
        self, x: Array, labels: Array | None, generated: Tape, place: Place, lengths: Lengths = None
    ) -> tuple[float, dict[str, Array]]:
        """Return loss and gradients of its update, with the discriminator fixed; `lengths` as above."""
        inputs, noise = self._discriminator_input(x, generated.output, place)
        packed = None if labels is None else np.tile(self._pack(labels), (2, 1))
        tape = self.discriminator.forward(inputs, packed, place, lengths)
        real, fakes = np.split(tape.score, 2)
        value, d_fakes = gan_losses.generator(self.spec["loss"], real, fakes)
        _, dx = self.discriminator.backward(np.concatenate([np.zeros_like(real), d_fakes]), tape)
        d_rows = noise.backward(dx.reshape(2 * len(x), -1))[len(x) :]
        return value, self.generator.backward(d_rows, generated)

    def update_average(self) -> None:
        """Update the moving average after an update of the generator; the first decays are smaller (warm-up)."""
        if not self.average:
            return
        updates = self.generator.training.updates
        decay = min(self.spec["ema_decay"], (1.0 + updates) / (10.0 + updates))
        for name, value in self.generator.params.items():
            own = self.average.params[name]
            self.average.params[name] = own + (1.0 - decay) * (value - own)
        self.average.buffers.update(self.generator.buffers)

    def fit(self, x: NDArray[Any], y: NDArray[Any] | None = None, **options: Any) -> list[dict[str, float]]:
        """Train; return a dict per epoch, as the compiled core's `run` does."""
        return gan_trainer.fit(self, np.asarray(x, np.float64), self._labels(y), options)

    def sample(self, rows: int, y: NDArray[Any] | None = None, seed: int = 0) -> Array:
        """Return rows of the moving average, or of the generator if there is none. Row i does not depend on `rows`."""
        player = self.average or self.generator
        return player.generate(rows, self._labels(y), draws.SAMPLE, training=False, seed=seed).output

    def discriminate(self, x: NDArray[Any], y: NDArray[Any] | None = None) -> Array:
        """Return the scores of rows, or of packs of them."""
        labels = self._labels(y)
        packed = None if labels is None else self._pack(labels)
        return self.discriminator.forward(self._pack(np.asarray(x, np.float64)), packed, None).score
