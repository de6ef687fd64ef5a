"""Promise C5: a save is all or nothing, wherever it stops.

Every call that touches the disk is made to fail, one after the other; a limit on file size plays the full
disk; and processes are killed outright in the middle of saving.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepseek._io.reader import read_model
from deepseek._io.writer import write_model
from programs.harness import figure, run

CALLS = ["open", "fstat", "fchmod", "write", "fsync", "close", "replace"]
OLD = {"a": np.zeros(300_000)}
NEW = {"a": np.ones(300_000)}  # three writes


class Stumble:
    """Counts the calls that touch the disk, and lets the n-th end with `error`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, n: int, error: BaseException) -> None:
        self.calls: list[str] = []
        self._n, self._error, self._patch = n, error, monkeypatch
        for name in CALLS:
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, really: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) == self._n:
                if name == "close":  # fails after the fact, as the system's does
                    really(*arguments, **keywords)
                raise self._error
            return really(*arguments, **keywords)

        return call


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EIO, "I/O error"), KeyboardInterrupt()],
)
def test_the_nth_call_fails(tmp_path: Path, exists: bool, error: BaseException) -> None:
    path = tmp_path / "m"
    descriptors = len(os.listdir("/proc/self/fd"))
    for n in range(1, 100):
        path.unlink(missing_ok=True)
        if exists:
            write_model(path, {"n": "old"}, OLD)
        with pytest.MonkeyPatch.context() as patch:
            stumble = Stumble(patch, n, error)
            try:
                write_model(path, {"n": "new"}, NEW)
            except type(error) as caught:
                failed = caught
            else:
                failed = None
        if failed is None:
            assert len(stumble.calls) == n - 1, "an error was swallowed"
            break
        renamed = "replace" in stumble.calls[: n - 1]
        assert os.listdir(tmp_path) == (["m"] if exists or renamed else [])
        if exists or renamed:
            config, tensors = read_model(path)
            assert config == {"n": "new" if renamed else "old"}
            assert (tensors["a"] == (1 if renamed else 0)).all()
    assert n > len(CALLS) and stumble.calls.count("write") == 3 and stumble.calls.count("fsync") == 2
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_the_order_of_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes reach the disk before the name does, and the name before the call returns."""
    stumble = Stumble(monkeypatch, 0, OSError())
    write_model(tmp_path / "m", {}, {})
    assert [call for call in stumble.calls if call in ("write", "fsync", "replace")] == [
        "write",
        "fsync",
        "replace",
        "fsync",
    ]


def test_writes_may_come_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: really(descriptor, data[:70_001]))
    write_model(tmp_path / "m", {}, NEW)
    assert (read_model(tmp_path / "m")[1]["a"] == 1).all()


def test_a_file_system_that_cannot_flush_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = os.fsync

    def fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").resolve() == tmp_path.resolve():
            raise OSError(errno.EINVAL, "Invalid argument")
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_model(tmp_path / "m", {}, {})
    assert read_model(tmp_path / "m") == ({}, {})


def test_an_error_before_the_disk_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "m"
    write_model(path, {"n": "old"}, OLD)
    before = path.stat()
    with pytest.raises(TypeError):
        write_model(path, {"n": "new"}, {"a": NEW["a"], "z": np.array([object()])})
    assert path.stat() == before


@pytest.mark.parametrize("limit", [0, 1, 100, 4096, 100_000, 2_399_999])
def test_a_full_disk(limit: int) -> None:
    """The system itself refuses, after `limit` bytes."""
    assert run("full_disk.py", limit) == "fine\n"


def test_killed_while_saving(tmp_path: Path) -> None:
    """Old file or new file after each kill; enough of the kills have to fall inside a save to count."""
    kills = figure("KILLS", 30)
    inside = int(run("kill_saves.py", tmp_path, kills, timeout=60 + kills))
    assert inside >= kills // 5
