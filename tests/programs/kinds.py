"""A model of every kind, with its data: for what has to hold for them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import deepseek as ds
from programs import gen_sequences, gens, models, recs

VALIDATED: dict[str, Any] = {"validation_fraction": 0.2, "early_stopping": True}


class Kind(NamedTuple):
    """How a model is made, options for one with every kind of state there is, and some rows to learn."""

    make: Callable[..., Any]
    rich: dict[str, Any]
    data: Callable[..., tuple[Any, Any]]
    wrong: dict[str, Any]  # options that the constructor refuses
    watched: dict[str, Any] = VALIDATED  # options of a fit that stops early
    streams: bool = False  # takes single steps


KINDS: dict[str, Kind] = {
    "Net": Kind(
        lambda **options: models.net((6, 64, 3), **options),
        {"normalization": "batch", "dropout": 0.2},
        models.data,
        {"activation": "none"},
    ),
    "Rec": Kind(
        lambda **options: recs.rec(**{"hidden": [20, 12], "cell": "lstm", "bidirectional": True, **options}),
        {"layer_norm": True, "dropout": 0.2, "recurrent_dropout": 0.1, "head": [9]},
        lambda rows=60, seed=3: recs.lists("last", rows, seed),
        {"hidden": [3, 0]},
    ),
    "pieces": Kind(
        lambda **options: recs.rec("next token", **{"hidden": [20], "bptt_steps": 3, **options}),
        {"layer_norm": True, "dropout": 0.2, "recurrent_dropout": 0.1, "input_dropout": 0.1},
        lambda rows=60, seed=3: recs.lists("next token", rows, seed),
        {"embedding_size": 0},
        streams=True,
    ),
    "Gen": Kind(
        lambda **options: gens.gen(**{"generator": [64], "discriminator": [64], **options}),
        {
            "normalization": "batch",
            "dropout": 0.2,
            "discriminator_dropout": 0.1,
            "spectral_norm": True,
            "generator_steps": 2,
            "instance_noise": 0.1,
        },
        lambda rows=60, seed=3: gens.data("plain", rows, seed),
        {"loss": "cross_entropy"},
        {"monitor": "ks", "early_stopping": True},
    ),
    "Gen of series": Kind(
        lambda **options: gen_sequences.gen(
            "series",
            **{
                "generator": [12],
                "discriminator": [9],
                "loss": "least_squares",
                "penalty": "r1r2",
                **options,
            },
        ),
        {
            "bidirectional": True,
            "layer_norm": True,
            "recurrent_dropout": 0.1,
            "discriminator_dropout": 0.1,
            "spectral_norm": True,
            "generator_steps": 2,
            "instance_noise": 0.1,
        },
        lambda rows=60, seed=3: gen_sequences.data("series", rows, seed),
        {"cell": "transformer"},
        {"monitor": "ks", "early_stopping": True},
    ),
}


def outputs(model: Any, X: Any) -> Any:
    """What it says of some rows."""
    return model.discriminate(X) if isinstance(model, ds.Gen) else model.predict(X)


def measured(model: Any, X: Any, y: Any) -> Any:
    """A figure or two of what it has learnt, which nothing but training changes."""
    return _bytes(model.sample(5, seed=1)) if isinstance(model, ds.Gen) else model.evaluate(X, y)


def answer(model: Any, X: Any) -> bytes:
    """What it says of some rows, as bytes."""
    return _bytes(outputs(model, X))


def _bytes(found: Any) -> bytes:
    return found.tobytes() if isinstance(found, np.ndarray) else b"".join(a.tobytes() for a in found)
