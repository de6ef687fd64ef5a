"""A Gen of a small table of people, the same in every process."""

from __future__ import annotations

from typing import Any

import numpy as np

import deepseek as ds

JOBS = ["clerk", "cook", "smith"]


def people(rows: int = 200, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "age": rng.integers(18, 90, rows),
        "income": np.exp(rng.normal(size=rows)),
        "job": rng.choice(JOBS, rows),
        "sex": rng.choice(["f", "m"], rows),
    }


def gen(**options: Any) -> ds.Gen:
    small = {"latent_size": 4, "generator": [16], "discriminator": [16], "transformer": "auto"}
    return ds.Gen(**{**small, **options})
