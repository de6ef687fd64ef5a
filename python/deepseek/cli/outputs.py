"""Checks of the files that a command will write: never one of those that it was given."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from .parser import InputError


def check_outputs(outputs: Mapping[str, str | None], inputs: Mapping[str, str | None]) -> None:
    """Raise InputError before any work if an output is an input, a folder, or in a folder that does not exist.

    Links, hard links and other spellings of a name count as the file that they lead to.

    Parameters
    ----------
    outputs : mapping of str to str or None
        Files to write by the options that name them, as a message shows them. None and "-" are no files.
    inputs : mapping of str to str or None
        Files to read by what they are, such as "the data". "-" is standard input.
    """
    paths = {option: path for option, path in outputs.items() if path not in (None, "-")}
    for option, path in paths.items():
        assert path is not None
        if os.path.isdir(path):
            raise InputError(f"{option}: got the folder {path}; expected the name of a file")
        folder = os.path.dirname(path) or "."
        if not os.path.isdir(folder):
            raise InputError(
                f"{option}: got {path}, but there is no folder {folder}; expected an existing folder"
            )
        for what, source in inputs.items():
            if source is not None and _same_file(path, source):
                raise InputError(f"{option}: got {path}, which is {what}; expected another file")
    seen: dict[str, str] = {}
    for option, path in paths.items():
        assert path is not None
        other = seen.setdefault(os.path.realpath(path).casefold(), option)
        if other != option:
            raise InputError(
                f"{option}: got {path}, which is also the file of {other}; expected another file"
            )


def _same_file(path: str, source: str) -> bool:
    """Whether both names lead to one file; standard input may be a file, too."""
    try:
        state = os.fstat(sys.stdin.fileno()) if source == "-" else os.stat(source)
        return os.path.samestat(os.stat(path), state)
    except (OSError, ValueError, AttributeError):  # no such file, or standard input is closed or no file
        return False
