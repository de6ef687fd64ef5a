"""Gens and rows for the tests, the same in every process."""

from __future__ import annotations

from typing import Any

import numpy as np

import deepseek as ds

Array = np.ndarray[Any, np.dtype[Any]]

COLUMNS, CLASSES = 5, 3

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "labels": {"classes": CLASSES},
    "wasserstein": {
        "loss": "wasserstein",
        "penalty": ds.Penalty("interpolated", 1.0),
        "discriminator_steps": 2,
    },
    "groups": {"pac": 2, "minibatch_std": 2, "spectral_norm": True, "ema_decay": 0.0},
}

EVERYTHING: dict[str, Any] = {
    "classes": CLASSES,
    "embedding_size": 2,
    "generator": [9, 8],
    "discriminator": [7],
    "activation": ["tanh", ds.LeakyReLU(0.3)],
    "output_activation": [
        {"activation": "tanh", "units": 2},
        {"activation": "gumbel", "units": 3, "hard": True},
    ],
    "discriminator_activation": "silu",
    "loss": "non_saturating",
    "penalty": ds.Penalty("r1", interval=2),
    "optimizer": ds.AdamW(2e-3, beta1=0.5, schedule=ds.Cosine(epochs=9)),
    "discriminator_optimizer": ds.RMSProp(1e-3),
    "generator_steps": 2,
    "normalization": ["batch", None],
    "discriminator_normalization": "layer",
    "dropout": [0.1, 0.0],
    "discriminator_dropout": 0.1,
    "discriminator_input_dropout": 0.05,
    "minibatch_std": 4,
    "instance_noise": ds.InstanceNoise(0.1, epochs=5),
    "augmentation": ds.Augmentation(rows=500),
    "initialization": "orthogonal",
    "dtype": "float64",
    "threads": 2,
    "seed": 2**64 - 1,
}


def gen(kind: str = "plain", **options: Any) -> ds.Gen:
    """A small Gen; options as `Gen` takes them."""
    small = {"data_size": COLUMNS, "latent_size": 4, "generator": [12], "discriminator": [10], "seed": 5}
    return ds.Gen(**{**small, **KINDS[kind], **options})


def data(kind: str = "plain", rows: int = 60, seed: int = 3) -> tuple[Array, Array | None]:
    """Rows around a centre for each label, and the labels where the kind has them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, CLASSES, rows)
    X = 2.0 * np.random.default_rng(1).normal(size=(CLASSES, COLUMNS))[y] + 0.3 * rng.normal(
        size=(rows, COLUMNS)
    )
    return X.astype(np.float32), y if "classes" in KINDS.get(kind, {"classes": 0}) else None
