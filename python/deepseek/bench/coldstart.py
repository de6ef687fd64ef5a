"""Time and memory of whole processes, from their start to the end of a training.

The workload "net" is the first epoch of net-mnist-b64 on 12 800 rows; "text" is the fit of fit-text. The scripts in
``cold/`` are run as files, so that the process of a peer does not import this package. The data are in ``.npy`` files,
which the page cache holds for all libraries.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .processes import TIMEOUT, WorkerError, environment, pinned
from .rows import rows_of
from .timing import sparse_data

SCRIPTS = Path(__file__).parent / "cold"
ROWS = 12_800
Sample = tuple[float, float]  # seconds, MiB


def one(library: str, threads: int, folder: str, workload: str = "net") -> Sample:
    """Run one process.

    Parameters
    ----------
    library : str
        Library whose script is run.
    threads : int
        Number of threads.
    folder : str
        Folder with the data of ``write_data``.
    workload : str, default="net"
        Workload of the script.

    Returns
    -------
    tuple of float
        Seconds to the end of the training, and peak memory in MiB.
    """
    command = [sys.executable, str(SCRIPTS / f"{workload}_{library}.py"), folder, str(threads)]
    env = environment(library, threads)
    with tempfile.TemporaryFile() as stderr_file, pinned(threads):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr_file, env=env)
        assert process.stdout is not None
        with process.stdout as output:
            line = output.readline()
            seconds = time.perf_counter() - start
        try:
            process.wait(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if not line.startswith(b"done "):
            stderr_file.seek(0)
            lines = stderr_file.read().decode(errors="replace").strip().splitlines()
            raise WorkerError(lines[-1] if lines else f"exit code {process.returncode}")
    return seconds, int(line.split()[1]) / 1024


def write_data(folder: str, workload: str = "net", rows: int = ROWS) -> None:
    """Write samples and labels, which every script loads; ``rows`` is the number of rows of the workload "net"."""
    if workload == "text":
        params = next(row.params for row in rows_of(["estimators"]) if row.kind == "fit_sparse")
        arrays, y = sparse_data(params)
        for name, array in zip(("data", "indices", "indptr"), arrays, strict=True):
            np.save(f"{folder}/{name}.npy", array)
    else:
        rng = np.random.default_rng(0)
        np.save(f"{folder}/X.npy", rng.standard_normal((rows, 784), dtype=np.float32))
        y = rng.integers(0, 10, rows)
    np.save(f"{folder}/y.npy", y)


def has_script(library: str, workload: str = "net") -> bool:
    """Return whether a library has a script for a workload."""
    return (SCRIPTS / f"{workload}_{library}.py").exists()


def rounds(
    entries: Sequence[tuple[str, int]],
    count: int,
    failed: dict[tuple[str, int], str],
    workload: str = "net",
) -> dict[tuple[str, int], list[Sample]]:
    """Run the processes of all libraries in turn, for ``count`` rounds after a warm-up round.

    Parameters
    ----------
    entries : sequence of (str, int)
        Libraries and their numbers of threads.
    count : int
        Number of measured rounds.
    failed : dict
        Error messages by entry; failed entries are added.
    workload : str, default="net"
        Workload of the processes.

    Returns
    -------
    dict
        Samples by entry, without failed ones.
    """
    samples: dict[tuple[str, int], list[Sample]] = {}
    entries = [entry for entry in entries if has_script(entry[0], workload)]
    with tempfile.TemporaryDirectory(prefix="deepseek-bench-") as folder:
        write_data(folder, workload)
        for number in range(count + 1):
            shift = number % max(1, len(entries))
            for entry in [*entries[shift:], *entries[:shift]]:
                if entry in failed:
                    continue
                try:
                    sample = one(*entry, folder, workload)
                except WorkerError as error:
                    failed[entry] = str(error)
                    samples.pop(entry, None)
                    continue
                if number:  # the first round warms up
                    samples.setdefault(entry, []).append(sample)
    return samples
