"""Gens of sequences and data for the tests, the same in every process."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

import deepseek as ds

Array = np.ndarray[Any, np.dtype[Any]]

STEPS, FEATURES, TOKENS, CLASSES = 6, 2, 5, 2

KINDS: dict[str, dict[str, Any]] = {
    "series": {"data_size": FEATURES},
    "labelled series": {"data_size": FEATURES, "classes": CLASSES, "cell": "lstm", "bidirectional": True},
    "texts": {"vocabulary": TOKENS},
    "stopped texts": {"vocabulary": TOKENS, "eos_token": 0, "classes": CLASSES, "latent_size": 2},
}

EVERYTHING: dict[str, dict[str, Any]] = {
    "series": {
        "data_size": FEATURES, "classes": CLASSES, "embedding_size": 3, "generator": [5, 4],
        "discriminator": [4, 3], "generator_head": [4], "discriminator_head": [3], "cell": "rnn",
        "cell_activation": "relu", "layer_norm": True, "recurrent_dropout": 0.1, "bidirectional": True,
        "discriminator_bidirectional": True, "pooling": "max", "latent_size": 0, "step_latent_size": 3,
        "output_activation": [{"activation": "tanh", "units": FEATURES}], "normalization": "layer",
        "dropout": [0.1, 0.2], "discriminator_dropout": 0.1, "discriminator_input_dropout": 0.1,
        "spectral_norm": True, "minibatch_std": 2, "instance_noise": ds.InstanceNoise(0.1, 3),
        "augmentation": True, "loss": "wasserstein", "discriminator_steps": 2, "dtype": "float64", "threads": 2,
    },
    "texts": {
        "vocabulary": TOKENS, "eos_token": 4, "classes": CLASSES, "generator": [5], "discriminator": [4],
        "discriminator_bidirectional": True, "generator_head": [3], "token_embedding_size": 3, "cell": "lstm",
        "pooling": "last", "step_latent_size": 1, "temperature": 0.7, "hard": False, "loss": "hinge",
        "penalty": ds.Penalty("r1", interval=2), "ema_decay": 0.0, "generator_steps": 2,
        "pretrain_optimizer": ds.SGD(0.1, momentum=0.9, schedule=ds.Cosine()),
    },
}  # fmt: skip
EVERY = {**KINDS, **{f"every {name}": options for name, options in EVERYTHING.items()}}


def grouped(options: dict[str, Any]) -> dict[str, Any]:
    """Options of a Gen with those of its sequences in their group: Texts if there is one of theirs, else series."""
    names = [{item.name for item in fields(kind)} for kind in (ds.SequencePlayers, ds.Texts)]
    group = {name: value for name, value in options.items() if name in names[1]}
    players = ds.SequencePlayers if group.keys() <= names[0] else ds.Texts
    rest = {name: value for name, value in options.items() if name not in group}
    return {"sequences": players(**group), **rest}


def gen(kind: str, **options: Any) -> ds.Gen:
    """A small Gen; options as `Gen` takes them, those of its sequences beside the others."""
    small = {"steps": STEPS, "cell": "gru", "generator": [5], "discriminator": [4], "seed": 5}
    return ds.Gen(**grouped({**small, **EVERY[kind], **options}))


def data(kind: str, count: int = 40, seed: int = 3) -> tuple[list[Array], Array | None]:
    """Sequences of 1 to 6 steps, and labels where the kind has them."""
    rng, options = np.random.default_rng(seed), EVERY[kind]
    lengths = rng.integers(1, STEPS + 1, count)
    y = rng.integers(0, CLASSES, count) if "classes" in options else None
    if "vocabulary" in options:
        found = [np.sort(rng.integers(1, 4, length)) for length in lengths]
        return found, y
    phases = rng.uniform(0.0, 2.0 * np.pi, (count, FEATURES))
    waves = [np.sin(np.arange(n)[:, None] + phase) for n, phase in zip(lengths, phases, strict=True)]
    return [wave.astype(np.float32) for wave in waves], y


def padded(sequences: list[Array]) -> tuple[Array, Array]:
    """The same as one array with lengths; what lies behind is nonsense."""
    lengths = np.array([len(s) for s in sequences])
    first = sequences[0]
    array = np.full((len(sequences), STEPS, *first.shape[1:]), 99, first.dtype)
    for row, sequence in zip(array, sequences, strict=True):
        row[: len(sequence)] = sequence
    return array, lengths


def same(a: list[Array], b: list[Array]) -> bool:
    """Whether two lists of sequences have the same bits."""
    return len(a) == len(b) and all(
        x.shape == y.shape and x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True)
    )
