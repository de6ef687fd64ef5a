"""Base of the models of the reference: a specification, parameters by name, and the state of the training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import optimizer, schedule
from .spec import Spec

Array = NDArray[np.float64]


@dataclass
class TrainingState:
    """State that the next fit continues from."""

    epoch: int = 0
    updates: int = 0
    moments: dict[str, optimizer.State] = field(default_factory=dict)
    plateau: schedule.Plateau = field(default_factory=schedule.Plateau)


class Model:
    """Trained parameters, and buffers with running statistics. All parts of a model write into the same two dicts."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.reset(spec["seed"])

    def reset(self, seed: int) -> None:
        """Draw new parameters and reset the training."""
        self.spec["seed"] = seed
        self.params: dict[str, Array] = {}
        self.buffers: dict[str, Array] = {}
        self.training = TrainingState()
        self.build()

    def build(self) -> None:
        """Draw the parameters of an empty model."""
        raise NotImplementedError

    def get_params(self) -> dict[str, Array]:
        return {k: v.copy() for k, v in {**self.params, **self.buffers}.items()}

    def set_params(self, values: dict[str, NDArray[Any]]) -> None:
        for own in (self.params, self.buffers):
            for name in own:
                own[name] = np.array(values[name], np.float64)
