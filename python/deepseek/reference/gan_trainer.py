"""The training loop of adversaries: whose turn it is. Mirrors ``train/gan_trainer``.

A batch of rows is one update of the discriminator; after every `steps` of them the generator has its own number of
updates. Its first goes on from the rows that the discriminator has just learnt from: their generator has not changed
since, so neither have they, and one forward pass serves both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import schedule, trainer
from .discriminator import Lengths
from .model import Model
from .philox import Place
from .shuffle import permutation
from .spec import Spec, complete_fit

if TYPE_CHECKING:
    from .gen import Gen

Array = NDArray[np.float64]
Rates = tuple[float, float]  # the generator's, the discriminator's
Entry = dict[str, float]


def turn(
    gen: Gen, x: Array, labels: Array | None, place: Place, rates: Rates, lengths: Lengths = None
) -> tuple[Entry, list[float]]:
    """A batch: what the discriminator's update tells, and the losses of the generator's that are due."""
    (epoch, step), generator, discriminator = place, gen.generator, gen.discriminator
    made = generator.generate(len(x), labels, place, lengths=lengths)
    penalised = discriminator.training.updates % gen.spec["penalty"]["every"] == 0
    both = _both(lengths, made.lengths)
    told, grads = gen.discriminator_gradients(x, labels, made.output, place, penalised, both)
    trainer.update(discriminator, grads, rates[1])
    discriminator.turn_vectors()
    gen.adaptation.observe(gen.spec["augment"], told.real, told.fake)
    entry = {
        "loss": told.loss,
        "penalty": told.penalty,
        "real_score": float(told.real.mean()),
        "fake_score": float(told.fake.mean()),
    }
    losses: list[float] = []
    due = discriminator.training.updates % discriminator.spec["steps"] == 0
    for k in range(generator.spec["steps"] if due else 0):
        place = (epoch, step + 1 + k)
        if k:
            made = generator.generate(len(x), labels, place, lengths=lengths)
        both = _both(lengths, made.lengths)
        value, grads = gen.generator_gradients(x, labels, made, place, both)
        generator.mlp.track_statistics(made.layers)
        trainer.update(generator, grads, rates[0])
        gen.follow()
        losses.append(value)
    return entry, losses


def _both(real: Lengths, fake: Lengths) -> Lengths:
    return None if real is None or fake is None else np.concatenate([real, fake])


def fit(gen: Gen, x: Array, labels: Array | None, options: Spec, lengths: Lengths = None) -> list[Entry]:
    """Train; a dict an epoch. Rows that fill no batch are left out of their epoch."""
    options = complete_fit(options)
    player = gen.spec["discriminator"]
    together = player["pack"] * max(player["group"], 1)
    size = min(options["batch_size"], len(x)) // together * together
    batches, places = len(x) // size, 1 + gen.spec["generator"]["steps"]
    history: list[Entry] = []
    first = gen.epoch
    for epoch in range(first, first + options["epochs"]):
        order = permutation(gen.spec["seed"], epoch, len(x)) if options["shuffle"] else np.arange(len(x))
        entries: list[Entry] = []
        losses: list[float] = []
        for batch in range(batches):
            at = order[batch * size : (batch + 1) * size]
            where = (epoch, first, options["epochs"], batch, batches)
            rates = _rate(gen.generator, *where), _rate(gen.discriminator, *where)
            its_labels = None if labels is None else labels[at]
            its_lengths = None if lengths is None else lengths[at]
            entry, made = turn(gen, x[at], its_labels, (epoch, batch * places), rates, its_lengths)
            entries.append(entry)
            losses += made
        gen.epoch += 1
        history.append(
            {
                "epoch": gen.epoch,
                **{name: float(np.mean([e[name] for e in entries])) for name in entries[0]},
                "generator_loss": float(np.mean(losses or [0.0])),
                "generator_rate": rates[0],
                "rate": rates[1],
            }
        )
    return history


def _rate(player: Model, epoch: int, first: int, epochs: int, batch: int, batches: int) -> float:
    """Of a batch in a fit of `epochs` from `first` on; both players' schedules count batches."""
    spec, base = player.spec["schedule"], player.spec["optimizer"]["rate"]
    done, horizon = (epoch, spec["epochs"]) if spec["epochs"] else (epoch - first, epochs)
    step = done * batches + batch
    return schedule.rate(spec, base, done, step, horizon * batches, player.training.plateau)
