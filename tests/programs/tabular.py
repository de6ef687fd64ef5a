"""A small messy table, and a small TabularNet for it."""

from __future__ import annotations

from typing import Any

import numpy as np

import deepseek as ds

COLOURS = ("red", "green", "blue")


def table(rows: int = 120, seed: int = 3) -> dict[str, Any]:
    """Columns of every kind, a class that depends on size and colour, and a number that does too."""
    rng = np.random.default_rng(seed)
    size = rng.normal(50, 10, rows).round(1)
    colour = rng.choice(COLOURS, rows)
    score = (size - 50) / 10 + 2.0 * (colour == "red") - 0.7
    return {
        "id": np.arange(rows),
        "size": [None if i % 17 == 3 else value for i, value in enumerate(size.tolist())],
        "colour": colour.astype(object),
        "fresh": rng.choice(["yes", "no"], rows).astype(object),
        "day": np.datetime64("2026-01-01") + rng.integers(0, 300, rows),
        "same": ["x"] * rows,
        "kind": np.where(score + 0.3 * rng.normal(size=rows) > 0, "good", "bad").astype(object),
        "price": (10 * score + rng.normal(size=rows)).round(2),
    }


def without(columns: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: column for name, column in columns.items() if name not in names}


def model(**options: Any) -> ds.TabularNet:
    defaults: dict[str, Any] = {
        "members": 2,
        "hidden": (16,),
        "epochs": 30,
        "learning_rate": 0.01,
        "threads": 1,
    }
    return ds.TabularNet(**{**defaults, **options})
