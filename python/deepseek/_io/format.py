"""Model files: one safetensors file with a configuration, tensors and a digest over both.

A file consists of

* a safetensors container, so that other tools can read the weights;
* in its metadata one entry, ``"deepseek"``: canonical JSON with the keys ``config``, ``format``, ``sha256``
  and ``version`` (one entry, because the order of several is not fixed: equal models give equal files);
* ``sha256`` over the configuration and every tensor's name, type, shape and bytes (`_io.digest`).

This module defines the error, the limits and the element types that reader and writer share. The model
classes define the contents of the configuration. `docs/reference/promises.md` says what users may rely on.
"""

from __future__ import annotations

import numpy as np

FORMAT = "deepseek.model"
VERSION = 2
"""Version of the names in a configuration; a file of another version is refused."""
METADATA_KEY = "deepseek"
"""The one metadata entry of a model file."""

MAX_HEADER_BYTES = 1 << 24
"""Longest header read or written. It is parsed before the digest is checked, so its cost must be bounded."""

MAX_DIMENSIONS = 32
"""Largest number of dimensions of a tensor; every supported NumPy allows as many."""

DTYPES: dict[str, np.dtype[np.generic]] = {
    "BOOL": np.dtype(np.bool_),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "F16": np.dtype("<f2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "F32": np.dtype("<f4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
}
"""Element types by their safetensors name."""

CODES: dict[np.dtype[np.generic], str] = {dtype: code for code, dtype in DTYPES.items()}


class ModelFileError(ValueError):
    """A file that is not a model file of this package, or is damaged; the message names the file and the reason."""
