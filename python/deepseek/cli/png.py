"""Writer of grey PNG files that needs only the standard library, so that the demo works without matplotlib."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def sheet(images: NDArray[Any], scale: int, gap: int = 1) -> NDArray[Any]:
    """Return images (rows, columns, height, width) as one enlarged image (height, width) with gaps of 0."""
    padded = np.pad(images, ((0, 0), (0, 0), (gap, 0), (gap, 0)))
    rows, columns, height, width = padded.shape
    joined = padded.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)
    return np.pad(joined, ((0, gap), (0, gap))).repeat(scale, axis=0).repeat(scale, axis=1)


def save(path: str | Path, ink: NDArray[Any]) -> None:
    """Write an image (height, width) with values from 0 (white) to 1 (black) as PNG (third edition, 2025)."""
    grey = np.round(255 * (1 - np.clip(ink, 0, 1))).astype(np.uint8)
    height, width = grey.shape
    lines = np.pad(grey, ((0, 0), (1, 0))).tobytes()  # each line begins with its filter type, 0
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + body)
