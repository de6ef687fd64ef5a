"""Writer of model files: it validates and serialises everything first and then replaces the file atomically."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .atomic import replace_file
from .canonical_json import canonical
from .digest import Digest
from .format import CODES, FORMAT, MAX_DIMENSIONS, MAX_HEADER_BYTES, METADATA_KEY, VERSION, ModelFileError


def write_model(
    path: str | os.PathLike[str], config: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]
) -> None:
    """Write a model file atomically.

    The file at `path` is replaced in one step once the new one is complete on the disk. A crash, a full disk
    or Ctrl-C leaves either the old or the new file. Equal models give equal files.

    Parameters
    ----------
    path : str or path-like
        File to write. A symbolic link is followed; the permissions of an existing file are kept.
    config : mapping
        Configuration: dicts, lists, strings, numbers (also NaN and infinities), booleans and None.
    tensors : mapping of str to ndarray
        Arrays of booleans, integers or floats of up to 64 bits, in any memory layout.

    Raises
    ------
    TypeError, ValueError
        If `config` or `tensors` has a value that a file cannot hold; nothing is written.
    ModelFileError
        If `path` is a folder, a device or a pipe; nothing is written.
    OSError
        If writing fails; the old file is unchanged.
    """
    text = canonical(dict(config))
    arrays = {name: _portable(name, tensors[name]) for name in sorted(tensors)}
    digest = Digest(text, len(arrays))
    for name, array in arrays.items():
        digest.tensor(name, CODES[array.dtype], array.shape, array.nbytes)
        digest.update(array.reshape(-1).view(np.uint8).data)
    metadata = {"config": dict(config), "format": FORMAT, "sha256": digest.hexdigest(), "version": VERSION}
    replace_file(os.fspath(path), _serialised(arrays, canonical(metadata)))


def _portable(name: Any, value: Any) -> npt.NDArray[Any]:
    """Return the array in the order of the file: C order, little-endian."""
    if not isinstance(name, str):
        raise TypeError(f"name of a tensor: got {name!r}; expected a string")
    if name == "__metadata__" or not _is_text(name):
        raise ValueError(f"name of a tensor: got {name!r}; expected UTF-8 text other than '__metadata__'")
    if not isinstance(value, np.ndarray):
        raise TypeError(
            f"tensor {name!r}: got a value of type {type(value).__name__}; expected a NumPy array"
        )
    dtype = value.dtype.newbyteorder("<")
    if dtype not in CODES:
        raise TypeError(
            f"tensor {name!r}: got dtype {value.dtype}; expected booleans, integers or floats of up to 64 bits"
        )
    if value.ndim > MAX_DIMENSIONS:
        raise ValueError(f"tensor {name!r}: got {value.ndim} dimensions; expected at most {MAX_DIMENSIONS}")
    return np.asarray(value, dtype=dtype, order="C")


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _serialised(arrays: dict[str, npt.NDArray[Any]], metadata: str) -> bytes:
    import safetensors.numpy  # imported here to keep `import deepseek` fast

    data: bytes = safetensors.numpy.save(arrays, {METADATA_KEY: metadata})
    if int.from_bytes(data[:8], "little") > MAX_HEADER_BYTES:
        raise ModelFileError(
            f"configuration and tensor names: got more than {MAX_HEADER_BYTES} bytes; expected fewer (shorten metadata "
            "or history)"
        )
    return data
