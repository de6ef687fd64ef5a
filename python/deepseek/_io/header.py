"""Parser of the header of a safetensors file, for untrusted files.

The safetensors library accepts more than `docs/reference/promises.md` allows, such as duplicate keys. This
parser validates every number that determines an allocation, in exact integers and before any allocation. The
format is 8 bytes header length, little-endian; the header as JSON; the bytes of the tensors up to the end of
the file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from .format import DTYPES, MAX_DIMENSIONS, MAX_HEADER_BYTES, METADATA_KEY, ModelFileError

LENGTH_BYTES = 8


@dataclass(frozen=True)
class Entry:
    """A tensor as declared by the header; `begin` is its offset from the end of the header."""

    name: str
    code: str
    shape: tuple[int, ...]
    begin: int
    nbytes: int

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Element type."""
        return DTYPES[self.code]


def header_length(prefix: bytes, file_size: int) -> int:
    """Return the length of the header from the first bytes of the file, checked against file size and limit."""
    if file_size == 0:
        raise ModelFileError("the file is empty")
    if len(prefix) < LENGTH_BYTES:
        raise ModelFileError(f"the file is cut short: it has only {file_size} bytes")
    length = int.from_bytes(prefix, "little")
    if length > file_size - LENGTH_BYTES:
        raise ModelFileError(
            f"the file is no model file, or cut short: its header needs {length} bytes, the file has {file_size}"
        )
    if length > MAX_HEADER_BYTES:
        raise ModelFileError(f"the header has {length} bytes; expected at most {MAX_HEADER_BYTES}")
    return length


def parse_header(header: bytes, data_bytes: int) -> tuple[str, list[Entry]]:
    """Return the metadata entry of this package and the tensors in order of name.

    `data_bytes` is the number of bytes after the header.
    """
    if not header.startswith(b"{"):
        raise ModelFileError("the file is no model file: its header is not a JSON object")
    try:
        fields = json.loads(
            header.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_refuse
        )
    except ModelFileError:
        raise
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"the header is not valid JSON ({type(error).__name__})") from None
    metadata = fields.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not isinstance(metadata.get(METADATA_KEY), str):
        raise ModelFileError(
            f"the file is no model file of deepseek: its metadata has no entry {METADATA_KEY!r}"
        )
    if len(metadata) != 1:
        raise ModelFileError("the metadata has unknown entries")
    entries = [_entry(name, fields[name]) for name in sorted(fields)]
    _check_layout(entries, data_bytes)
    return metadata[METADATA_KEY], entries


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ModelFileError("the header has duplicate keys")
    return fields


def _refuse(text: str) -> Any:
    raise ModelFileError(f"the header has the number {text[:40]}; expected whole numbers")


def _entry(name: str, field: Any) -> Entry:
    if not isinstance(field, dict) or field.keys() != {"dtype", "shape", "data_offsets"}:
        raise ModelFileError(
            f"the tensor {name!r} has a malformed entry; expected dtype, shape and data_offsets"
        )
    code, shape, offsets = field["dtype"], field["shape"], field["data_offsets"]
    if not isinstance(code, str) or code not in DTYPES:
        raise ModelFileError(f"the tensor {name!r} has the unknown type {str(code)[:40]!r}")
    if not _sizes(shape) or len(shape) > MAX_DIMENSIONS:
        raise ModelFileError(f"the tensor {name!r} has an invalid shape")
    if not _sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ModelFileError(f"the tensor {name!r} has invalid offsets")
    extent = DTYPES[code].itemsize
    for size in shape:
        extent *= max(size, 1)
        if extent >= 1 << 63:
            raise ModelFileError(f"the tensor {name!r} has an invalid shape: more than 2**63 bytes")
    nbytes = 0 if 0 in shape else extent
    if offsets[1] - offsets[0] != nbytes:
        raise ModelFileError(
            f"the tensor {name!r} has {nbytes} bytes by its shape, but {offsets[1] - offsets[0]} by its offsets"
        )
    return Entry(name, code, tuple(shape), offsets[0], nbytes)


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 1 << 63 for item in value)


def _check_layout(entries: list[Entry], data_bytes: int) -> None:
    end = 0
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.nbytes)):
        if entry.begin != end:
            kind = "overlap" if entry.begin < end else "leave a gap"
            raise ModelFileError(f"the tensors {kind} before {entry.name!r}")
        end += entry.nbytes
    if end > data_bytes:
        raise ModelFileError(f"the file is cut short: {end - data_bytes} bytes of the tensors are missing")
    if end < data_bytes:
        raise ModelFileError(f"{data_bytes - end} bytes follow the last tensor")
