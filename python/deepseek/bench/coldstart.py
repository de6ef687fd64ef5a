"""Whole processes: from their start to the end of the first epoch of net-mnist-b64 over 12 800 rows.

The scripts in ``cold/`` are run as files, so that a peer's process does not import this package.  The data lie in
``.npy`` files and are in the page cache for everyone.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .processes import PATIENCE, WorkerError, environment, pinned

SCRIPTS = Path(__file__).parent / "cold"
ROWS = 12_800
Sample = tuple[float, float]  # seconds, MiB


def one(contestant: str, threads: int, folder: str) -> Sample:
    """Run one process.

    Parameters
    ----------
    contestant : str
        Whose script to run.
    threads : int
        How many threads it may use.
    folder : str
        Where ``write_data`` has put the data.

    Returns
    -------
    tuple of float
        Seconds to the end of the epoch, and peak memory in MiB.
    """
    command = [sys.executable, str(SCRIPTS / f"net_{contestant}.py"), folder, str(threads)]
    env = environment(contestant, threads)
    with tempfile.TemporaryFile() as complaints, pinned(threads):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, env=env)
        assert process.stdout is not None
        with process.stdout as output:
            line = output.readline()
            seconds = time.perf_counter() - start
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if not line.startswith(b"done "):
            complaints.seek(0)
            last = complaints.read().decode(errors="replace").strip().splitlines()
            raise WorkerError(last[-1] if last else f"ended with code {process.returncode}")
    return seconds, int(line.split()[1]) / 1024


def write_data(folder: str, rows: int = ROWS) -> None:
    """Write the samples and labels that every script loads."""
    rng = np.random.default_rng(0)
    np.save(f"{folder}/X.npy", rng.standard_normal((rows, 784), dtype=np.float32))
    np.save(f"{folder}/y.npy", rng.integers(0, 10, rows))


def has_script(contestant: str) -> bool:
    """Return whether a contestant takes part."""
    return (SCRIPTS / f"net_{contestant}.py").exists()


def rounds(
    entries: Sequence[tuple[str, int]], count: int, failed: dict[tuple[str, int], str]
) -> dict[tuple[str, int], list[Sample]]:
    """Run every contestant's process in turn, ``count`` rounds after one to warm up.

    Parameters
    ----------
    entries : sequence of (str, int)
        Contestants and their numbers of threads.
    count : int
        Rounds that are kept.
    failed : dict
        Receives what went wrong, per entry.

    Returns
    -------
    dict
        The samples of each entry that ran.
    """
    samples: dict[tuple[str, int], list[Sample]] = {}
    entries = [entry for entry in entries if has_script(entry[0])]
    with tempfile.TemporaryDirectory(prefix="deepseek-bench-") as folder:
        write_data(folder)
        for turn in range(count + 1):
            shift = turn % max(1, len(entries))
            for entry in [*entries[shift:], *entries[:shift]]:
                if entry in failed:
                    continue
                try:
                    sample = one(*entry, folder)
                except WorkerError as error:
                    failed[entry] = str(error)
                    samples.pop(entry, None)
                    continue
                if turn:
                    samples.setdefault(entry, []).append(sample)
    return samples
