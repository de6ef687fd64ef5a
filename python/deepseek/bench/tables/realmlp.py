"""RealMLP-TD of pytabkit (Holzmüller et al. 2024), on the CPU."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

from .frames import Categories
from .peer import Maker, PeerModel, TableModel
from .registry import Task


def setup(threads: int) -> str:
    """Return the version; the first import takes seconds and is not part of any fit."""
    warnings.filterwarnings("ignore")
    import_module("pytabkit")
    return str(import_module("importlib.metadata").version("pytabkit"))


class _Filled(Categories):
    """Categories, and numbers with the median of the training rows for a missing one, which RealMLP refuses."""

    def fit_transform(self, frame: Any) -> Any:
        """Learn categories and medians."""
        self._medians = frame.median(numeric_only=True)
        return super().fit_transform(frame)

    def transform(self, frame: Any) -> Any:
        """Fill the numbers and set the categories."""
        return super().transform(frame.fillna(self._medians))


def _realmlp(task: Task, threads: int, seed: int) -> TableModel:
    library: Any = import_module("pytabkit")
    model = library.RealMLP_TD_Classifier if task == "classes" else library.RealMLP_TD_Regressor
    return PeerModel(model(device="cpu", random_state=seed, n_threads=threads), _Filled())


MODELS: dict[str, Maker] = {"RealMLP": _realmlp}
