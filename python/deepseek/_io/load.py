"""Loading of a model from its file. Every value is validated again; a file cannot run code."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import numpy as np

from .. import cuda
from .._config.checks import MOST_THREADS, integer
from .._config.model import ModelConfig
from .._training.base import STATE, Model, check_names
from ..history import read_history
from .format import ModelFileError

KINDS = {"Net": "..net", "Rec": "..rec", "Gen": "..gen", "TabularNet": "..tabular"}
"""Modules of the model classes, imported on first use."""

_ENTRIES = {"kind", "config", "history", "metadata", "fit_state", "state"}
"""Keys of the configuration of every file of a single model."""


def load(path: str | os.PathLike[str], *, device: str = "cpu", threads: int | None = None) -> Any:
    """Load a model that its `save` wrote.

    Parameters
    ----------
    path : str or path-like
        File to read.
    device : {"cpu", "cuda", "cuda:1", …, "auto"}, default="cpu"
        Device of the loaded model; the file does not store it.
    threads : int, optional
        Largest number of threads the model uses; default: `get_num_threads()`.

    Returns
    -------
    Net, Rec, Gen or TabularNet
        Model with the saved weights and history and, unless saved with ``state=False``, the optimizer state,
        so that training continues exactly where it stopped.

    Raises
    ------
    ModelFileError
        If the file is damaged or not a model file of this package; a subclass of ValueError.
    OSError
        If the file cannot be read.
    """
    from .reader import read_model

    cuda.validate(device)  # before anything is read
    threads = None if threads is None else integer("threads", threads, 1, MOST_THREADS)
    config, tensors = read_model(path)
    kind = config.get("kind")
    if isinstance(kind, str) and kind in KINDS:  # `build` refuses any other
        device = cuda.choose(device, kind)
    try:
        return build(config, tensors, device=device, threads=threads)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise ModelFileError(f"{os.fspath(path)}: {error}") from error


def build(config: dict[str, Any], tensors: dict[str, Any], *, device: str, threads: int | None) -> Any:
    """Return the model of a configuration and its tensors, which are validated."""
    if config.get("kind") not in KINDS:
        raise ValueError(
            f"kind: got a model of kind {config.get('kind')!r}; expected one of {', '.join(KINDS)}"
        )
    kind: Any = getattr(import_module(KINDS[config["kind"]], __package__), config["kind"])
    if not issubclass(kind, Model):
        return kind._from_file(config, tensors, device=device, threads=threads)
    if not set(config) >= _ENTRIES:
        got, expected = (", ".join(sorted(keys)) for keys in (config, _ENTRIES))
        raise ValueError(f"configuration: got the entries {got}; expected at least {expected}")
    settings = kind._read_config(config["config"], device=device, threads=threads)
    return _rebuilt(kind, settings, config, tensors)


def _rebuilt(
    kind: type[Model], settings: ModelConfig, config: dict[str, Any], tensors: dict[str, Any]
) -> Model:
    state = {name.removeprefix(STATE): array for name, array in tensors.items() if name.startswith(STATE)}
    params = {name: array for name, array in tensors.items() if not name.startswith(STATE)}
    _check_params(params, settings)  # before the engine allocates what the configuration claims
    if not isinstance(config["metadata"], dict):
        raise ValueError(
            f"metadata: got a value of type {type(config['metadata']).__name__}; expected a dictionary"
        )
    history, fit_state = read_history(config["history"]), kind._read_fit_state(config["fit_state"])
    model = kind.__new__(kind)
    model._start(settings)
    model.history, model.metadata, model._fit_state = history, config["metadata"], fit_state
    model._read_extra_config({key: value for key, value in config.items() if key not in _ENTRIES})
    model._core.set_params(model._checked_params(params))
    if config["state"] is not None:
        try:
            model._core.set_state({**state, **config["state"]})
        except (
            RuntimeError
        ) as error:  # from pybind11: a value of another type, or out of the range of the C++ type
            raise ValueError(f"state: {error}") from error
    return model


def _check_params(params: dict[str, Any], settings: ModelConfig) -> None:
    shapes = settings.shapes()
    check_names(params, shapes)
    for name, shape in shapes.items():
        if params[name].shape != shape or params[name].dtype != np.dtype(settings.dtype):
            raise ValueError(
                f"{name}: got {params[name].dtype} {params[name].shape}; expected {settings.dtype} {shape}"
            )
