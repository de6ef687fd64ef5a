"""A Gen in NumPy: two players, whose turn it is, and what each learns from a batch. Mirrors ``train/gan_trainer``.

A batch of rows is one update of the discriminator; after every `steps` of them the generator has its own number of
updates. Its first goes on from the rows that the discriminator has just learnt from: their generator has not changed
since, so neither have they, and one forward pass serves both.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import draws, gan_losses, philox, schedule, trainer
from .corruption import Adaptation, Corruption, corruption
from .discriminator import Discriminator
from .generator import Generator, Tape
from .loss import one_hot
from .penalty import POINTS, penalty
from .philox import Place
from .shuffle import permutation
from .spec import Spec, complete_fit, complete_gen

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

    def __init__(self, spec: Spec) -> None:
        self.spec = complete_gen(spec)
        self.reset(self.spec["seed"])

    def reset(self, seed: int) -> None:
        """Draw the parameters anew and forget the training."""
        self.spec["seed"] = seed
        self.generator, self.discriminator = Generator(self.spec), Discriminator(self.spec)
        self.average = Generator(self.spec) if self.spec["average"] else None
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
            self.average.set_params({k.replace(AVERAGE, "generator."): v for k, v in values.items()})

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
        self, x: Array, labels: Array | None, fake: Array, place: Place, penalised: bool = True
    ) -> tuple[Told, dict[str, Array]]:
        """What its update tells, and is made from."""
        spec, player = self.spec, self.discriminator
        shown, _ = self._shown(x, fake, place)
        n = len(shown) // 2
        first, stop = POINTS.get(spec["penalty"]["name"], (0, 0)) if penalised else (0, 0)
        if stop == 3:
            t = draws.uniform(spec["seed"], philox.MIX, n, 1, place)
            shown = np.vstack([shown, t * shown[:n] + (1.0 - t) * shown[n:]])
        packed = None if labels is None else np.tile(self._pack(labels), (len(shown) // n, 1))
        tape = player.forward(shown, packed, place)
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
        self, x: Array, labels: Array | None, made: Tape, place: Place
    ) -> tuple[float, dict[str, Array]]:
        """(loss, gradients) of its update, the discriminator held fixed."""
        shown, done = self._shown(x, made.output, place)
        packed = None if labels is None else np.tile(self._pack(labels), (2, 1))
        tape = self.discriminator.forward(shown, packed, place)
        real, fakes = np.split(tape.score, 2)
        value, by_fakes = gan_losses.generator(self.spec["loss"]["name"], real, fakes)
        _, dx = self.discriminator.backward(np.concatenate([np.zeros_like(real), by_fakes]), tape)
        by_rows = done.backward(dx.reshape(-1, self.spec["data"]))[len(x) :]
        return value, self.generator.backward(by_rows, made)

    def _follow(self) -> None:
        """The moving average after an update; its memory grows with their number."""
        if not self.average:
            return
        updates = self.generator.training.updates
        keep = min(self.spec["average"], (1.0 + updates) / (10.0 + updates))
        for name, value in self.generator.params.items():
            own = self.average.params[name]
            self.average.params[name] = own + (1.0 - keep) * (value - own)
        self.average.buffers.update(self.generator.buffers)

    def turn(
        self, x: Array, labels: Array | None, place: Place, rates: tuple[float, float]
    ) -> dict[str, float]:
        """A batch: the discriminator's update and, when it is due, the generator's. The sums that a history wants."""
        (epoch, step), generator, discriminator = place, self.generator, self.discriminator
        made = generator.generate(len(x), labels, place)
        penalised = discriminator.training.updates % self.spec["penalty"]["every"] == 0
        told, grads = self.discriminator_gradients(x, labels, made.output, place, penalised)
        trainer.update(discriminator, grads, rates[1])
        discriminator.turn_vectors()
        self.adaptation.observe(self.spec["augment"], told.real, told.fake)
        entry = {
            "batches": 1.0,
            "loss": told.loss,
            "penalty": told.penalty,
            "real_score": float(told.real.mean()),
            "fake_score": float(told.fake.mean()),
        }
        if discriminator.training.updates % discriminator.spec["steps"]:
            return entry
        for k in range(generator.spec["steps"]):
            if k:
                made = generator.generate(len(x), labels, (epoch, step + 1 + k))
            value, grads = self.generator_gradients(x, labels, made, (epoch, step + 1 + k))
            generator.mlp.track_statistics(made.layers)
            trainer.update(generator, grads, rates[0])
            self._follow()
            entry["generator_loss"] = entry.get("generator_loss", 0.0) + value
            entry["updates"] = k + 1.0
        return entry

    def fit(self, x: NDArray[Any], y: NDArray[Any] | None = None, **options: Any) -> list[dict[str, float]]:
        """Train; returns a dict an epoch, as the compiled core's `run` does.

        Rows that fill no batch are left out of their epoch.
        """
        x, labels, options = np.asarray(x, np.float64), self._labels(y), complete_fit(options)
        told_apart = self.spec["discriminator"]["pack"] * max(self.spec["discriminator"]["group"], 1)
        size = min(options["batch_size"], len(x)) // told_apart * told_apart
        batches, places = len(x) // size, 1 + self.spec["generator"]["steps"]
        first, history = self.epoch, []
        for epoch in range(first, first + options["epochs"]):
            order = permutation(self.spec["seed"], epoch, len(x)) if options["shuffle"] else np.arange(len(x))
            sums: dict[str, float] = {"generator_loss": 0.0, "updates": 0.0}
            for batch in range(batches):
                at = order[batch * size : (batch + 1) * size]
                g, d = (
                    _rate(player.spec, first, epoch, batch, batches, options["epochs"])
                    for player in (self.generator, self.discriminator)
                )
                told = self.turn(
                    x[at], None if labels is None else labels[at], (epoch, batch * places), (g, d)
                )
                sums = {name: sums.get(name, 0.0) + told.get(name, 0.0) for name in sums | told}
            self.epoch += 1
            history.append({"epoch": self.epoch, **_means(sums), "generator_rate": g, "rate": d})
        return history

    def sample(self, rows: int, y: NDArray[Any] | None = None, seed: int = 0) -> Array:
        """Rows of the moving average, or of the generator where there is none; the first n of more are those of n."""
        player = self.average or self.generator
        return player.generate(rows, self._labels(y), draws.SAMPLE, training=False, seed=seed).output

    def discriminate(self, x: NDArray[Any], y: NDArray[Any] | None = None) -> Array:
        """Scores of rows, or of packs of them."""
        labels = self._labels(y)
        packed = None if labels is None else self._pack(labels)
        return self.discriminator.forward(self._pack(np.asarray(x, np.float64)), packed, None).score


def _rate(spec: Spec, first: int, epoch: int, batch: int, batches: int, epochs: int) -> float:
    """A player's rate; both schedules count batches."""
    start, horizon = (0, spec["schedule"]["epochs"]) if spec["schedule"]["epochs"] else (first, epochs)
    step = (epoch - start) * batches + batch
    plateau = schedule.Plateau()
    return schedule.rate(
        spec["schedule"], spec["optimizer"]["rate"], epoch - start, step, horizon * batches, plateau
    )


def _means(sums: dict[str, float]) -> dict[str, float]:
    """By batch, and the generator's loss by its updates."""
    updates, batches = sums.pop("updates"), sums.pop("batches")
    generator_loss = sums.pop("generator_loss") / (updates or 1.0)
    return {**{name: value / batches for name, value in sums.items()}, "generator_loss": generator_loss}
