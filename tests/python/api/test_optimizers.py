"""Optimizers, schedules, losses, activations as descriptions: what they accept, how they print, that they travel."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek import activations, losses, optimizers, schedules
from deepseek._config.base import ConfigBase, from_config
from programs import models

ALL: list[ConfigBase] = [
    *(kind() for kind in optimizers.KINDS.values()),
    ds.SGD(0.1, momentum=0.9, nesterov=True, l2=1e-4),
    ds.Adam(2e-3, beta1=0.8, eps=1e-6, clip_norm=1.0, schedule=ds.Cosine(0.05, final=0.1, epochs=9)),
    ds.AdamW(weight_decay=0.1, schedule=ds.OneCycle(0.2, 10, 0.01)),
    ds.RMSProp(rho=0.8, momentum=0.5),
    ds.Adagrad(0.5, clip_value=2.0),
    ds.Lion(l1=0.1),
    ds.Constant(warmup=3),
    ds.Step(5, 0.3, warmup=0.1),
    ds.Exponential(0.5),
    ds.Plateau(3, 0.5, 1e-5, 0.01),
    ds.Huber(0.3),
    ds.Quantile(0.9),
    ds.CrossEntropy(0.1),
    ds.Focal(1.0, 0.25),
    ds.LeakyReLU(0.3),
    ds.ELU(0.5),
    ds.EarlyStopping(3, 0.1, "loss", restore_best=False),
]
KINDS: dict[str, type[Any]] = {
    **optimizers.KINDS,
    **schedules.KINDS,
    **losses.KINDS,
    **activations.KINDS,
    "EarlyStopping": ds.EarlyStopping,
}


@pytest.mark.parametrize("description", ALL, ids=repr)
def test_descriptions_travel(description: ConfigBase) -> None:
    names = {name: getattr(ds, name) for name in KINDS}
    assert eval(repr(description), names) == description
    assert from_config("it", description.to_config(), KINDS) == description
    for again in (pickle.loads(pickle.dumps(description)), copy.deepcopy(description)):
        assert again == description
        assert hash(again) == hash(description)
    field = dataclasses.fields(description)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(description, field, 1)


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: ds.SGD(0), ValueError, "learning_rate: got 0; expected .*above 0"),
        (lambda: ds.SGD(-1.0), ValueError, "learning_rate: got -1; expected .*above 0"),
        (lambda: ds.SGD("fast"), TypeError, "learning_rate: got 'fast'; expected a number"),
        (lambda: ds.SGD(True), TypeError, "learning_rate: got True; expected a number"),
        (lambda: ds.SGD(float("inf")), ValueError, "learning_rate: got inf; expected a finite number"),
        (lambda: ds.SGD(momentum=1.0), ValueError, "momentum: got 1; expected .*below 1"),
        (lambda: ds.SGD(nesterov=True), ValueError, "nesterov needs momentum above 0"),
        (lambda: ds.SGD(momentum=0.5, nesterov=1), TypeError, "nesterov: got .*; expected True or False"),
        (lambda: ds.SGD(0.1, 0.9, True, 1.0), TypeError, "positional argument"),  # type: ignore[misc]
        (lambda: ds.Adam(beta1=1.0), ValueError, "beta1: got .*; expected .*below 1"),
        (lambda: ds.Adam(beta2=-0.1), ValueError, "beta2: got .*; expected .*at least 0"),
        (lambda: ds.Adam(eps=0), ValueError, "eps: got .*; expected .*above 0"),
        (lambda: ds.Adam(clip_norm=0), ValueError, "clip_norm: got .*; expected .*above 0"),
        (lambda: ds.Adam(clip_value=-1), ValueError, "clip_value: got -1; expected .*above 0"),
        (lambda: ds.Adam(l1=-1), ValueError, "l1: got .*; expected .*at least 0"),
        (lambda: ds.Adam(l2=None), TypeError, "l2: got None; expected a number"),
        (lambda: ds.Adam(schedule="cosine"), TypeError, "schedule: got .*; expected one of Constant, Step"),
        (lambda: ds.Adam(schedule=ds.Cosine), TypeError, "schedule: got .*; expected one of"),
        (lambda: ds.RMSProp(rho=2), ValueError, "rho: got 2; expected .*below 1"),
        (lambda: ds.Constant(warmup=-1), ValueError, "warmup: got .*; expected .*at least 0"),
        (lambda: ds.Cosine(epochs=0), ValueError, "epochs: got .*; expected .*at least 1"),
        (lambda: ds.Cosine(final=1.5), ValueError, "final: got .*; expected .*at most 1"),
        (lambda: ds.Step(interval=0), ValueError, "interval: got .*; expected .*at least 1"),
        (lambda: ds.Step(decay=0), ValueError, "decay: got .*; expected .*above 0"),
        (lambda: ds.Exponential(2.0), ValueError, "decay: got 2; expected .*at most 1"),
        (lambda: ds.OneCycle(peak=1.0), ValueError, "peak: got .*; expected .*below 1"),
        (lambda: ds.OneCycle(div=0.5), ValueError, "div: got .*; expected .*at least 1"),
        (lambda: ds.Plateau(factor=1.0), ValueError, "factor: got .*; expected .*below 1"),
        (lambda: ds.Plateau(patience=1.5), TypeError, "patience: got .*; expected an integer"),
        (lambda: ds.Huber(0), ValueError, "delta: got .*; expected .*above 0"),
        (lambda: ds.Quantile(1.0), ValueError, "quantile: got .*; expected .*below 1"),
        (lambda: ds.CrossEntropy(1.0), ValueError, "label_smoothing: got .*; expected .*below 1"),
        (lambda: ds.Focal(-1), ValueError, "gamma: got .*; expected .*at least 0"),
        (lambda: ds.Focal(alpha=1.5), ValueError, "alpha: got .*; expected .*at most 1"),
        (lambda: ds.LeakyReLU(-0.5), ValueError, "slope: got .*; expected .*at least 0"),
        (lambda: ds.ELU(0), ValueError, "alpha: got .*; expected .*above 0"),
        (lambda: ds.EarlyStopping(0), ValueError, "patience: got .*; expected .*at least 1"),
        (
            lambda: ds.EarlyStopping(monitor="accuracy"),
            ValueError,
            "monitor: got .*; expected one of val_loss, loss",
        ),
        (
            lambda: ds.EarlyStopping(restore_best="yes"),
            TypeError,
            "restore_best: got .*; expected True or False",
        ),
    ],
)
def test_wrong_values_are_named(make: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        make()


def test_numbers_of_numpy_become_plain_ones() -> None:
    description = ds.SGD(np.float32(0.5), momentum=np.float64(0.25), nesterov=np.bool_(True))  # type: ignore[arg-type]
    assert [type(v) for v in (description.learning_rate, description.momentum, description.nesterov)] == [
        float,
        float,
        bool,
    ]
    assert type(ds.Step(interval=np.int8(3)).interval) is int  # type: ignore[arg-type]
    assert ds.SGD(1) == ds.SGD(1.0)
    assert ds.Adam() != ds.AdamW(weight_decay=0.0)


def test_what_is_default_is_not_printed() -> None:
    assert repr(ds.Adam()) == "Adam()"
    assert repr(ds.Adam(1e-2, clip_norm=1)) == "Adam(learning_rate=0.01, clip_norm=1.0)"


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (None, TypeError),
        ({"type": "Adamm"}, ValueError),
        ({}, TypeError),
        ({"type": "Adam", "speed": 3}, ValueError),
        ({"type": "Adam", "learning_rate": "fast"}, TypeError),
        ({"type": "Adam", "learning_rate": -1.0}, ValueError),
        ({"type": "Adam", "schedule": {"type": "Adam"}}, ValueError),
        ({"type": "Adam", "schedule": "Cosine"}, TypeError),
    ],
)
def test_configurations_are_not_trusted(config: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        from_config("optimizer", config, optimizers.KINDS)


def rates(schedule: ds.Schedule, epochs: int, fits: int = 1) -> list[float]:
    """The rate at the end of each epoch, of 4 steps each; the optimizer's own is 1."""
    net = ds.Net([2, 1], optimizer=ds.SGD(1.0, schedule=schedule), initialization="zeros", bias=False)
    X, y = np.eye(2)[[0, 1, 0, 1]] * 1e-3, np.zeros(4)
    for _ in range(fits):
        net.fit(X, y, epochs=epochs, batch_size=1)
    return [float(rate) for rate in net.history["learning_rate"]]


def test_schedules_do_what_they_say() -> None:
    assert rates(ds.Constant(), 3) == [1, 1, 1]
    assert rates(ds.Constant(warmup=6), 3) == pytest.approx([4 / 6, 1, 1])
    assert rates(ds.Constant(warmup=0.5), 4) == pytest.approx([0.5, 1, 1, 1])
    assert rates(ds.Step(interval=2, decay=0.1), 5) == pytest.approx([1, 1, 0.1, 0.1, 0.01])
    assert rates(ds.Exponential(0.5), 4) == pytest.approx([1, 0.5, 0.25, 0.125])
    cosine = [0.1 + 0.9 * (1 + np.cos(np.pi * (4 * e - 1) / 16)) / 2 for e in (1, 2, 3, 4)]
    assert rates(ds.Cosine(final=0.1), 4) == pytest.approx(cosine)
    one = rates(ds.OneCycle(peak=0.5, div=10, final=0.01), 4)
    assert one[-1] == pytest.approx(0.01)
    assert max(one) == pytest.approx(1.0, abs=0.05)
    assert rates(ds.Plateau(patience=1, factor=0.5), 6) == pytest.approx([1, 1, 1, 0.5, 0.5, 0.25])
    assert rates(ds.Plateau(patience=0, factor=0.1, min_learning_rate=0.05), 5) == pytest.approx(
        [1, 1, 0.1, 0.05, 0.05]
    )


def test_a_horizon_of_its_own_spans_fits() -> None:
    assert rates(ds.Cosine(epochs=6), 3, fits=2) == rates(ds.Cosine(), 6)
    assert rates(ds.Cosine(), 3, fits=2) == rates(ds.Cosine(), 3) * 2


@pytest.mark.parametrize("kind", optimizers.KINDS.values())
def test_every_optimizer_learns(kind: type[ds.Optimizer]) -> None:
    X, y = models.data(90)
    net = models.net(optimizer=kind(learning_rate=0.01))  # type: ignore[call-arg]
    losses = net.fit(X, y, epochs=15, batch_size=8)["loss"]
    assert losses[-1] < 0.8 * losses[0]


def test_penalties_and_clipping_reach_the_engine() -> None:
    X, y = models.data(90)
    hashes = set()
    options: list[dict[str, Any]] = [
        {}, {"l1": 0.1}, {"l2": 0.1}, {"weight_decay": 0.2}, {"clip_norm": 0.01}, {"clip_value": 1e-3},
    ]  # fmt: skip
    for option in options:
        net = models.net(optimizer=ds.SGD(0.1, **option))
        net.fit(X, y, epochs=1)
        hashes.add(models.weights(net))
    assert len(hashes) == len(options)
