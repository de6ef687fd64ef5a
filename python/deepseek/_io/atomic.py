"""Atomic, durable replacement of a file.

The bytes go to a temporary file in the same folder, which is flushed to the disk and renamed over the old
file; then the folder is flushed. If an error occurs before the rename, the old file stays and the temporary
file is removed. Only a killed process can leave one behind (``.deepseek-….tmp``), which nothing reads. After
an error of the last step the new file is in place, but may not survive a power failure.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from .format import ModelFileError

CHUNK = 1 << 20
"""Bytes per write; Ctrl-C is handled between two writes."""


def replace_file(path: str, data: bytes) -> None:
    """Replace the contents of `path` by `data`, or raise and leave the file unchanged."""
    target = os.path.realpath(path)  # the target of a link is replaced, not the link
    try:
        old = os.lstat(target)
    except FileNotFoundError:
        old = None
    _check_replaceable(path, target, old)
    folder = os.path.dirname(target)
    temporary = os.path.join(folder, f".deepseek-{os.urandom(8).hex()}.tmp")
    folder_descriptor = _open_folder(folder, path)
    try:
        try:
            _write_durably(temporary, data, old, path)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        _flush_folder(folder_descriptor)
    finally:
        os.close(folder_descriptor)


def _check_replaceable(path: str, target: str, old: os.stat_result | None) -> None:
    if old is None:
        return
    if stat.S_ISLNK(old.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    if not stat.S_ISREG(old.st_mode):
        kind = "a folder" if stat.S_ISDIR(old.st_mode) else "a device, pipe or socket"
        raise ModelFileError(
            f"cannot write the model file {path!r}: got {kind}; expected a regular file or a new path"
        )
    # A rename ignores the permissions of the old file, so opening it checks that it may be written.
    os.close(os.open(target, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))


def _open_folder(folder: str, path: str) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:  # the message names the user's path instead of the folder
        raise OSError(error.errno, error.strerror, path) from None


def _write_durably(temporary: str, data: bytes, old: os.stat_result | None, path: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    mode = 0o666 if old is None else stat.S_IMODE(old.st_mode) & 0o777
    try:
        descriptor = os.open(temporary, flags, mode)  # at no time with more permissions than in the end
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    try:
        if old is not None:
            new = os.fstat(descriptor)
            if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
                with contextlib.suppress(PermissionError):
                    os.fchown(descriptor, old.st_uid, old.st_gid)
            os.fchmod(descriptor, mode)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest[:CHUNK]) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that cannot flush a folder
            raise
