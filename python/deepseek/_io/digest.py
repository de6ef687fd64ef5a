"""The digest of a model: SHA-256 over its configuration and its tensors.

The hashed stream, with counts as little-endian 64-bit numbers and texts preceded by their length in bytes, is
the format and version ``deepseek.model/1``; the configuration's canonical text; the number of tensors; then
for each tensor, in order of name: name, element type (safetensors' word), number of dimensions, dimensions,
number of bytes, bytes (little-endian, C order). Different models have different streams. The digest detects
damage; it is not a signature, because the author of a file also writes its digest.
"""

from __future__ import annotations

import hashlib

from .format import FORMAT, VERSION

CHUNK = 1 << 20
"""Bytes per hash update; Ctrl-C is handled between two updates."""


class Digest:
    """Hash of one model; tensors are added in order of name."""

    def __init__(self, config_text: str, tensors: int) -> None:
        self._hash = hashlib.sha256()
        self._text(f"{FORMAT}/{VERSION}")
        self._text(config_text)
        self._count(tensors)

    def tensor(self, name: str, code: str, shape: tuple[int, ...], nbytes: int) -> None:
        """Begin a tensor; the caller then passes its `nbytes` bytes to `update`."""
        self._text(name)
        self._text(code)
        for number in (len(shape), *shape, nbytes):
            self._count(number)

    def update(self, data: memoryview) -> None:
        """Hash bytes of the current tensor."""
        for start in range(0, len(data), CHUNK):
            self._hash.update(data[start : start + CHUNK])

    def hexdigest(self) -> str:
        """Return the digest of everything hashed so far, 64 lower-case hexadecimal digits."""
        return self._hash.hexdigest()

    def _count(self, number: int) -> None:
        self._hash.update(number.to_bytes(8, "little"))

    def _text(self, text: str) -> None:
        data = text.encode("utf-8")
        self._count(len(data))
        self._hash.update(data)
