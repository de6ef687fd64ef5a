"""deepseek: fast neural networks for NumPy arrays, with bit-identical results on every CPU with fused multiply-add.

>>> import deepseek as ds
>>> net = ds.Net([64, 128, 10], loss="cross_entropy")  # doctest: +SKIP
>>> history = net.fit(X, y, epochs=30)  # doctest: +SKIP
>>> probabilities = net.predict(X)  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import cuda, losses, optimizers
from ._core import __version__
from ._io.format import ModelFileError
from ._io.load import load
from ._threads import get_num_threads, set_num_threads
from .activations import ELU, Activation, LeakyReLU
from .callbacks import Callback, Checkpoint, LambdaCallback, Progress
from .embeddings import PeriodicEmbedding
from .errors import CollapseError, DivergenceError
from .history import History
from .losses import *  # noqa: F403  every public name of the module
from .many import fit_many
from .net import Net
from .optimizers import *  # noqa: F403
from .progress import ProgressBar
from .schedules import Constant, Cosine, Exponential, OneCycle, Plateau, Schedule, Step
from .stopping import EarlyStopping

if TYPE_CHECKING:
    from . import datasets, metrics, plot, tables
    from .gen import Gen
    from .gen_options import Augmentation, InstanceNoise, Penalty, SequencePlayers, Texts
    from .rec import Rec
    from .tabular import TabularNet
    from .torch import from_torch

__all__ = [
    "ELU",
    "Activation",
    "Augmentation",
    "Callback",
    "Checkpoint",
    "CollapseError",
    "Constant",
    "Cosine",
    "DivergenceError",
    "EarlyStopping",
    "Exponential",
    "Gen",
    "History",
    "InstanceNoise",
    "LambdaCallback",
    "LeakyReLU",
    "ModelFileError",
    "Net",
    "OneCycle",
    "Penalty",
    "PeriodicEmbedding",
    "Plateau",
    "Progress",
    "ProgressBar",
    "Rec",
    "Schedule",
    "SequencePlayers",
    "Step",
    "TabularNet",
    "Texts",
    "__version__",
    "cuda",
    "datasets",
    "fit_many",
    "from_torch",
    "get_num_threads",
    "load",
    "metrics",
    "plot",
    "set_num_threads",
    "tables",
]
__all__ += losses.__all__
__all__ += optimizers.__all__

_LAZY = {
    "Augmentation": (".gen_options", "Augmentation"),
    "Gen": (".gen", "Gen"),
    "InstanceNoise": (".gen_options", "InstanceNoise"),
    "Penalty": (".gen_options", "Penalty"),
    "Rec": (".rec", "Rec"),
    "SequencePlayers": (".gen_options", "SequencePlayers"),
    "TabularNet": (".tabular", "TabularNet"),
    "Texts": (".gen_options", "Texts"),
    "datasets": (".datasets", None),
    "from_torch": (".torch", "from_torch"),
    "metrics": (".metrics", None),
    "plot": (".plot", None),
    "tables": (".tables", None),
}


def __getattr__(name: str) -> Any:
    """Import a name on first use, so that ``import deepseek`` takes little longer than ``import numpy``."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    imported = import_module(module, __name__)
    return imported if attribute is None else getattr(imported, attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
