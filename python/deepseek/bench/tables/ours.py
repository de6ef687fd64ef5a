"""``TabularNet`` with its default options; it gets the columns as the file has them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import deepseek

from .peer import Maker, TableModel
from .registry import Task


def setup(threads: int) -> str:
    """Return the version; environment variables set the number of threads."""
    return str(deepseek.__version__)


class _Ours:
    def __init__(self, seed: int, options: dict[str, Any]) -> None:
        self._net = deepseek.TabularNet(seed=seed, **options)

    def fit(self, frame: Any, target: str) -> None:
        self._net.fit(frame, target)

    def predict(self, frame: Any) -> NDArray[Any]:
        return np.asarray(self._net.predict(frame))

    def predict_proba(self, frame: Any) -> NDArray[Any]:
        return np.asarray(self._net.predict_proba(frame))

    @property
    def classes(self) -> NDArray[Any]:
        return np.asarray(self._net.classes)


def _tabular_net(task: Task, threads: int, seed: int, **options: Any) -> TableModel:
    return _Ours(seed, options)


MODELS: dict[str, Maker] = {"deepseek": _tabular_net}
