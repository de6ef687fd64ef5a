"""Reader of model files: it opens one path, runs no code, and validates every value before use.

The order matters: kind of file, sizes, header, and only then memory for the tensors, whose total size then
equals that of the file. The digest is checked last.
"""

from __future__ import annotations

import os
import stat
from typing import Any

import numpy as np
import numpy.typing as npt

from . import canonical_json as canonical_json
from .digest import CHUNK, Digest
from .format import FORMAT, VERSION, ModelFileError
from .header import LENGTH_BYTES, Entry, header_length, parse_header


def read_model(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Read the configuration and the tensors of a model file.

    Parameters
    ----------
    path : str or path-like
        File to read.

    Returns
    -------
    config : dict
        Configuration passed to `write_model`, with lists in place of tuples.
    tensors : dict of str to ndarray
        New writable arrays in native byte order, in order of name.

    Raises
    ------
    ModelFileError
        If the path is not a regular file, not a model file, or damaged.
    OSError
        If the file cannot be opened or read, such as FileNotFoundError and PermissionError.
    """
    name = os.fspath(path)
    try:
        descriptor = _open_regular(name)
        try:
            return _read(descriptor)
        finally:
            os.close(descriptor)
    except ModelFileError as error:
        raise ModelFileError(f"cannot read the model file {name!r}: {error}") from None


def _open_regular(path: str) -> int:
    # Checked before opening, because opening a device can act on it, and after, because the path may have changed.
    try:
        _require_regular(os.stat(path))
    except ValueError as error:  # a NUL in the path
        raise ModelFileError(str(error)) from None
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _require_regular(os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket"
        raise ModelFileError(f"it is {kind}; expected a regular file")


def _read(descriptor: int) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    size = os.fstat(descriptor).st_size
    length = header_length(bytes(_bytes(descriptor, 0, min(size, LENGTH_BYTES))), size)
    start = LENGTH_BYTES + length
    text, entries = parse_header(bytes(_bytes(descriptor, LENGTH_BYTES, length)), size - start)
    config, expected = _own_metadata(text)
    digest = Digest(canonical_json.canonical(config), len(entries))
    tensors = {entry.name: _tensor(descriptor, start, entry, digest) for entry in entries}
    if digest.hexdigest() != expected:
        raise ModelFileError("it is damaged: its SHA-256 differs from the stored one")
    return config, tensors


def _own_metadata(text: str) -> tuple[dict[str, Any], str]:
    try:
        fields = canonical_json.parse(text)
    except ValueError as error:
        raise ModelFileError(f"it is damaged: its configuration {error}"[:200]) from None
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise ModelFileError("it is no model file of deepseek: it names another format")
    version = fields.get("version")
    if type(version) is not int or version < 1:
        raise ModelFileError("it is damaged: it has no version")
    if version > VERSION:
        raise ModelFileError(
            f"it is of version {version}; this deepseek reads version {VERSION}: update deepseek"
        )
    if version < VERSION:
        raise ModelFileError(
            f"it is of version {version}, written by an older deepseek; this one reads version {VERSION}. Train the "
            "model again, or load it with the older deepseek and pass its state_dict() to load_state_dict() here"
        )
    config, expected = fields.get("config"), fields.get("sha256")
    if not isinstance(config, dict) or not isinstance(expected, str) or len(fields) != 4:
        raise ModelFileError("it is damaged: its metadata is incomplete")
    return config, expected


def _tensor(descriptor: int, start: int, entry: Entry, digest: Digest) -> npt.NDArray[Any]:
    digest.tensor(entry.name, entry.code, entry.shape, entry.nbytes)
    data = _bytes(descriptor, start + entry.begin, entry.nbytes, digest)
    if entry.code == "BOOL" and data.size and data.max() > 1:
        raise ModelFileError(f"the tensor {entry.name!r} has bytes other than 0 and 1; expected booleans")
    array = data.view(entry.dtype).reshape(entry.shape)
    return array.astype(entry.dtype.newbyteorder("="), copy=False)


def _bytes(descriptor: int, offset: int, count: int, digest: Digest | None = None) -> npt.NDArray[np.uint8]:
    """Read and hash `count` bytes from `offset`; the caller has checked that the file is long enough."""
    data = np.empty(count, np.uint8)
    view = data.data
    done = 0
    while done < count:
        got = os.preadv(descriptor, [view[done : done + CHUNK]], offset + done)
        if got == 0:
            raise ModelFileError("it became shorter while it was read")
        if digest is not None:
            digest.update(view[done : done + got])
        done += got
    return data
