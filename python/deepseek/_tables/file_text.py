"""Contents of a text file: decompressed and decoded, with what was guessed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
import zlib
from pathlib import Path
from typing import Any

from .cells import quoted

_COMPRESSIONS: dict[bytes, Any] = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ\x00": lzma}
_BINARY = {b"PAR1": "Parquet", b"PK\x03\x04": "zip or Excel", b"ARROW1": "Feather", b"\x89HDF": "HDF5"}


def read_bytes(source: Any, path: str) -> bytes:
    """Return the contents of a file, decompressed; raise ValueError for formats other than text."""
    if source == "-":
        data = sys.stdin.buffer.read()
    elif hasattr(source, "read"):
        data = source.read()
        data = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else bytes(data)
    else:
        data = Path(source).read_bytes()
    for head, library in _COMPRESSIONS.items():
        if data.startswith(head):
            try:
                return bytes(library.decompress(data))
            except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
                raise ValueError(f"{path}: got a damaged {library.__name__} file ({error})") from None
    for head, form in _BINARY.items():
        if data.startswith(head):
            raise ValueError(
                f"{path}: got a {form} file; expected CSV or JSON (read it with pandas and pass the frame)"
            )
    return data


def decode(data: bytes, path: str, encoding: str | None) -> tuple[str, bytes, list[str]]:
    """Return the text, the same in UTF-8, and notes."""
    if encoding is None and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    notes = []
    try:
        text = data.decode(encoding or "utf-8-sig")
    except UnicodeDecodeError as error:
        if encoding is not None:
            raise ValueError(
                f"{path}: got bytes that are not {encoding} ({error.reason} at byte {error.start}); expected text of "
                "that encoding"
            ) from None
        text = data.decode("cp1252", "replace")
        notes.append(f"{path} is not UTF-8 and was read as Windows-1252")
    except LookupError:
        raise ValueError(
            f"encoding: got {quoted(str(encoding))}; expected a name such as utf-8 or latin-1"
        ) from None
    if "\0" in text:
        raise ValueError(f"{path}: got a binary file; expected text in rows and columns")
    text = text.removeprefix("\ufeff")
    is_utf8 = encoding is None and not notes and not data.startswith(b"\xef\xbb\xbf")
    return text, data if is_utf8 else text.encode(), notes
