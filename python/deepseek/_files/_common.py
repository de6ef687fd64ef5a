"""What reader and writer share: the error, the limits, the element types."""

from __future__ import annotations

import numpy as np

FORMAT = "deepseek.model"
VERSION = 1
METADATA_KEY = "deepseek"
"""The one metadata entry of a model file."""

MAX_HEADER_BYTES = 1 << 24
"""Longest header read or written: it is parsed before the digest is known, so its cost has to be bounded."""

MAX_DIMENSIONS = 32
"""Most dimensions of a tensor; every NumPy can hold as many."""

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
    """A file that is no model of ours, or is damaged; the message names the file and says what is wrong."""
