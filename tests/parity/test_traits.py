"""Engine, Python and reference list the same optimizers and losses, with the same options and defaults."""

from __future__ import annotations

import dataclasses

from deepseek import _core, losses, optimizers
from deepseek.reference import gan_losses
from deepseek.reference import loss as loss_reference
from deepseek.reference import optimizer as reference

SHARED = {field.name for field in dataclasses.fields(optimizers.Optimizer)} | {"learning_rate"}


def test_optimizers_are_the_same() -> None:
    engine = _core.optimizers()
    public = {
        kind.name: {f.name: f.default for f in dataclasses.fields(kind) if f.name not in SHARED}
        for kind in optimizers.KINDS.values()
    }
    assert public == engine
    assert engine == reference.OPTIONS
    assert set(optimizers.__all__) == {"Optimizer", *optimizers.KINDS}


def test_losses_are_the_same() -> None:
    reference_losses = [
        {"name": name, "options": traits.options, "output_activation": output, "targets": targets}
        for name, traits in loss_reference.LOSSES.items()
        for output, targets in traits.targets.items()
    ]
    engine = _core.losses()
    assert sorted(engine, key=repr) == sorted(reference_losses, key=repr)
    public = {
        kind.name: {f.name: -1.0 if f.default is None else f.default for f in dataclasses.fields(kind)}
        for kind in losses.KINDS.values()
    }
    assert public == {t["name"]: t["options"] for t in engine if t["options"]}
    assert set(losses.__all__) == {"Loss", *losses.KINDS}


def test_losses_of_a_gan_are_the_same() -> None:
    assert set(_core.gan_losses()) == set(gan_losses.NAMES)
