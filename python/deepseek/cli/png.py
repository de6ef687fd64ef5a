"""Grey pictures as PNG files, with the standard library alone: an install without matplotlib keeps pictures too."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def sheet(images: NDArray[Any], scale: int, gap: int = 1) -> NDArray[Any]:
    """Return images (rows, columns, height, width) as one (height, width), pixels enlarged, 0 in the gaps between."""
    padded = np.pad(images, ((0, 0), (0, 0), (gap, 0), (gap, 0)))
    rows, columns, height, width = padded.shape
    whole = padded.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)
    return np.pad(whole, ((0, gap), (0, gap))).repeat(scale, axis=0).repeat(scale, axis=1)


def save(path: str | Path, ink: NDArray[Any]) -> None:
    """Write an image (height, width) of ink from 0, white, to 1, black (PNG specification, third edition, 2025)."""
    grey = np.round(255 * (1 - np.clip(ink, 0, 1))).astype(np.uint8)
    height, width = grey.shape
    lines = np.pad(grey, ((0, 0), (1, 0))).tobytes()  # before each line the number of its filter: none
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + body)
