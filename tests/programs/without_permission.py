"""Model files in a read-only folder, over a read-only file, from a file that may not be read: refused."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import safetensors.numpy  # noqa: F401  before the rights are gone

from deepseek._io.reader import read_model
from deepseek._io.writer import write_model

NOBODY = 65534


def refused(action: object, *arguments: object) -> bool:
    """Whether the call ends with a PermissionError that names the path."""
    try:
        action(*arguments)  # type: ignore[operator]
    except PermissionError as error:
        return error.filename == arguments[0]
    return False


with tempfile.TemporaryDirectory() as temporary:
    folder = Path(temporary)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    path = str(folder / "m")
    write_model(path, {"n": 1}, {})
    os.chmod(path, 0o444)
    assert refused(write_model, path, {"n": 2}, {}), "a read-only file was replaced"
    os.chmod(path, 0o200)
    assert refused(read_model, path), "an unreadable file was read"
    os.chmod(path, 0o644)
    os.chmod(folder, 0o555)
    assert refused(write_model, path, {"n": 2}, {}), "a file was put into a read-only folder"
    assert refused(write_model, str(folder / "new"), {"n": 2}, {}), "a file was put into a read-only folder"
    assert read_model(path)[0] == {"n": 1}
    os.chmod(folder, 0o755)
    assert os.listdir(folder) == ["m"]
    os.unlink(path)
    if os.getuid() == 0:
        os.seteuid(0)
print("fine")
