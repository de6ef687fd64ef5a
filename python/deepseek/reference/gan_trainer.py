"""The training loop of a GAN: which player is updated. Mirrors ``csrc/gen/task.h``.

A batch of rows is one update of the discriminator. After every `discriminator_steps` of them the generator has
`generator_steps` updates. The first of these uses the generated rows of the discriminator's update: the generator has
not changed since, so one forward pass serves both_lengths.
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


def train_batch(
    gen: Gen, x: Array, labels: Array | None, place: Place, rates: Rates, lengths: Lengths = None
) -> tuple[Entry, list[float]]:
    """Train on a batch; return the metrics of the discriminator's update and the losses of the generator's updates."""
    (epoch, step), generator, discriminator = place, gen.generator, gen.discriminator
    generated = generator.generate(len(x), labels, place, lengths=lengths)
    penalised = discriminator.training.updates % gen.spec["penalty"]["interval"] == 0
    both_lengths = _joined(lengths, generated.lengths)
    result, grads = gen.discriminator_gradients(x, labels, generated.output, place, penalised, both_lengths)
    trainer.update(discriminator, grads, rates[1])
    discriminator.update_singular_vectors()
    gen.adaptive_augment.observe(gen.spec["augmentation"], result.real, result.fake)
    entry = {
        "loss": result.loss,
        "penalty": result.penalty,
        "real_score": float(result.real.mean()),
        "fake_score": float(result.fake.mean()),
    }
    losses: list[float] = []
    due = discriminator.training.updates % gen.spec["discriminator_steps"] == 0
    for k in range(gen.spec["generator_steps"] if due else 0):
        place = (epoch, step + 1 + k)
        if k:
            generated = generator.generate(len(x), labels, place, lengths=lengths)
        both_lengths = _joined(lengths, generated.lengths)
        value, grads = gen.generator_gradients(x, labels, generated, place, both_lengths)
        generator.mlp.track_statistics(generated.layers)
        trainer.update(generator, grads, rates[0])
        gen.update_average()
        losses.append(value)
    return entry, losses


def _joined(real: Lengths, fake: Lengths) -> Lengths:
    return None if real is None or fake is None else np.concatenate([real, fake])


def fit(gen: Gen, x: Array, labels: Array | None, options: Spec, lengths: Lengths = None) -> list[Entry]:
    """Train; return a dict per epoch. An epoch leaves out the rows that fill no batch."""
    options = complete_fit(options)
    batch_multiple = gen.spec["pac"] * max(gen.spec["minibatch_std"], 1)
    size = min(options["batch_size"], len(x)) // batch_multiple * batch_multiple
    batches, places = len(x) // size, 1 + gen.spec["generator_steps"]
    history: list[Entry] = []
    first = gen.epoch
    for epoch in range(first, first + options["epochs"]):
        order = permutation(gen.spec["seed"], epoch, len(x)) if options["shuffle"] else np.arange(len(x))
        entries: list[Entry] = []
        losses: list[float] = []
        for batch in range(batches):
            at = order[batch * size : (batch + 1) * size]
            position = (epoch, first, options["epochs"], batch, batches)
            rates = _rate(gen.generator, *position), _rate(gen.discriminator, *position)
            its_labels = None if labels is None else labels[at]
            its_lengths = None if lengths is None else lengths[at]
            entry, its_losses = train_batch(
                gen, x[at], its_labels, (epoch, batch * places), rates, its_lengths
            )
            entries.append(entry)
            losses += its_losses
        gen.epoch += 1
        history.append(
            {
                "epoch": gen.epoch,
                **{name: float(np.mean([e[name] for e in entries])) for name in entries[0]},
                "generator_loss": float(np.mean(losses or [0.0])),
                "generator_learning_rate": rates[0],
                "learning_rate": rates[1],
            }
        )
    return history


def _rate(player: Model, epoch: int, first: int, epochs: int, batch: int, batches: int) -> float:
    """Return the learning rate of a batch in a fit of `epochs` from `first` on; schedules count batches."""
    spec, base = player.spec["schedule"], player.spec["optimizer"]["learning_rate"]
    done, horizon = (epoch, spec["epochs"]) if spec["epochs"] else (epoch - first, epochs)
    step = done * batches + batch
    return schedule.rate(spec, base, done, step, horizon * batches, player.training.plateau)
