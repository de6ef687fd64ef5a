"""deepseek: neural networks from NumPy arrays, at the speed of the machine, with the same bits everywhere.

>>> import deepseek as ds
>>> net = ds.Net([64, 128, 10], loss="cross_entropy")  # doctest: +SKIP
>>> history = net.fit(X, y, epochs=30)  # doctest: +SKIP
>>> probabilities = net.predict(X)  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import cuda
from ._core import __version__
from ._model.load import load
from ._threads import get_num_threads, set_num_threads
from .activations import ELU, Activation, LeakyReLU
from .augmentation import Augmentation
from .callbacks import Callback, Checkpoint, LambdaCallback, Progress
from .errors import CollapseError, DivergenceError
from .history import History
from .losses import CrossEntropy, Focal, Huber, Loss, Quantile
from .net import Net
from .optimizers import SGD, Adagrad, Adam, AdamW, Lion, Optimizer, RMSProp
from .progress import ProgressBar
from .schedules import Constant, Cosine, Exponential, OneCycle, Plateau, Schedule, Step
from .stopping import EarlyStopping

if TYPE_CHECKING:
    from . import datasets, metrics, plot, tables
    from ._files import ModelFileError
    from .gen import Gen
    from .rec import Rec
    from .torch import from_torch

__all__ = [
    "ELU",
    "SGD",
    "Activation",
    "Adagrad",
    "Adam",
    "AdamW",
    "Augmentation",
    "Callback",
    "Checkpoint",
    "CollapseError",
    "Constant",
    "Cosine",
    "CrossEntropy",
    "DivergenceError",
    "EarlyStopping",
    "Exponential",
    "Focal",
    "Gen",
    "History",
    "Huber",
    "LambdaCallback",
    "LeakyReLU",
    "Lion",
    "Loss",
    "ModelFileError",
    "Net",
    "OneCycle",
    "Optimizer",
    "Plateau",
    "Progress",
    "ProgressBar",
    "Quantile",
    "RMSProp",
    "Rec",
    "Schedule",
    "Step",
    "__version__",
    "cuda",
    "datasets",
    "from_torch",
    "get_num_threads",
    "load",
    "metrics",
    "plot",
    "set_num_threads",
    "tables",
]

_LAZY = {
    "Gen": (".gen", "Gen"),
    "ModelFileError": ("._files", "ModelFileError"),
    "Rec": (".rec", "Rec"),
    "datasets": (".datasets", None),
    "from_torch": (".torch", "from_torch"),
    "metrics": (".metrics", None),
    "plot": (".plot", None),
    "tables": (".tables", None),
}


def __getattr__(name: str) -> Any:
    """What is imported on first use, so that ``import deepseek`` costs little more than NumPy."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    found = import_module(module, __name__)
    return found if attribute is None else getattr(found, attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
