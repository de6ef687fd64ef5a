"""A model of every kind, with its data: for what has to hold for them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import deepseek as ds
from programs import models, recs


class Kind(NamedTuple):
    """How a model is made, options for one with every kind of state there is, and some rows to learn."""

    make: Callable[..., Any]
    rich: dict[str, Any]
    data: Callable[..., tuple[Any, Any]]
    wrong: dict[str, Any]  # options that the constructor refuses
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
}


def answer(model: ds.Net | ds.Rec, X: Any) -> bytes:
    """Its predictions, whatever form they have."""
    found = model.predict(X)
    return found.tobytes() if isinstance(found, np.ndarray) else b"".join(a.tobytes() for a in found)
