"""Ways in which a trained model travels, and files whose contents were changed."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import deepseek as ds
from deepseek._io.reader import read_model
from deepseek._io.writer import write_model
from programs.harness import edit


def _by_file(model: Any, folder: Path) -> Any:
    model.save(folder / "model.ds")
    return ds.load(folder / "model.ds", threads=model.threads)


WAYS: dict[str, Callable[[Any, Path], Any]] = {
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
    "copy": lambda model, _: copy.copy(model),
    "deepcopy": lambda model, _: copy.deepcopy(model),
    "file": _by_file,
}
"""Copies of a model, by the name of the way; the second argument is a folder for a file."""


def assert_refused(model: Any, folder: Path, where: str, value: Any, said: str) -> None:
    """Assert that `load` refuses the model's file with one value changed and a right digest, and names the file."""
    path = folder / "changed.ds"
    model.save(path)
    config, tensors = read_model(path)
    edit(config, tensors, where, value)
    write_model(path, config, tensors)
    with pytest.raises(ds.ModelFileError, match=said) as caught:
        ds.load(path)
    assert str(path) in str(caught.value)
