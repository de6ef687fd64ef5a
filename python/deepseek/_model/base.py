"""What every model is, whatever it is made of: an engine, its configuration, a history, a file.

The engine (`deepseek._core`) holds weights and optimizer state; this class holds everything about it that is
not arithmetic. Training is `fit`, inputs are `_data.inputs`, what the layers mean is the children's.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .. import _checks
from .._data.inputs import as_array, as_finite
from .._settings import Settings
from ..history import History
from ..losses import Loss
from ..optimizers import Optimizer
from .gate import Gate
from .run import Run, read_run

Array = NDArray[Any]

STATE = "state."
"""Prefix of the tensors in a file that are no parameters."""


class Model:
    """Base of `Net`, `Rec` and `Gen`; not made by itself.

    Attributes
    ----------
    history : History
        Every epoch since the model was made or reset, over all fits.
    metadata : dict
        Yours: whatever dicts, lists, strings and numbers shall travel with the model's file.
    """

    kind: ClassVar[str]
    logged: ClassVar[tuple[str, ...]] = ("epoch", "loss", "val_loss", "rate", "seconds")
    """What the engine tells of an epoch and the history keeps."""
    shown: ClassVar[tuple[str, ...]] = ()
    """What the progress line shows of it besides losses and rate."""
    history: History
    metadata: dict[str, Any]
    _config: Settings
    _run: Run | None  # the last fit, finished or not

    def _begin(self, config: Settings) -> None:
        """A new model."""
        self.history = History()
        self.metadata = {}
        self._run = None
        self._start(config)

    def _start(self, config: Any) -> None:
        """Put an engine in place."""
        self._config = config
        self._core = self._make_core(config)
        self._gate = Gate()
        self._stop = False
        self._dtype = np.dtype(config.dtype)

    @staticmethod
    def _make_core(config: Any) -> Any:
        raise NotImplementedError

    @staticmethod
    def _read_config(config: Any, *, device: Any = "cpu", threads: Any = None) -> Settings:
        """The configuration that a file holds, checked."""
        raise NotImplementedError

    @staticmethod
    def _read_run(config: Any) -> Run | None:
        """The last fit that a file holds, checked."""
        return read_run(config)

    def _own_config(self, state: bool) -> dict[str, Any]:
        """What the file of this kind of model holds that others' do not; plain values."""
        return {}

    def _read_own_config(self, config: dict[str, Any]) -> None:
        """Put back what `_own_config` wrote, checked."""
        if config:
            raise ValueError(f"its configuration has the entries {', '.join(sorted(config))}")

    @property
    def loss(self) -> str | Loss:
        """What training makes small."""
        return self._config.loss

    @property
    def optimizer(self) -> Optimizer:
        """How it does."""
        return self._config.optimizer

    @property
    def dtype(self) -> str:
        """Of weights and arithmetic: "float32" or "float64"."""
        return self._config.dtype

    @property
    def device(self) -> str:
        """Where the model lives: "cpu"."""
        return self._config.device

    @property
    def seed(self) -> int:
        """Seed of everything random in this model."""
        return self._config.seed

    @property
    def threads(self) -> int | None:
        """Most threads it uses; None: as many as `set_num_threads` says."""
        return self._config.threads

    @property
    def num_parameters(self) -> int:
        """How many numbers training changes."""
        return int(self._core.num_params())

    def stop(self) -> None:
        """Ask a fit under way to end after its current block (at most a few hundredths of a second).

        For callbacks and other threads. The fit returns as usual and can be completed with ``fit(...,
        resume=True)``.
        """
        self._stop = True

    def reset(self, seed: int | None = None) -> Self:
        """Start over: new initial weights, no history, no optimizer state.

        Parameters
        ----------
        seed : int, optional
            A new seed; default: the same weights as when the model was made.

        Returns
        -------
        The model itself.
        """
        config = self._config if seed is None else self._config.with_seed(seed)
        with self._gate.fit(self._core), self._gate.room:
            self._core.reset(config.seed)
            self._config, self._run = config, None
            self.history = History()
        return self

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and running statistics, under PyTorch's names and in its layouts.

        Returns
        -------
        dict of str to ndarray
            Of a Net ``"0.weight"`` (outputs, inputs), ``"0.bias"`` (outputs,), …, counted over the layers of
            weights; of a Rec ``"rnn.weight_ih_l0"`` (gates·hidden, inputs), …, ``"head.0.weight"``, …; of a Gen
            ``"generator.0.weight"``, …, ``"discriminator.0.weight"``, …, and the moving average of the
            generator under ``"average.0.weight"``, ….
        """
        return dict(self._core.get_params())

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Replace all parameters; the optimizer's state stays.

        Parameters
        ----------
        state : mapping of str to array-like
            As `state_dict` returns it: the same names and shapes, finite numbers. Torch tensors will do.

        Returns
        -------
        The model itself.

        Raises
        ------
        ValueError
            For missing or unknown names, wrong shapes, NaN or infinity; the model is unchanged.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"state must be a mapping of names to arrays, got {type(state).__name__}")
        params = self._checked_params(state)
        with self._gate.room:
            self._core.set_params(params)
        return self

    def save(self, path: str | os.PathLike[str], *, state: bool = True) -> None:
        """Write the model to a file, all or nothing.

        Parameters
        ----------
        path : str or path-like
            The file: safetensors with the configuration and a digest; replaced only when the new one is
            complete.
        state : bool, default=True
            Include optimizer state, counters and stopping state, so that training can go on exactly where it
            stands. Without it the file has the weights alone (a third of the size with Adam).

        Raises
        ------
        OSError
            If writing fails; the old file is as it was.
        """
        from .._files import write_model

        state = _checks.flag("state", state)
        with self._gate.room:
            tensors: dict[str, Array] = dict(self._core.get_params())
            engine: dict[str, Any] = dict(self._core.get_state()) if state else {}
            config = {
                "kind": self.kind,
                "config": self._config.to_config(),
                "history": self.history.to_config(),
                "metadata": self.metadata,
                "run": self._run.to_config() if self._run and state else None,
                "state": {key: value for key, value in engine.items() if not isinstance(value, np.ndarray)}
                or None,
                **self._own_config(state),
            }
        tensors.update({STATE + key: value for key, value in engine.items() if isinstance(value, np.ndarray)})
        write_model(path, config, tensors)

    def _checked_params(self, params: Mapping[Any, Any]) -> dict[str, Array]:
        """Every parameter there, of its shape, finite; nothing else there."""
        shapes = self._config.shapes()
        check_names(params, shapes)
        checked: dict[str, Array] = {}
        for name, shape in shapes.items():
            array = as_array(params[name], name)
            if array.shape != shape:
                raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
            checked[name] = as_finite(array, self._dtype, name)
            if name.endswith(".running_var") and (checked[name] < 0).any():
                raise ValueError(f"{name} must not be negative")
        return checked

    def __getstate__(self) -> dict[str, Any]:
        with self._gate.room:
            kept = {key: value for key, value in vars(self).items() if key not in _NOT_KEPT}
            engine = {"params": self._core.get_params(), "state": self._core.get_state()}
            return {**copy.deepcopy(kept), "_engine": engine}

    def __setstate__(self, state: dict[str, Any]) -> None:
        rest = dict(state)
        engine = rest.pop("_engine")
        config = rest.pop("_config")
        vars(self).update(rest)
        self._start(config)
        self._core.set_params(engine["params"])
        self._core.set_state(engine["state"])

    def __copy__(self) -> Self:
        return copy.deepcopy(self)  # two models that share weights would be a trap


_NOT_KEPT = ("_core", "_gate", "_stop", "_dtype")


def check_names(given: Mapping[Any, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse missing and unknown names."""
    missing = [name for name in wanted if name not in given]
    unknown = [str(name) for name in given if name not in wanted]
    if missing or unknown:
        said = [
            f"{what} {', '.join(names[:5])}"
            for what, names in (("lacks", missing), ("has unknown", unknown))
            if names
        ]
        raise ValueError(f"the state {' and '.join(said)}; it must have {', '.join(list(wanted)[:5])}, …")
