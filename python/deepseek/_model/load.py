"""Reading a model back from its file. Everything in it is checked again; no code in it is ever run."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import numpy as np

from .. import cuda
from .._checks import MOST_THREADS, integer
from .._settings import Settings
from ..history import read_history
from .base import STATE, Model, check_names

KINDS = {"Net": "..net", "Rec": "..rec", "Gen": "..gen"}
"""Modules of the classes that save themselves; none is imported before it is needed."""

_ENTRIES = {"kind", "config", "history", "metadata", "run", "state"}
"""Of every model's file."""


def load(path: str | os.PathLike[str], *, device: str = "cpu", threads: int | None = None) -> Any:
    """Read a model that its `save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where the model shall live; the file does not say.
    threads : int, optional
        Most threads it may use; default: as many as `set_num_threads` says.

    Returns
    -------
    Net, Rec or Gen
        As it was saved: weights, history and, unless saved with ``state=False``, all that training needs to
        go on.

    Raises
    ------
    ModelFileError
        If the file is damaged or no model of ours; the message says what is wrong. A ValueError.
    OSError
        If the file cannot be read.
    """
    from .._files import ModelFileError, read_model

    device = cuda.choose(device)
    threads = None if threads is None else integer("threads", threads, 1, MOST_THREADS)
    config, tensors = read_model(path)
    try:
        if config.get("kind") not in KINDS:
            raise ValueError(
                f"it holds a model of kind {config.get('kind')!r}, not one of {', '.join(KINDS)}"
            )
        if not set(config) >= _ENTRIES:
            raise ValueError(f"its configuration has the entries {', '.join(sorted(config))}")
        kind: type[Model] = getattr(import_module(KINDS[config["kind"]], __package__), config["kind"])
        settings = kind._read_config(config["config"], device=device, threads=threads)
        return _rebuilt(kind, settings, config, tensors)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelFileError(f"{os.fspath(path)}: {error}") from error


def _rebuilt(kind: type[Model], settings: Settings, config: dict[str, Any], tensors: dict[str, Any]) -> Model:
    state = {name.removeprefix(STATE): array for name, array in tensors.items() if name.startswith(STATE)}
    params = {name: array for name, array in tensors.items() if not name.startswith(STATE)}
    _check_params(params, settings)  # before the engine allocates what the configuration claims
    if not isinstance(config["metadata"], dict):
        raise ValueError("its metadata is no dictionary")
    history, run = read_history(config["history"]), kind._read_run(config["run"])
    model = kind.__new__(kind)
    model._start(settings)
    model.history, model.metadata, model._run = history, config["metadata"], run
    model._read_own_config({key: value for key, value in config.items() if key not in _ENTRIES})
    model._core.set_params(model._checked_params(params))
    if config["state"] is not None:
        try:
            model._core.set_state({**state, **config["state"]})
        except RuntimeError as error:  # a number that is none, or of no size that the engine has
            raise ValueError(f"state: {error}") from error
    return model


def _check_params(params: dict[str, Any], settings: Settings) -> None:
    shapes = settings.shapes()
    check_names(params, shapes)
    for name, shape in shapes.items():
        if params[name].shape != shape or params[name].dtype != np.dtype(settings.dtype):
            raise ValueError(
                f"{name} is {params[name].dtype} {params[name].shape}, expected {settings.dtype} {shape}"
            )
