"""What resuming is tried with: every optimizer, schedule and source of state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import deepseek as ds
from deepseek import optimizers
from programs import models


@dataclass(frozen=True)
class Case:
    """Options of a net and of its fit."""

    net: dict[str, Any]
    fit: dict[str, Any] = field(default_factory=dict)
    epochs: int = 20
    rows: int = 90
    validation: bool = False


OPTIMIZERS: dict[str, ds.Optimizer] = {
    **{kind.name: kind() for kind in optimizers.KINDS.values()},
    "sgd": ds.SGD(0.05),
    "momentum": ds.SGD(0.05, momentum=0.9, nesterov=True, l2=1e-3),
    "adam": ds.Adam(0.01, clip_norm=1.0),
    "adamw": ds.AdamW(0.01),
    "rmsprop": ds.RMSProp(0.01, momentum=0.5),
    "adagrad": ds.Adagrad(0.05, l1=1e-4),
    "lion": ds.Lion(0.003, clip_value=0.5),
}
SCHEDULES: dict[str, dict[str, Any]] = {
    "constant": {"schedule": ds.Constant(warmup=0.1, epochs=20)},
    "step": {"schedule": ds.Step(interval=3, decay=0.5, epochs=20)},
    "exponential": {"schedule": ds.Exponential(decay=0.9, warmup=7, epochs=20)},
    "cosine": {"schedule": ds.Cosine(warmup=0.1, epochs=20)},
    "one_cycle": {"schedule": ds.OneCycle(epochs=20)},
    "plateau": {"schedule": ds.Plateau(patience=1, factor=0.5, threshold=0.05)},
}
NETS: dict[str, dict[str, Any]] = {
    "dropout": {"dropout": 0.3, "input_dropout": 0.1},
    "batch_norm": {"normalization": "batch"},
    "embedding": {"numeric_embedding": ds.PeriodicEmbedding(frequencies=4), "input_scale_rate": 6.0},
    "layer_norm": {"normalization": "layer"},
    "float64": {"dtype": "float64"},
    "threads": {"layers": (6, 128, 128, 3), "threads": 2},
}

CASES: dict[str, Case] = {
    **{name: Case({"optimizer": optimizer}) for name, optimizer in OPTIMIZERS.items()},
    **{name: Case({"optimizer": ds.Adam(0.01, **options)}) for name, options in SCHEDULES.items()},
    **{name: Case(options) for name, options in NETS.items()},
    "in_order": Case({}, {"shuffle": False}),
    "one_batch": Case({}, {"batch_size": 90}),
    "horizon_of_the_fit": Case({"optimizer": ds.Adam(0.01, schedule=ds.OneCycle())}),
    "early_stopping": Case(
        {"optimizer": ds.Adam(0.05)}, {"early_stopping": ds.EarlyStopping(patience=4)}, validation=True
    ),
    "never_stopping_early": Case(
        {"optimizer": ds.Adam(0.003)}, {"early_stopping": ds.EarlyStopping(patience=50)}, validation=True
    ),
    "plateau_and_stopping": Case(
        {"optimizer": ds.Adam(0.05, schedule=ds.Plateau(patience=0, factor=0.5))},
        {"early_stopping": ds.EarlyStopping(patience=6, restore_best=False)},
        validation=True,
    ),
}

WITHIN_ONE_FIT = {"horizon_of_the_fit", "early_stopping", "never_stopping_early", "plateau_and_stopping"}
"""Cases where two fits are not one: what they watch or count begins anew with each fit, as documented."""


def fit(case: Case, net: ds.Net, **options: Any) -> None:
    """Fit as the case says."""
    X, y = models.data(case.rows)
    if case.validation:
        options["validation_data"] = models.data(60, seed=4)
    net.fit(X, y, **{"batch_size": 16, **case.fit, **options})
