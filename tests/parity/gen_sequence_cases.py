"""Players on sequences for the tests of the reference; all dimensions differ."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepseek.reference import SequenceGen
from parity.gen_cases import lifted, scatter

Spec = dict[str, Any]
Array = NDArray[Any]

STEPS, DATA, VOCABULARY, STOP = 6, 3, 5, 2
LENGTHS = (4, 6, 1, 3, 6, 2)  # not in the order in which the networks take them
CLASSES, EMBEDDING = 4, 2
PLACE = (2, 5)  # epoch and step
CELLS = ("rnn", "gru", "lstm")

# What both players' stacks may have, and what their Gen may.
STACKS: dict[str, Spec] = {
    "plain": {},
    "no-bias": {"bias": False},
    "layer-norm": {"layer_norm": True},
    "dropout": {"dropout": 0.3, "input_dropout": 0.2, "recurrent_dropout": 0.4},
    "everything": {"layer_norm": True, "dropout": 0.3, "input_dropout": 0.2, "recurrent_dropout": 0.4},
}
# Fewer steps and units, for a look at every element of a gradient.
SHORT: Spec = {
    "steps": 3,
    "generator": {"hidden": [4], "layers": [{"units": 5, "activation": "tanh"}, {"units": DATA}]},
    "discriminator": {"hidden": [5]},
}
SHORT_LENGTHS = (2, 3, 1, 3)
DISCRIMINATORS: dict[str, Spec] = {
    "mean": {"pooling": "mean"},
    "max": {"pooling": "max"},
    "both-ways": {"bidirectional": True},
    "dense": {"layers": [{"units": 5, "activation": "silu", "dropout": 0.3}, {"units": 1}]},
    "group": {"minibatch_std": 3},
    "spectral": {"spectral_norm": True},
    "everything": {
        "layers": [{"units": 5, "activation": "softplus", "normalization": "layer"}, {"units": 1}],
        "pooling": "mean",
        "bidirectional": True,
        "minibatch_std": 3,
        "spectral_norm": True,
        **STACKS["everything"],
    },
}


def spec_of(
    cell: str = "gru",
    text: bool = False,
    loss: str = "non_saturating",
    penalty: str = "none",
    depth: int = 1,
    conditional: bool = False,
    stack: Spec | None = None,
    generator: Spec | None = None,
    discriminator: Spec | None = None,
    hard: bool = False,
    **top: Any,
) -> Spec:
    gumbel = {"activation": "gumbel", "units": VOCABULARY, "temperature": 0.7, "hard": hard}
    shared = {"cell": cell, **({"token_embedding_size": 4} if text else {}), **(stack or {})}
    head = [{"units": 7, "activation": "tanh"}, {"units": VOCABULARY if text else DATA}]
    made = {
        "dtype": "float64",
        "seed": 11,
        "steps": STEPS,
        **({"vocabulary": VOCABULARY, "output_blocks": [gumbel]} if text else {"data_size": DATA}),
        "latent_size": 2,
        "step_latent_size": 3,
        **({"classes": CLASSES, "embedding_size": EMBEDDING} if conditional else {}),
        "generator": {**shared, "hidden": [5, 8][:depth], "layers": head, **(generator or {})},
        "discriminator": {
            **shared, "hidden": [6, 9][:depth], "layers": [{"units": 1}], **(discriminator or {})
        },
        "loss": loss,
        "penalty": {"kind": penalty, "weight": 0.7, "interval": 2},
        **top,
    }  # fmt: skip
    return lifted(made)


def scattered(spec: Spec, rng: np.random.Generator) -> SequenceGen:
    """A Gen with every parameter away from its special initial value."""
    return scatter(SequenceGen(spec), rng)


def sequences(gen: SequenceGen, rng: np.random.Generator, lengths: tuple[int, ...] = LENGTHS) -> list[Array]:
    """Texts have no eos_token within."""
    if gen.spec["vocabulary"]:
        others = np.delete(np.arange(VOCABULARY), STOP)
        return [others[rng.integers(0, len(others), n)] for n in lengths]
    return [rng.normal(size=(n, DATA)) for n in lengths]


def batch(
    gen: SequenceGen, rng: np.random.Generator, lengths: tuple[int, ...] = LENGTHS
) -> tuple[Array, Array, Array | None]:
    """(rows, lengths, one-hot labels)."""
    labels = rng.integers(0, CLASSES, len(lengths)) if gen.spec["classes"] else None
    return *gen.rows(sequences(gen, rng, lengths)), gen._labels(labels)
