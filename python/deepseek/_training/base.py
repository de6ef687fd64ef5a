"""Base class of the three models: an engine, its configuration, a history, a file.

The engine (`deepseek._core`) holds weights and optimizer state, and computes. This class manages everything
else; `fit` trains, and the subclasses define the layers.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .._config import checks
from .._config.model import ModelConfig, read_config
from .._data.inputs import as_array, as_finite
from ..history import History
from ..losses import Loss
from ..optimizers import Optimizer
from .fit_state import FitState, read_fit_state
from .locks import ModelLock

Array = NDArray[Any]

STATE = "state."
"""Prefix of the tensors of the optimizer state in a file."""


class Model:
    """Base class of `Net`, `Rec` and `Gen`; not instantiated itself.

    Attributes
    ----------
    history : History
        Epochs of all fits since the model was created or reset.
    metadata : dict
        User data that is saved with the model: dicts, lists, strings, numbers, booleans and None.
    """

    kind: ClassVar[str]
    logged: ClassVar[tuple[str, ...]] = ("epoch", "loss", "val_loss", "learning_rate", "seconds")
    """Columns of the history that the engine reports."""
    shown: ClassVar[tuple[str, ...]] = ()
    """Columns that the progress line shows besides losses and learning rate."""
    history: History
    metadata: dict[str, Any]
    _config_class: ClassVar[type[ModelConfig]]
    _config: ModelConfig
    _fit_state: FitState | None  # state of the last fit, finished or not

    def _begin(self, config: ModelConfig) -> None:
        """Initialise a new model."""
        self.history = History()
        self.metadata = {}
        self._fit_state = None
        self._start(config)

    def _start(self, config: Any) -> None:
        """Create the engine."""
        self._config = config
        self._core = self._make_core(config)
        self._lock = ModelLock()
        self._stop = False
        self._dtype = np.dtype(config.dtype)

    @staticmethod
    def _make_core(config: Any) -> Any:
        raise NotImplementedError

    @classmethod
    def _read_config(cls, config: Any, *, device: Any = "cpu", threads: Any = None) -> ModelConfig:
        """Validate the configuration of a file."""
        return read_config(cls._config_class, config, device=device, threads=threads)

    @staticmethod
    def _read_fit_state(config: Any) -> FitState | None:
        """Validate the state of the last fit of a file."""
        return read_fit_state(config)

    def _extra_config(self) -> dict[str, Any]:
        """Return further entries of the configuration in a file of this class; plain values."""
        return {}

    def _read_extra_config(self, config: dict[str, Any]) -> None:
        """Validate and restore the entries that `_extra_config` wrote."""
        if config:
            raise ValueError(
                f"configuration: got the unknown entries {', '.join(sorted(config))}; expected none"
            )

    @property
    def loss(self) -> str | Loss:
        """Loss that training minimises."""
        return self._config.loss

    @property
    def optimizer(self) -> Optimizer:
        """Optimizer of the training."""
        return self._config.optimizer

    @property
    def dtype(self) -> str:
        """Type of weights and arithmetic, "float32" or "float64"."""
        return self._config.dtype

    @property
    def device(self) -> str:
        """Device of the model, "cpu" or "cuda:0", "cuda:1", …."""
        return self._config.device

    @property
    def seed(self) -> int:
        """Seed of all random numbers of the model."""
        return self._config.seed

    @property
    def threads(self) -> int | None:
        """Largest number of threads of the model; None: `get_num_threads()`."""
        return self._config.threads

    @property
    def num_parameters(self) -> int:
        """Number of trained parameters."""
        return int(self._core.num_params())

    def stop(self) -> None:
        """Request the end of the current fit; it returns after about 0.03 seconds.

        Callbacks and other threads may call it. The fit returns as usual and can be completed with
        ``fit(..., resume=True)``.
        """
        self._stop = True

    def reset(self, seed: int | None = None) -> Self:
        """Restore the initial state: initial weights, no history, no optimizer state.

        Parameters
        ----------
        seed : int, optional
            New seed; default: the current seed, which gives the initial weights again.

        Returns
        -------
        Self
            The model itself.

        Raises
        ------
        TypeError, ValueError
            For an invalid seed.
        RuntimeError
            If a callback of a fit of this model calls it.
        """
        config = self._config if seed is None else self._config.with_seed(seed)
        with self._lock.fit(self._core), self._lock.state_lock:
            self._core.reset(config.seed)
            self._config, self._fit_state = config, None
            self.history = History()
        return self

    def to(self, device: str) -> Self:
        """Move the model to a device, with its optimizer's state, so that training goes on there with the same bits.

        Parameters
        ----------
        device : {"cpu", "cuda", "cuda:1", …, "auto"}
            Device, as the constructor takes it.

        Returns
        -------
        Self
            The model itself.

        Raises
        ------
        TypeError, ValueError
            If the model cannot use the device; the model is unchanged.
        MemoryError
            If the device lacks memory; the model is unchanged.
        RuntimeError
            If a callback of a fit of this model calls it.
        """
        config = self._config.on_device(device)
        with self._lock.fit(self._core), self._lock.state_lock:
            if config.device != self._config.device:
                core = self._make_core(config)
                core.set_params(self._core.get_params())
                core.set_state(self._core.get_state())
                self._core, self._config = core, config
            return self

    def state_dict(self) -> dict[str, Array]:
        """Return copies of all parameters and running statistics, with PyTorch's names and layouts.

        Returns
        -------
        dict of str to ndarray
            For a Net ``"0.weight"`` (outputs, inputs), ``"0.bias"`` (outputs,), …, numbered over the layers
            of weights. For a Rec ``"rnn.weight_ih_l0"`` (gates·hidden, inputs), …, ``"head.0.weight"``, ….
            For a Gen ``"generator.0.weight"``, …, ``"discriminator.0.weight"``, …, and the moving average of
            the generator ``"average.0.weight"``, ….
        """
        return dict(self._core.get_params())

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Replace all parameters and running statistics; the optimizer state is kept.

        Parameters
        ----------
        state : mapping of str to array-like
            Finite values with the names and shapes that `state_dict` returns; torch tensors are accepted.

        Returns
        -------
        Self
            The model itself.

        Raises
        ------
        TypeError, ValueError
            For missing or unknown names, other shapes, or values that are not finite real numbers; the model
            is unchanged.
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                f"state: got a value of type {type(state).__name__}; expected a mapping of names to arrays"
            )
        params = self._checked_params(state)
        with self._lock.state_lock:
            self._core.set_params(params)
        return self

    def save(self, path: str | os.PathLike[str], *, state: bool = True) -> None:
        """Save the model to a file, atomically.

        Parameters
        ----------
        path : str or path-like
            File to write, in the safetensors format with configuration and digest. An existing file is
            replaced when the new one is complete.
        state : bool, default=True
            Whether to include optimizer state, counters and early-stopping state, so that training continues
            exactly. Without it the file has a third of the size with Adam.

        Raises
        ------
        OSError
            If writing fails; the old file is unchanged.
        TypeError, ValueError
            If `metadata` has values that a file cannot hold.
        """
        from .._io.writer import write_model

        state = checks.flag("state", state)
        with self._lock.state_lock:
            tensors: dict[str, Array] = dict(self._core.get_params())
            engine: dict[str, Any] = dict(self._core.get_state()) if state else {}
            config = {
                "kind": self.kind,
                "config": self._config.to_config(),
                "history": self.history.to_config(),
                "metadata": self.metadata,
                "fit_state": self._fit_state.to_config() if self._fit_state and state else None,
                "state": {key: value for key, value in engine.items() if not isinstance(value, np.ndarray)}
                or None,
                **self._extra_config(),
            }
        tensors.update({STATE + key: value for key, value in engine.items() if isinstance(value, np.ndarray)})
        write_model(path, config, tensors)

    def _checked_params(self, params: Mapping[Any, Any]) -> dict[str, Array]:
        """Validate parameters: complete, of their shapes, finite, and no others."""
        shapes = self._config.shapes()
        check_names(params, shapes)
        checked: dict[str, Array] = {}
        for name, shape in shapes.items():
            array = as_array(params[name], name)
            if array.shape != shape:
                raise ValueError(f"{name}: got shape {array.shape}; expected {shape}")
            checked[name] = as_finite(array, self._dtype, name)
            if name.endswith(".running_var") and (checked[name] < 0).any():
                raise ValueError(f"{name}: got {checked[name].min():g}; expected variances of at least 0")
        return checked

    def __getstate__(self) -> dict[str, Any]:
        with self._lock.state_lock:
            attributes = {key: value for key, value in vars(self).items() if key not in _NOT_PICKLED}
            engine = {"params": self._core.get_params(), "state": self._core.get_state()}
            return {**copy.deepcopy(attributes), "_engine": engine}

    def __setstate__(self, state: dict[str, Any]) -> None:
        rest = dict(state)
        engine = rest.pop("_engine")
        config = rest.pop("_config")
        vars(self).update(rest)
        self._start(config)
        self._core.set_params(engine["params"])
        self._core.set_state(engine["state"])

    def __copy__(self) -> Self:
        return copy.deepcopy(self)  # a shallow copy would share weights that both models train


_NOT_PICKLED = ("_core", "_lock", "_stop", "_dtype")


def check_names(state: Mapping[Any, Any], expected: Mapping[str, Any]) -> None:
    """Raise ValueError for missing and unknown names of parameters."""
    missing = [name for name in expected if name not in state]
    unknown = [str(name) for name in state if name not in expected]
    if missing or unknown:
        got = [
            f"{kind} {', '.join(names[:5])}"
            for kind, names in (("no", missing), ("unknown", unknown))
            if names
        ]
        raise ValueError(f"state: got {' and '.join(got)}; expected {', '.join(list(expected)[:5])}, …")
