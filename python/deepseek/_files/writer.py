"""Writing a model file: everything is checked and put into bytes first, then the disk is touched once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ._common import CODES, FORMAT, MAX_DIMENSIONS, MAX_HEADER_BYTES, METADATA_KEY, VERSION, ModelFileError
from .atomic import replace_file
from .config import canonical
from .digest import Digest


def write_model(
    path: str | os.PathLike[str], config: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]
) -> None:
    """Write a model file, all or nothing.

    The file at `path` is replaced in one step once the new one is complete on the disk: a crash, a full disk
    or Ctrl-C at any moment leaves the old file or the new one. Equal models give equal files.

    Parameters
    ----------
    path : str or path-like
        The file. A symbolic link is followed; an existing file's permissions are kept.
    config : mapping
        Dicts, lists, strings, numbers, booleans and None, NaN and infinities included.
    tensors : mapping of str to ndarray
        Arrays of booleans, integers or floats of up to 64 bits, in any memory layout.

    Raises
    ------
    TypeError, ValueError
        If `config` or `tensors` holds what a file cannot; nothing is written.
    ModelFileError
        If `path` is a folder, a device or a pipe; nothing is written.
    OSError
        If writing fails; the old file is as it was.
    """
    text = canonical(dict(config))
    arrays = {name: _portable(name, tensors[name]) for name in sorted(tensors)}
    digest = Digest(text, len(arrays))
    for name, array in arrays.items():
        digest.tensor(name, CODES[array.dtype], array.shape, array.nbytes)
        digest.update(array.reshape(-1).view(np.uint8).data)
    own = {"config": dict(config), "format": FORMAT, "sha256": digest.hexdigest(), "version": VERSION}
    replace_file(os.fspath(path), _serialised(arrays, canonical(own)))


def _portable(name: Any, value: Any) -> npt.NDArray[Any]:
    """The array as it will lie in the file: C order, little-endian."""
    if not isinstance(name, str):
        raise TypeError(f"the name of a tensor has to be a string, not {name!r}")
    if name == "__metadata__" or not _is_text(name):
        raise ValueError(f"a tensor cannot have the name {name!r}")
    if not isinstance(value, np.ndarray):
        raise TypeError(f"the tensor {name!r} has to be a NumPy array, not {type(value).__name__}")
    dtype = value.dtype.newbyteorder("<")
    if dtype not in CODES:
        raise TypeError(f"the tensor {name!r} is of type {value.dtype}, which a model file cannot hold")
    if value.ndim > MAX_DIMENSIONS:
        raise ValueError(f"the tensor {name!r} has {value.ndim} dimensions; a file can hold {MAX_DIMENSIONS}")
    return np.asarray(value, dtype=dtype, order="C")


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _serialised(arrays: dict[str, npt.NDArray[Any]], metadata: str) -> bytes:
    import safetensors.numpy  # only who saves pays for it

    data: bytes = safetensors.numpy.save(arrays, {METADATA_KEY: metadata})
    if int.from_bytes(data[:8], "little") > MAX_HEADER_BYTES:
        raise ModelFileError(f"the configuration and tensor names take more than {MAX_HEADER_BYTES} bytes")
    return data
